import { rmdir } from 'node:fs/promises';
import { FairLine } from '../shares/fair-line.js';
import { passingCodeOf } from '../system-errors.js';
import { Listeners } from './listeners.js';
import {
  defectOf,
  type ProgramCall,
  type ProgramLimits,
  type ProgramOutcome,
  type ProgramRefusal,
  type ProgramRegistry,
  type RegisteredProgram,
} from './program-call.js';
import { PrivateFolder, removeTree } from './program-folder.js';
import {
  type Cell,
  findProgram,
  type GuardName,
  type Manner,
  type Sandbox,
  unguarded,
} from './program-sandbox.js';
import { supervise } from './program-supervision.js';
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
  /** Of each program that can stay and take calls, so many are kept started. */
  readonly maxListeners: number;
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

/** Of a call that no task makes. */
const nobody = '';
/** Whoever waits has a thread, which owners take turns on. */
const everybody = '';
/** One that nobody calls for so long gives its memory back. */
const listenerIdleMs = 5 * 60_000;
const probeLimits: ProgramLimits = { wallMs: 10_000, memoryMb: 256, outputBytes: 1_000_000, processes: 64 };

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
  readonly #listeners: Listeners;
  #closed = false;

  constructor(options: ProgramsOptions) {
    this.#options = options;
    const { maxRunning, maxWaiting, maxListeners: most, onFault } = options;
    this.#listeners = new Listeners({ most, idleMs: listenerIdleMs, onFault });
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

  /** Programs that are kept started and wait for a call. */
  get kept(): number {
    return this.#listeners.waiting;
  }

  /**
   * Runs a program of the registry. Never rejects. When it answers no process of the program is left, whatever the outcome
   * is, but for one that is kept to take further calls of this owner; the files of the outcome stay until `discard`.
   */
  run(call: ProgramCall, signal: AbortSignal, owner = nobody): Promise<ProgramRun> {
    const { registry } = this.#options;
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
    return this.#live.run(signal, (stop) =>
      this.#inTurn(stop, () => this.#runNamed({ ...named, file }, call, owner, stop)),
    );
  }

  /** Ends every program, and resolves when all are gone. Safe twice, and before `open`. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#live.end();
    await this.#listeners.close();
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

  /** By one that is kept started where there is one; otherwise, and where that comes to nothing, by one for this call alone. */
  async #runNamed(
    { file, shows = [], starts = [], warm }: RegisteredProgram,
    call: ProgramCall,
    owner: string,
    signal: AbortSignal,
  ): Promise<ProgramRun> {
    const { directory, onFault } = this.#options;
    const sandbox = this.#sandbox;
    const alone = { ...call, args: [...starts, ...call.args], file, shows };
    if (warm === undefined || sandbox === undefined) return this.#runIn(sandbox, directory, alone, signal);
    const startedAt = performance.now();
    const ran = await this.#listeners.run(call.program, owner, call, signal);
    const leftMs = Math.max(1, Math.floor(call.limits.wallMs - (performance.now() - startedAt)));
    const limits = { ...call.limits, wallMs: leftMs };
    const done = ran ?? (await this.#runIn(sandbox, directory, { ...alone, limits }, signal));
    const command = [file, ...starts, ...warm.args];
    this.#listeners.replenish(call.program, { sandbox, directory, command, shows, warm, onFault });
    return done;
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
      const outcome = await supervise({
        command,
        folder,
        isContained: sandbox !== undefined,
        limits,
        signal,
        onFault: this.#tell,
      });
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

  readonly #tell = (fault: unknown): void => this.#options.onFault(fault);

  /** Not between two runs: one could be about to make its own folder in it. */
  async #leaveDirectory(): Promise<void> {
    await rmdir(this.#options.directory).catch(() => undefined);
  }
}

function refused(code: ProgramRefusal, message: string): Promise<ProgramRun> {
  return Promise.resolve(empty({ type: 'refused', code, message }));
}

function empty(outcome: ProgramOutcome): ProgramRun {
  return { outcome, discard: () => Promise.resolve() };
}
