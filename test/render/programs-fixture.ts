import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import type { ProgramCall, ProgramLimits, ProgramOutcome } from '../../src/render/program-call.js';
import {
  bubblewrap,
  findProgram,
  type Manner,
  type Sandbox,
  unshare,
} from '../../src/render/program-sandbox.js';
import { Programs, type ProgramsOptions } from '../../src/render/programs.js';

/** The sandboxes of this machine, none among them, and a folder of a test's own for programs. */

const works = (program: string, ...args: readonly string[]): boolean =>
  spawnSync(program, [...args, 'true']).status === 0;

/** A package of Debian's. CI installs it, and fails where it does not work; elsewhere its tests are skipped. */
export const withoutBubblewrap =
  process.env.CI !== 'true' && !works('bwrap', '--unshare-all', '--ro-bind', '/', '/', '--proc', '/proc');
/** Of util-linux, and a kernel that lets this user make namespaces. */
export const withoutUnshare = process.env.CI !== 'true' && !works('unshare', '-Urmpnf', '--mount-proc');

export type Way = 'bubblewrap' | 'unshare' | 'none: allowed';

export const ways: readonly { readonly way: Way; readonly absent: boolean }[] = [
  { way: 'bubblewrap', absent: withoutBubblewrap },
  { way: 'unshare', absent: withoutUnshare },
  { way: 'none: allowed', absent: process.platform === 'win32' },
];

export function sandboxesFor(way: Way, manner: Manner = { nice: 5 }): readonly Sandbox[] {
  if (way === 'bubblewrap') return [bubblewrap(manner)];
  return way === 'unshare' ? [unshare(manner)] : [];
}

export const withoutPrlimit: Manner = {
  nice: 0,
  find: (file) => (file === 'prlimit' ? undefined : findProgram(file)),
};

export const roomy: ProgramLimits = {
  wallMs: 60_000,
  memoryMb: 512,
  outputBytes: 50_000_000,
  processes: 100,
};

export class ProgramBench {
  readonly root = mkdtempSync(join(tmpdir(), 'inkwire-programs-'));
  readonly directory = join(this.root, 'data', 'programs');
  readonly faults: string[] = [];
  readonly #opened: Programs[] = [];

  async open(way: Way, options: Partial<ProgramsOptions> = {}): Promise<Programs> {
    const programs = new Programs({
      directory: this.directory,
      registry: { sh: { file: 'sh' }, bash: { file: 'bash' } },
      sandboxes: sandboxesFor(way),
      allowUnsandboxed: way === 'none: allowed',
      nice: 5,
      maxRunning: 4,
      maxWaiting: 4,
      maxListeners: 0,
      onFault: (fault) => this.faults.push(String(fault)),
      ...options,
    });
    this.#opened.push(programs);
    await programs.open();
    return programs;
  }

  /** Resolves when a program has made this file in the folder in which it runs. */
  async made(name: string): Promise<void> {
    await vi.waitFor(
      () => {
        const runs = existsSync(this.directory) ? readdirSync(this.directory) : [];
        if (!runs.some((run) => existsSync(join(this.directory, run, 'out', name))))
          throw new Error('not yet');
      },
      { timeout: 60_000, interval: 5 },
    );
  }

  async close(): Promise<void> {
    for (const programs of this.#opened) await programs.close();
    // Of a test that failed: they would sleep for years.
    for (const pid of pidsWith(`sleep ${markPrefix}`)) process.kill(pid, 'SIGKILL');
    rmSync(this.root, { recursive: true, force: true });
  }
}

export function scriptCall(
  script: string,
  change: Partial<Omit<ProgramCall, 'limits'>> & { limits?: Partial<ProgramLimits> } = {},
): ProgramCall {
  const limits = { ...roomy, ...change.limits };
  return { program: 'sh', args: ['-c', script], files: [], ...change, limits };
}

/** Runs a script, and leaves no folder. */
export async function outcomeOf(
  programs: Programs,
  call: ProgramCall,
  signal = new AbortController().signal,
): Promise<ProgramOutcome> {
  const { outcome, discard } = await programs.run(call, signal);
  await discard();
  return outcome;
}

const markPrefix = `9${process.pid}`;
let marks = 0;

/** A number of seconds that no other process sleeps. */
export function newMark(): string {
  marks += 1;
  return `${markPrefix}${String(marks).padStart(3, '0')}`;
}

/** Command lines, as the machine sees them, in which the mark stands: of programs, and of what watches over them. */
export function aliveWith(mark: string): readonly string[] {
  return pidsWith(mark).map(commandLine);
}

export function pidsWith(mark: string): readonly number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  return pids.map(Number).filter((pid) => commandLine(pid).includes(mark));
}

/** Empty for a process that is gone, or waits to be. */
function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/**
 * What a program might leave: children of children that hear no polite signal. The files `one`, `two` and `ready` say that
 * they are there.
 * @param apart words that put them into a session of their own, where there are any
 */
export function stubbornScript(mark: string, apart = ''): string {
  const grandchild = (name: string): string =>
    `${apart} sh -c 'trap "" TERM HUP INT; : >${name}; sleep ${mark}; sleep ${mark}' &`;
  return `trap "" TERM HUP INT; (${grandchild('one')} ${grandchild('two')}) ; : >ready; sleep ${mark}; sleep ${mark}`;
}

export async function stubbornStarted(bench: ProgramBench): Promise<void> {
  for (const name of ['one', 'two', 'ready']) await bench.made(name);
}
