import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { kinds } from '../../render/kinds/kinds.js';
import type { FontNeed, ProgramNote, ProgramRegistry } from '../../render/program-call.js';
import { bubblewrap, type GuardName, unshare } from '../../render/program-sandbox.js';
import { surveyPrograms } from '../../render/program-survey.js';
import { Programs } from '../../render/programs.js';
import { type Check, type Finding, ok, type Patient, warn } from './finding.js';

/** The guard of external programs, and the programs. */

export const programs: Check = { name: 'programs', run: checkPrograms };

const manner = { nice: 0 };
const better =
  'Install bubblewrap (Debian: apt-get install bubblewrap), and let this user make user namespaces.';

const registry: ProgramRegistry = Object.fromEntries(
  kinds.flatMap((kind) => Object.entries(kind.programs ?? {})),
);

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

async function programFindings(programs: Programs, listeners: number): Promise<readonly Finding[]> {
  const { programs: found, missingFonts } = await surveyPrograms(programs, registry);
  const findings = found.map(({ name, note, state, version }) => {
    if (state === 'missing') return missing(name, note);
    if (state === 'broken') return broken(name, note);
    return ok('programs', version + (registry[name]?.warm === undefined ? '' : keptWords(listeners)));
  });
  return missingFonts.length === 0 ? findings : [...findings, fontFinding(missingFonts)];
}

function fontFinding(fonts: readonly FontNeed[]): Finding {
  const names = fonts.map(({ name }) => name).join(', ');
  const packages = [...new Set(fonts.map((font) => font.packages))].join(' ');
  return warn(
    'programs',
    `no font stands for ${names}: previews of office documents show other letters, and break lines elsewhere`,
    `apt-get install ${packages}`,
  );
}

function keptWords(listeners: number): string {
  return listeners === 0 ? ', started for each document' : `, at most ${listeners} kept started`;
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
