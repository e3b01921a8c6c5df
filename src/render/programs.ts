import { rmdir } from 'node:fs/promises';
import { constants } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { Countdown } from '../countdown.js';
import { FairLine } from '../shares/fair-line.js';
import { passingCodeOf } from '../system-errors.js';
import {
  defectOf,
  type ProgramCall,
  type ProgramLimit,
  type ProgramLimits,
  type ProgramOutcome,
  type ProgramRefusal,
  type ProgramRegistry,
} from './program-call.js';
import { PrivateFolder, removeTree } from './program-folder.js';
import { type ProcessEnd, ProgramProcess } from './program-process.js';
import {
  type Cell,
  environmentOf,
  findProgram,
  type GuardName,
  type Manner,
  ownProcesses,
  type Sandbox,
  unguarded,
} from './program-sandbox.js';
import { footprintOf } from './program-watch.js';
import { LiveRuns, type Run } from './runs.js';

/** The manner is for programs without a sandbox; a sandbox has its own. */
export interface ProgramsOptions extends Manner {
  /**
   * Absolute path of the folder for private folders. It belongs to this server alone: what lies in it at `open` was left
   * by one that was killed. It goes with `close`.
   */
  readonly directory: string;
  readonly registry: ProgramRegistry;
  /** In the order of preference. The first one that works on this machine is used. */
  readonly sandboxes: readonly Sandbox[];
  /** Runs programs where no sandbox works. */
  readonly allowUnsandboxed: boolean;
  /** Programs at one time; more wait for their turn. */
  readonly maxRunning: number;
  /** Past it a call is refused as `too_many_programs`. */
  readonly maxWaiting: number;
  /** The program could not be killed, or its folder not be removed. The next start removes it. */
  readonly onFault: (fault: unknown) => void;
}

/** What `open` has found. */
export interface GuardReport {
  readonly guard: GuardName;
  /** Why a better one is not used: `<sandbox>: <reason>`, one for each. */
  readonly reasons: readonly string[];
}

/** What it has left is its private folder, with the files of the outcome. */
export interface ProgramRun extends Run {
  readonly outcome: ProgramOutcome;
}

type RunProgram = Pick<ProgramCall, 'args' | 'files' | 'limits'> & {
  readonly file: string;
  readonly shows: readonly string[];
};

type Cause = ProgramLimit | 'cancelled';

/** Whoever waits has a thread, which owners take turns on. */
const everybody = '';
const memoryLookMs = 50;
const folderLookMs = 250;
const probeLimits: ProgramLimits = { wallMs: 10_000, memoryMb: 256, outputBytes: 1_000_000, processes: 64 };
const mebibyte = 1024 * 1024;

/**
 * Runs external programs for tasks: those of the registry, in a sandbox, each with a private folder, a cleared
 * environment, no network and limits. Belongs to the process of the pool: a thread that is ended leaves its children.
 */
export class Programs {
  readonly #options: ProgramsOptions;
  #report: GuardReport = { guard: 'none: refused', reasons: [] };
  #sandbox: Sandbox | undefined;
  readonly #line: FairLine;
  readonly #live = new LiveRuns<ProgramRun>();
  #closed = false;

  constructor(options: ProgramsOptions) {
    this.#options = options;
    const { maxRunning, maxWaiting } = options;
    this.#line = new FairLine({ places: () => maxRunning, maxWaiting });
  }

  /**
   * Removes the private folders of a server that was killed, then tries the sandboxes by really running something. Until
   * then every call is refused.
   */
  async open(): Promise<GuardReport> {
    await removeTree(this.#options.directory).catch(this.#tell);
    this.#report = await this.#findGuard();
    await this.#leaveDirectory();
    return this.#report;
  }

  async #findGuard(): Promise<GuardReport> {
    const { sandboxes, allowUnsandboxed } = this.#options;
    const reasons: string[] = [];
    for (const sandbox of sandboxes) {
      const reason = await this.#probe(sandbox);
      if (reason === undefined) {
        this.#sandbox = sandbox;
        return { guard: sandbox.name, reasons };
      }
      reasons.push(`${sandbox.name}: ${reason}`);
    }
    const reason = allowUnsandboxed ? await this.#probe(undefined) : undefined;
    if (reason !== undefined) reasons.push(`none: ${reason}`);
    const allowed = allowUnsandboxed && reason === undefined;
    return { guard: allowed ? 'none: allowed' : 'none: refused', reasons };
  }

