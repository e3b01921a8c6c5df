import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { kinds } from '../../render/kinds/kinds.js';
import type { ProgramLimits, ProgramNote } from '../../render/program-call.js';
import { bubblewrap, type GuardName, unshare } from '../../render/program-sandbox.js';
import { Programs } from '../../render/programs.js';
import { type Check, type Finding, ok, type Patient, warn } from './finding.js';

/** The guard of external programs, and the programs. */

export const programs: Check = { name: 'programs', run: checkPrograms };

const manner = { nice: 0 };
const better =
  'Install bubblewrap (Debian: apt-get install bubblewrap), and let this user make user namespaces.';

const registry = Object.fromEntries(kinds.flatMap((kind) => Object.entries(kind.programs ?? {})));
const limits: ProgramLimits = { wallMs: 30_000, memoryMb: 512, outputBytes: 100_000_000, processes: 64 };

/** As the server does at its start, but beside its data directory. */
async function checkPrograms({ config }: Patient): Promise<readonly Finding[]> {
  const folder = await mkdtemp(join(tmpdir(), 'inkwire-doctor-'));
  const tried = new Programs({
    directory: join(folder, 'programs'),
    registry,
    sandboxes: [bubblewrap(manner), unshare(manner)],
    allowUnsandboxed: config.allowUnsandboxedPrograms,
    ...manner,
    maxRunning: availableParallelism(),
    maxWaiting: 0,
    maxListeners: 0,
    onFault: () => undefined,
  });
  try {
    const { guard, reasons } = await tried.open();
    return [guardFinding(guard, reasons), ...(await programFindings(tried, config.officeListeners))];
  } finally {
    await tried.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function guardFinding(guard: GuardName, reasons: readonly string[]): Finding {
  const because = reasons.length === 0 ? '' : ` (${reasons.join('; ')})`;
  switch (guard) {
    case 'bubblewrap':
    case 'unshare':
      return ok('programs', `external programs run in a sandbox: ${guard}${because}`);
    case 'none: refused':
      return warn('programs', `external programs are refused, there is no sandbox${because}`, better);
    case 'none: allowed':
      return warn('programs', `external programs run without a sandbox, as you allow${because}`, better);
  }
}

/** Asks each for its version, as it would be run for a job. */
async function programFindings(programs: Programs, listeners: number): Promise<readonly Finding[]> {
  const found: Finding[] = [];
  for (const [program, { about, warm }] of Object.entries(registry)) {
    if (about === undefined) continue;
    const call = { program, args: about.versionArgs, files: [], limits };
    const { outcome, discard } = await programs.run(call, new AbortController().signal);
    await discard();
    if (outcome.type === 'exited' && outcome.code === 0)
      found.push(
        ok('programs', versionOf(outcome.stdout) + (warm === undefined ? '' : keptWords(listeners))),
      );
    // Of a guard that is missing the finding before tells.
    else if (outcome.type !== 'refused' || outcome.code === 'not_started') found.push(broken(program, about));
    else if (outcome.code === 'not_installed') found.push(missing(program, about));
  }
  return found;
}

function keptWords(listeners: number): string {
  return listeners === 0 ? ', started for each document' : `, at most ${listeners} kept started`;
}

function versionOf(said: string): string {
  return (said.split('\n', 1)[0] ?? '').trim().slice(0, 100);
}

function missing(program: string, { serves, packages }: ProgramNote): Finding {
  return warn(
    'programs',
    `${program} is not installed: ${serves} are refused`,
    `apt-get install ${packages}`,
  );
}

function broken(program: string, { serves, packages }: ProgramNote): Finding {
  return warn(
    'programs',
    `${program} does not run in the sandbox: ${serves} fail`,
    `apt-get install --reinstall ${packages}`,
  );
}
