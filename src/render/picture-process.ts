import { type ChildProcess, spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Countdown } from '../countdown.js';
import { killNow } from './kill-now.js';
import {
  type DecodedPicture,
  type DrawnImage,
  type MeasuredImage,
  maxPictureMb,
  type PictureLimit,
} from './picture-call.js';
import type { Decoding } from './picture-decoding.js';
import { findProgram } from './program-sandbox.js';
import { residentBytesOf } from './program-watch.js';

/** What is asked of the process, a line each. */
export interface Asked {
  readonly decode: Decoding;
}

/** What the process says, a line each. */
export type Said =
  | { readonly type: 'ready' }
  | { readonly type: 'decoded'; readonly picture: DecodedPicture }
  | { readonly type: 'measured'; readonly image: MeasuredImage }
  | { readonly type: 'drawn'; readonly image: DrawnImage }
  | { readonly type: 'broken'; readonly reason: string }
  /** Of the system: `ENOENT`, ... */
  | { readonly type: 'failed'; readonly code: string };

export type Told =
  | Exclude<Said, { type: 'ready' }>
  | { readonly type: 'limited'; readonly limit: PictureLimit };

export interface PictureProcessOptions {
  /** The compiled `picture-child.js`. */
  readonly entry: URL;
  readonly nice: number;
  readonly readyTimeoutMs: number;
  /** Of one file that it writes. */
  readonly maxFileBytes: number;
}

/** What the process takes by itself, MiB. */
export const processMb = 32;
const memoryLookMs = 20;
const mebibyte = 1024 * 1024;

/**
 * A process that decodes pictures, one at a time, in a group of its own. It ends by `kill`, when the server's end of its
 * input is closed, which the kernel does for a server that is killed, and by the limits of the kernel.
 */
export class PictureProcess {
  /** Settles when the process is gone, or could not be started. Never rejects. */
  readonly gone: Promise<void>;
  /** Whether it came so far. Never rejects. */
  readonly ready: Promise<boolean>;
  readonly #child: ChildProcess;
  #hear: (said: Said) => void = () => undefined;
  #startFailure: Error | undefined;

  constructor({ entry, nice, readyTimeoutMs, maxFileBytes }: PictureProcessOptions) {
    const [file = '', ...args] = [...limits(maxFileBytes), process.execPath, fileURLToPath(entry)];
    const child = spawn(file, args, {
      // As a render thread, it gets nothing of the server that a picture could read.
      env: { MALLOC_ARENA_MAX: '2' },
      detached: process.platform !== 'win32',
      windowsHide: true,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.#child = child;
    // Its end says the same.
    child.stdin?.on('error', () => undefined);
    this.gone = new Promise((resolve) => {
      child.once('error', (error) => {
        if (child.pid !== undefined) return;
        this.#startFailure = error;
        resolve();
      });
      child.once('exit', () => resolve());
    });
    this.ready = new Promise((resolve) => {
      const tooLate = new Countdown(readyTimeoutMs, () => this.kill());
      void this.gone.then(() => {
        tooLate.clear();
        resolve(false);
      });
      if (child.stdout === null) return;
      createInterface({ input: child.stdout }).on('line', (line) => {
        // Of our own program; the two halves are of one build.
        const said = JSON.parse(line) as Said;
        tooLate.clear();
        if (said.type === 'ready') resolve(true);
        else this.#hear(said);
      });
    });
    if (child.pid !== undefined && nice > 0) lower(child.pid, nice);
  }

  /** Why the system did not start it; undefined where it did. */
  get startFailure(): Error | undefined {
    return this.#startFailure;
  }

  /** Bytes of its own that it takes just now; 0 where the system does not tell. */
  get residentBytes(): number {
    const { pid } = this.#child;
    return pid === undefined ? 0 : residentBytesOf(pid);
  }

  /**
   * Decodes a picture. Not while another one is being decoded. Never rejects.
   * @returns undefined when the process went meanwhile; a limit has ended it, too
   */
  async decode(
    decode: Decoding,
    { memoryMb, wallMs }: { readonly memoryMb: number; readonly wallMs: number },
  ): Promise<Told | undefined> {
    const over = new AbortController();
    let limit: PictureLimit | undefined;
    const end = (why: PictureLimit): void => {
      limit ??= why;
      this.kill();
    };
    const clock = new Countdown(wallMs, () => end('wallMs'));
    const said = new Promise<Said | undefined>((resolve) => {
      this.#hear = resolve;
      void this.gone.then(() => resolve(undefined));
    });
    this.#child.stdin?.write(`${JSON.stringify({ decode } satisfies Asked)}\n`);
    // What one that is warm has kept of the pictures before is not this one's.
    const own = Math.max(processMb * mebibyte, this.residentBytes);
    const watch = this.#watch(own + memoryMb * mebibyte, end, over.signal);
    const told = await said;
    clock.clear();
    over.abort();
    await watch;
    // A limit that came with the answer was too late.
    if (limit !== undefined) return { type: 'limited', limit };
    return told === undefined || told.type === 'ready' ? undefined : told;
  }

  /** Ends it, whatever it does. `gone` settles soon after. */
  kill(): void {
    const { pid } = this.#child;
    if (pid !== undefined && process.platform !== 'win32') killNow([pid]);
    try {
      if (pid === undefined || process.platform === 'win32') this.#child.kill('SIGKILL');
      else process.kill(-pid, 'SIGKILL');
    } catch {
      // It has gone by itself.
    }
  }

  async #watch(most: number, end: (limit: PictureLimit) => void, over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      await pause(memoryLookMs, undefined, { signal: over, ref: false }).catch(() => undefined);
      if (!over.aborted && this.residentBytes > most) end('memoryMb');
    }
  }
}

/** What the watch would see too late, by the kernel; wide enough that the watch, which says why, comes first. */
function limits(maxFileBytes: number): readonly string[] {
  const prlimit = findProgram('prlimit');
  if (prlimit === undefined) return [];
  const addressBytes = (4 * (processMb + maxPictureMb) + 1024) * mebibyte;
  return [prlimit, `--as=${addressBytes}`, `--fsize=${maxFileBytes}`, '--core=0', '--'];
}

/** Of its first thread, from which all later ones have it: those that decode, among others. */
function lower(pid: number, nice: number): void {
  try {
    setPriority(pid, nice);
  } catch {
    // It has gone, or this system has no such priorities.
  }
}