  get report(): GuardReport {
    return this.#report;
  }

  /**
   * Runs a program of the registry. Never rejects. When it answers no process of the program is left, whatever the outcome
   * is; the files of the outcome stay until `discard`.
   */
  run(call: ProgramCall, signal: AbortSignal): Promise<ProgramRun> {
    const { registry, directory } = this.#options;
    const defect = defectOf(call);
    if (defect !== undefined) return refused('invalid_call', defect);
    const named = Object.hasOwn(registry, call.program) ? registry[call.program] : undefined;
    if (named === undefined) return refused('unknown_program', 'The server knows no program of this name');
    if (this.#report.guard === 'none: refused') {
      return refused('no_sandbox', 'This machine has no sandbox for external programs');
    }
    const file = findProgram(named.file);
    if (file === undefined) return refused('not_installed', `The program ${call.program} is not installed`);
    if (this.#closed || signal.aborted) return Promise.resolve(empty({ type: 'cancelled' }));
    const program = { ...call, file, shows: named.shows ?? [] };
    return this.#live.run(signal, (stop) =>
      this.#inTurn(stop, () => this.#runIn(this.#sandbox, directory, program, stop)),
    );
  }

  /** Ends every program, and resolves when all are gone. Safe twice, and before `open`. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#live.end();
    await this.#leaveDirectory();
  }

  /** Runs `true` as any program is run. @returns why that does not work */
  async #probe(sandbox: Sandbox | undefined): Promise<string | undefined> {
    const file = findProgram('true');
    if (file === undefined) return 'the system has no program "true"';
    const { directory } = this.#options;
    const probe = { file, args: [], files: [], limits: probeLimits, shows: [] };
    const ran = await this.#runIn(sandbox, directory, probe, new AbortController().signal);
    await ran.discard();
    const { outcome } = ran;
    if (outcome.type === 'exited' && outcome.code === 0) return undefined;
    if (outcome.type === 'refused') return outcome.message;
    const said = 'stderr' in outcome ? outcome.stderr.trim().split('\n').at(-1) : '';
    return said || `it does not work (${outcome.type})`;
  }

  async #inTurn(signal: AbortSignal, run: () => Promise<ProgramRun>): Promise<ProgramRun> {
    const entered = await this.#line.enter(everybody, signal);
    if (entered.type === 'full') return refused('too_many_programs', 'Too many programs wait for their turn');
    if (entered.type === 'left') return empty({ type: 'cancelled' });
    try {
      return await run();
    } finally {
      entered.leave();
    }
  }

  async #runIn(
    sandbox: Sandbox | undefined,
    directory: string,
    program: RunProgram,
    signal: AbortSignal,
  ): Promise<ProgramRun> {
    let folder: PrivateFolder | undefined;
    const discard = async (): Promise<void> => {
      await folder?.remove().catch(this.#tell);
    };
    try {
      folder = await PrivateFolder.make(directory);
      const inputs = await folder.take(program.files, sandbox === undefined);
      const { shows, limits } = program;
      const cell: Cell = { folder, inputs, shows, limits, command: [program.file, ...program.args] };
      const command = sandbox === undefined ? unguarded(cell, this.#options) : sandbox.command(cell);
      if (command === undefined) {
        await discard();
        return await refused('not_started', 'Its sandbox is not installed');
      }
      const outcome = await this.#supervise(command, folder, sandbox !== undefined, limits, signal);
      return { outcome, discard };
    } catch (error) {
      await discard();
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'it broke';
      const message = `The program could not be started (${code})`;
      const fault = passingCodeOf(error);
      return empty({
        type: 'refused',
        code: 'not_started',
        message,
        ...(fault === undefined ? {} : { fault }),
      });
    }
  }

  async #supervise(
    command: readonly string[],
    folder: PrivateFolder,
    isContained: boolean,
    limits: ProgramLimits,
    signal: AbortSignal,
  ): Promise<ProgramOutcome> {
    let cause: Cause | undefined;
    const end = (why: Cause): void => {
      cause ??= why;
      running.kill();
    };
    if (signal.aborted) return { type: 'cancelled' };
    const startedAt = performance.now();
    const running = new ProgramProcess({
      command,
      cwd: folder.out,
      env: environmentOf(folder, isContained),
      isContained,
      onFlood: () => end('outputBytes'),
    });
    const onAbort = (): void => end('cancelled');
    signal.addEventListener('abort', onAbort, { once: true });
    const clock = new Countdown(limits.wallMs, () => end('wallMs'));
    const over = new AbortController();
    const watches = [
      watchProcesses(running.pid, limits, end, over.signal),
      watchFolder(folder, limits, end, over.signal),
    ];
    const ended = await running.ended;
    clock.clear();
    signal.removeEventListener('abort', onAbort);
    over.abort();
    await Promise.all(watches);
    if (ended.fault !== undefined) this.#tell(ended.fault);
    if (cause === 'cancelled') return { type: 'cancelled' };
    return outcomeOf(ended, cause, folder, limits, performance.now() - startedAt);
  }

  readonly #tell = (fault: unknown): void => this.#options.onFault(fault);

  /** Not between two runs: one could be about to make its own folder in it. */
  async #leaveDirectory(): Promise<void> {
    await rmdir(this.#options.directory).catch(() => undefined);
  }
}

