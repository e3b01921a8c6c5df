import { setPriority } from 'node:os';
import { Worker } from 'node:worker_threads';
import { Countdown } from '../countdown.js';
import { heapLimits } from './heap-limits.js';
import { StopFlag } from './stop-flag.js';
import type { FromThread, ThreadSettings, ToThread } from './wire.js';

export interface ThreadOptions {
  readonly entry: URL;
  readonly heapLimitMb: number;
  readonly nice: number;
  /** A thread that is not ready by then has failed. */
  readonly readyTimeoutMs: number;
}

/** Why a thread ended without a call of `end`. */
export interface Death {
  readonly code: 'out_of_memory' | 'crashed';
  readonly message: string;
}

/**
 * One worker thread: its start, its messages, its end. Knows no tasks.
 * `exited` settles once, when the thread is really gone, with the reason when it was not ended by `end`.
 */
export class RenderThread {
  readonly heapLimitMb: number;
  readonly exited: Promise<Death | undefined>;
  readonly #worker: Worker;
  readonly #nice: number;
  readonly #stopFlag: StopFlag;
  #ending = false;
  #osThread: number | undefined;
  #death: Death | undefined;

  constructor(options: ThreadOptions, onMessage: (message: FromThread) => void) {
    this.heapLimitMb = options.heapLimitMb;
    const stop = StopFlag.buffer();
    this.#stopFlag = new StopFlag(stop);
    this.#nice = options.nice;
    const settings: ThreadSettings = { nice: options.nice, stop };
    this.#worker = new Worker(options.entry, {
      workerData: settings,
      resourceLimits: heapLimits(options.heapLimitMb),
      // A thread gets nothing of the process that a document could read: no environment, no arguments.
      env: {},
      argv: [],
    });
    const late = new Countdown(options.readyTimeoutMs, () => {
      this.#death = { code: 'crashed', message: 'The render thread did not get ready in time' };
      void this.#worker.terminate();
    });
    this.#worker.on('message', (message: FromThread) => {
      if (message.type === 'ready') {
        late.clear();
        this.#osThread = message.osThread;
      }
      if (!this.#ending) onMessage(message);
    });
    this.#worker.on('error', (error: Error & { code?: string }) => {
      this.#death ??= deathOf(error, options.heapLimitMb);
    });
    this.exited = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        late.clear();
        if (this.#ending) resolve(undefined);
        else
          resolve(
            this.#death ?? { code: 'crashed', message: `The render thread ended by itself (code ${code})` },
          );
      });
    });
  }

  send(message: ToThread): void {
    this.#worker.postMessage(message);
  }

  /**
   * Asks the thread to stop a task and to go on to live: it answers with the end of the task.
   * @returns false where it does not look whether it is to stop
   */
  askToStop(task: number): boolean {
    const isAsked = this.#stopFlag.ask(task);
    if (isAsked) this.#setPriority(0);
    return isAsked;
  }

  /** The task that the thread was asked to stop has ended. */
  calmDown(): void {
    this.#setPriority(this.#nice);
  }

  /** What is left to do for a task that is stopped is the thread's own work: at its low priority it would take several times as long. */
  #setPriority(nice: number): void {
    if (this.#osThread === undefined) return;
    try {
      setPriority(this.#osThread, nice);
    } catch (error) {
      // Only a privileged process may raise a priority again, and the thread may just have gone.
      const code =
        error instanceof Error && 'info' in error ? Reflect.get(Object(error.info), 'code') : undefined;
      if (code !== 'EACCES' && code !== 'EPERM' && code !== 'ESRCH') throw error;
    }
  }

  /** Ends the thread, whatever it does. Resolves when it is gone; later messages of the thread are ignored. */
  async end(): Promise<void> {
    this.#ending = true;
    this.#setPriority(0);
    await this.#worker.terminate();
  }
}

function deathOf(error: Error & { code?: string }, heapLimitMb: number): Death {
  if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return {
      code: 'out_of_memory',
      message: `The document needs more memory than a render may use (${heapLimitMb} MB)`,
    };
  }
  return { code: 'crashed', message: `The render thread died: ${error.message}`.slice(0, 2000) };
}
