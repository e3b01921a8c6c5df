import { Worker } from 'node:worker_threads';
import { problem } from '../protocol/problem.js';
import type { Kind } from '../render/kind.js';
import { createAddressCheck } from './address-check.js';
import { type IntakeAnswer, type IntakeRequest, readIntake } from './intake.js';
import type { IntakeTask } from './intake-thread.js';

export interface IntakeDeskOptions {
  readonly kinds: readonly Kind[];
  readonly allowPrivate: boolean;
  readonly threadEntry: URL;
}

/** Read at once up to here: about a millisecond. Larger bodies would hold up everybody else. */
const inlineMaxBytes = 64 * 1024;
/** Bodies in the hands of the thread; past it, new ones are told to come back. */
const maxWaitingBytes = 256 * 1024 * 1024;
/** Far above what the largest allowed body takes. */
const deadlineMs = 30_000;

interface Waiting {
  readonly bytes: number;
  readonly settle: (answer: IntakeAnswer) => void;
  readonly timer: NodeJS.Timeout;
}

/** Reads bodies: small ones here, large ones in a thread of their own, which is started when first needed. */
export class IntakeDesk {
  readonly #options: IntakeDeskOptions;
  readonly #checkAddress: (url: string) => string | undefined;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #waitingBytes = 0;
  #nextId = 1;

  constructor(options: IntakeDeskOptions) {
    this.#options = options;
    this.#checkAddress = createAddressCheck(options.allowPrivate);
  }

  read(request: IntakeRequest): Promise<IntakeAnswer> {
    if (request.body.length <= inlineMaxBytes) {
      return Promise.resolve(readIntake(request, this.#options.kinds, this.#checkAddress));
    }
    if (this.#waitingBytes + request.body.length > maxWaitingBytes) {
      const detail = 'Too many large bodies are being read; send this one again';
      return Promise.resolve({ ok: false, problem: problem('queue-full', detail, { retryAfter: 2 }) });
    }
    return this.#readInThread(request);
  }

  /** Safe twice; what is being read is refused. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #readInThread(request: IntakeRequest): Promise<IntakeAnswer> {
    const id = this.#nextId++;
    const bytes = request.body.length;
    this.#worker ??= this.#start();
    const task: IntakeTask = { id, request, allowPrivate: this.#options.allowPrivate };
    this.#worker.postMessage(task);
    this.#waitingBytes += bytes;
    return new Promise((resolve) => {
      const settle = (answer: IntakeAnswer): void => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        this.#waitingBytes -= bytes;
        resolve(answer);
      };
      const timer = setTimeout(() => void this.#worker?.terminate(), deadlineMs);
      this.#waiting.set(id, { bytes, settle, timer });
    });
  }

  #start(): Worker {
    const worker = new Worker(this.#options.threadEntry, {
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: 1024 },
    });
    worker.unref();
    worker.on('message', ({ id, answer }: { id: number; answer: IntakeAnswer }) => {
      this.#waiting.get(id)?.settle(answer);
    });
    worker.on('error', () => undefined);
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = undefined;
      const detail = 'The body could not be read within the limits of memory and time; send a smaller one';
      const refusal: IntakeAnswer = { ok: false, problem: problem('payload-too-large', detail) };
      for (const waiting of [...this.#waiting.values()]) waiting.settle(refusal);
    });
    return worker;
  }
}
