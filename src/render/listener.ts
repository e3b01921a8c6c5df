import { open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Countdown } from '../countdown.js';
import { OfficePipe, officePipeName } from './office-pipe.js';
import type { ProducedFile, ProgramCall, ProgramOutcome, WarmProgram } from './program-call.js';
import { PrivateFolder } from './program-folder.js';
import { inside, type Sandbox } from './program-sandbox.js';
import { supervise } from './program-supervision.js';
import { footprintOf } from './program-watch.js';
import type { Run } from './runs.js';

export interface ListenerStart {
  readonly sandbox: Sandbox;
  /** For private folders. */
  readonly directory: string;
  /** Its absolute path, and its arguments. */
  readonly command: readonly string[];
  readonly shows: readonly string[];
  readonly warm: WarmProgram;
  readonly onFault: (fault: unknown) => void;
}

export type ListenerCall = Pick<ProgramCall, 'args' | 'files' | 'limits'>;

/** As of a program that was started for the call alone. */
export interface ListenerRun extends Run {
  readonly outcome: ProgramOutcome;
}

const lookMs = 50;
const maxTasks = 10_000;
const mebibyte = 1024 * 1024;

/**
 * A program in its sandbox that stays and takes calls, one at a time. Its inputs are read-only for it, and what it makes is moved
 * out of its reach before anybody opens it: it may have been taken over by what it has read.
 */
export class Listener {
  /** Settles when no process of it is left, and its folder is gone. Never rejects. */
  readonly ended: Promise<void>;
  readonly #folder: PrivateFolder;
  readonly #start: ListenerStart;
  readonly #stop = new AbortController();
  #pid: number | undefined;
  #pipe: OfficePipe | undefined;
  #hasEnded = false;
  #isReady = false;
  #isAtWork = false;
  #calls = 0;

  private constructor(start: ListenerStart, folder: PrivateFolder) {
    this.#start = start;
    this.#folder = folder;
    this.ended = this.#run().catch(start.onFault);
  }

  static async begin(start: ListenerStart): Promise<Listener> {
    return new Listener(start, await PrivateFolder.make(start.directory));
  }

  /** Resolves when it takes calls. False where it ends before. */
  async ready(): Promise<boolean> {
    while (!this.#hasEnded) {
      const pipe = await this.#connect().catch(() => undefined);
      if (pipe !== undefined && (await pipe.greeted)) {
        // Kept for the first call: a greeting that nobody answers would be taken for a call without arguments.
        this.#pipe = pipe;
        this.#isReady = true;
        return true;
      }
      await pause(lookMs, undefined, { ref: false });
    }
    return false;
  }

  /** It has read as much as it may: what it takes of memory only grows. */
  get isSpent(): boolean {
    if (this.#hasEnded || this.#pid === undefined) return true;
    const { calls, memoryMb } = this.#start.warm;
    return this.#calls >= calls || footprintOf(this.#pid, maxTasks).residentBytes > memoryMb * mebibyte;
  }

  /** Ends all of it. */
  kill(): void {
    this.#pipe?.close();
    this.#stop.abort();
  }

  /**
   * Runs a call. Undefined where that came to nothing: it has ended, or has made no file. It is then of no more use.
   * A call that is cancelled or takes too long ends the program.
   */
  async run(call: ListenerCall, signal: AbortSignal): Promise<ListenerRun | undefined> {
    this.#calls += 1;
    this.#isAtWork = true;
    const startedAt = performance.now();
    let cause: 'cancelled' | 'wallMs' | undefined;
    const end = (why: typeof cause): void => {
      cause ??= why;
      this.kill();
    };
    const clock = new Countdown(call.limits.wallMs, () => end('wallMs'));
    const onAbort = (): void => end('cancelled');
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      const isDone = await Promise.race([this.#ask(call), this.ended.then(() => false)]);
      const wallMs = performance.now() - startedAt;
      if (cause === undefined && isDone) return await this.#takeOut(wallMs);
      this.kill();
      await this.ended;
      if (cause === 'cancelled') return without({ type: 'cancelled' });
      const remains = { stdout: '', stderr: '', files: [], wallMs };
      return cause === undefined ? undefined : without({ type: 'limited', limit: cause, ...remains });
    } finally {
      this.#isAtWork = false;
      clock.clear();
      signal.removeEventListener('abort', onAbort);
    }
  }

  async #ask({ files, args }: ListenerCall): Promise<boolean> {
    const inputs = await this.#folder.take(files, true);
    const pipe = this.#pipe ?? (await this.#connect());
    this.#pipe = undefined;
    if (pipe === undefined || !(await pipe.greeted)) return false;
    const isDone = await pipe.ask(`file://${inside.out}`, args);
    for (const { path } of inputs) await rm(path, { force: true });
    return isDone;
  }

  /** By way of the open folder: the path of a socket has at most 107 bytes. */
  async #connect(): Promise<OfficePipe | undefined> {
    const { tmp } = this.#folder;
    const name = (await readdir(tmp)).find((one) => officePipeName.test(one));
    if (name === undefined) return undefined;
    const folder = await open(tmp, 'r');
    try {
      const pipe = new OfficePipe(`/proc/self/fd/${folder.fd}/${name}`);
      await pipe.greeted;
      return pipe;
    } finally {
      await folder.close();
    }
  }

  /** A link that it has made is moved as a link, and is no file; what is moved it cannot reach any more. */
  async #takeOut(wallMs: number): Promise<ListenerRun | undefined> {
    const { directory, onFault } = this.#start;
    const kept = await PrivateFolder.make(directory);
    const discard = (): Promise<void> => kept.remove().catch(onFault);
    try {
      for (const name of await readdir(this.#folder.out))
        await rename(join(this.#folder.out, name), join(kept.out, name));
      const files: readonly ProducedFile[] = await kept.produced();
      if (files.length > 0)
        return { outcome: { type: 'exited', code: 0, stdout: '', stderr: '', files, wallMs }, discard };
    } catch (error) {
      onFault(error);
    }
    await discard();
    return undefined;
  }

  async #run(): Promise<void> {
    const { sandbox, shows, warm, command: program, onFault } = this.#start;
    const folder = this.#folder;
    const { limits } = warm;
    // All of the folder, so that what comes later is seen.
    const inputs = [{ name: '', path: join(folder.path, 'in') }];
    const command = sandbox.command({ folder, inputs, shows, limits, command: program });
    try {
      if (command === undefined) return;
      await supervise({
        command,
        folder,
        isContained: true,
        limits,
        signal: this.#stop.signal,
        onFault,
        onStart: (pid) => {
          this.#pid = pid;
        },
        isAtRest: () => this.#isReady && !this.#isAtWork,
      });
    } finally {
      this.#hasEnded = true;
      await folder.remove();
    }
  }
}

function without(outcome: ProgramOutcome): ListenerRun {
  return { outcome, discard: () => Promise.resolve() };
}