async function outcomeOf(
  { status, stdout, stderr, fault }: ProcessEnd,
  cause: ProgramLimit | undefined,
  folder: PrivateFolder,
  { outputBytes }: ProgramLimits,
  wallMs: number,
): Promise<ProgramOutcome> {
  if (fault !== undefined) return { type: 'refused', code: 'not_started', message: fault };
  const isTooMuch = (await sizeOf(folder)) > outputBytes;
  const files = isTooMuch ? [] : await folder.produced();
  const remains = { stdout, stderr, files, wallMs };
  const limit = cause ?? limitBehind(status) ?? (isTooMuch ? 'outputBytes' : undefined);
  if (limit !== undefined) return { type: 'limited', limit, ...remains };
  if (status === undefined) {
    // The sandbox could not be built, or something else has killed it.
    const message = stderr.trim().split('\n').at(-1)?.slice(0, 500) || 'The program was ended from outside';
    return { type: 'refused', code: 'not_started', message };
  }
  const signal = signalBehind(status);
  return signal === undefined
    ? { type: 'exited', code: status, ...remains }
    : { type: 'signalled', signal, ...remains };
}

/** A shell tells the end by a signal as 128 and its number. */
function signalBehind(status: number | undefined): string | undefined {
  if (status === undefined || status <= 128) return undefined;
  return Object.entries(constants.signals).find(([, number]) => number === status - 128)?.[0];
}

/** The kernel's own limits of time and of the size of a file end a program by a signal of their own. */
function limitBehind(status: number | undefined): ProgramLimit | undefined {
  const signal = signalBehind(status);
  if (signal === 'SIGXCPU') return 'wallMs';
  return signal === 'SIGXFSZ' ? 'outputBytes' : undefined;
}

/** What cannot be counted is too much: a program may take the right to read a folder of its own away. */
function sizeOf(folder: PrivateFolder): Promise<number> {
  return folder.sizeBytes().catch(() => Number.POSITIVE_INFINITY);
}

async function watchProcesses(
  pid: number | undefined,
  { memoryMb, processes }: ProgramLimits,
  end: (limit: ProgramLimit) => void,
  over: AbortSignal,
): Promise<void> {
  if (pid === undefined) return;
  const most = processes + ownProcesses;
  while (await pauseUnless(over, memoryLookMs)) {
    const { tasks, residentBytes } = footprintOf(pid, most);
    if (tasks > most) end('processes');
    else if (residentBytes > memoryMb * mebibyte) end('memoryMb');
  }
}

async function watchFolder(
  folder: PrivateFolder,
  { outputBytes }: ProgramLimits,
  end: (limit: ProgramLimit) => void,
  over: AbortSignal,
): Promise<void> {
  while (await pauseUnless(over, folderLookMs)) {
    if ((await sizeOf(folder)) > outputBytes) end('outputBytes');
  }
}

/** @returns false when it is over */
function pauseUnless(over: AbortSignal, ms: number): Promise<boolean> {
  return pause(ms, undefined, { signal: over }).then(
    () => !over.aborted,
    () => false,
  );
}

function refused(code: ProgramRefusal, message: string): Promise<ProgramRun> {
  return Promise.resolve(empty({ type: 'refused', code, message }));
}

function empty(outcome: ProgramOutcome): ProgramRun {
  return { outcome, discard: () => Promise.resolve() };
}
