import { Worker } from 'node:worker_threads';
import type { Job } from '../../jobs/job.js';
import { systemErrorOf } from '../../system-errors.js';
import type { OperationRunner, Operations } from '../embedded/store.js';
import type { AttemptEnding } from '../ending.js';
import { type ApplyOptions, type Commit, type Fact, StoreFailed, type Submission } from '../engine.js';
import type { Key } from '../keys.js';
import type { EngineOperation } from '../store-operations.js';
import { isReading } from './batch.js';
import {
  type Call,
  type FromThread,
  type ThreadSettings,
  type ToThread,
  unpackFacts,
  unpackValue,
} from './wire.js';

/** Calls that may be open at once; past it a call fails as `overloaded` instead of adding to the memory. */
const maxOpenCalls = 20_000;
/** Readings among them: a flood of them leaves room for changes. */
const maxOpenReadings = 15_000;

export interface StoreClientListeners {
  readonly onFacts: (facts: readonly Fact[]) => void;
  /** Attempts that a commit under way ends. */
  readonly onEndings: (endings: readonly AttemptEnding[]) => void;
  readonly onKeys: (keys: readonly Key[]) => void;
  readonly onCommit: (commit: Commit) => void;
}

interface OpenCall {
  readonly name: Call['name'];
  /** Of a submit. */
  readonly job: Job | undefined;
  readonly resolve: (value: unknown) => void;
  readonly reject: (failure: StoreFailed) => void;
}

/**
 * Changes that leave in the middle of a turn: they make a commit that is worth its sync, and the thread works on them while the
 * rest of the turn goes on. Readings wait for the end of the turn, so that a change which comes behind them goes first.
 */
const fullMessage = 8;
/** A turn that is over sooner has nothing to gain by that: its changes share one commit. */
const longTurnMs = 0.5;

/** Messages are all that it allocates, and nothing of them lives for long: without a bound it came to 31 in bulk jobs. */
const youngGenerationMb = 12;

/**
 * The near end of the store's thread. Calls of one turn of the event loop leave as one message, and with them those that
 * may wait for company.
 */
export class StoreClient implements OperationRunner {
  readonly #worker: Worker;
  readonly #listeners: StoreClientListeners;
  readonly #open = new Map<number, OpenCall>();
  readonly #ended: Promise<void>;
  #gathered: Call[] = [];
  #gatheredChanges = 0;
  /** When the first of them came, by `performance.now()`. */
  #gatheredSince = 0;
  /** A flush comes at the end of this turn. */
  #isDue = false;
  /** Of the call that may wait and has waited longest. */
  #patience: NodeJS.Timeout | undefined;
  #number = 0;
  #openReadings = 0;
  /** The first damage that any call has met. */
  #damage: StoreFailed | undefined;
  #state: 'open' | 'closing' | StoreFailed = 'open';
  #fail: (failure: StoreFailed) => void = () => {};

  /** Resolves when the thread ended without being asked to. */
  readonly failure: Promise<StoreFailed>;

  private constructor(worker: Worker, listeners: StoreClientListeners) {
    this.#worker = worker;
    this.#listeners = listeners;
    this.failure = new Promise((resolve) => {
      this.#fail = resolve;
    });
    this.#ended = new Promise((resolve) => {
      worker.on('exit', () => {
        this.#end(new StoreFailed('thread-ended', 'The thread of the store has ended'));
        resolve();
      });
    });
    worker.on('error', (error) => this.#end(new StoreFailed('thread-ended', String(error))));
    worker.on('messageerror', (error) => this.#end(new StoreFailed('thread-ended', String(error))));
  }

  /** Starts the thread and waits until the database is open. */
  static async open(
    entry: URL,
    settings: ThreadSettings,
    listeners: StoreClientListeners,
  ): Promise<{ readonly client: StoreClient; readonly epoch: string; readonly last: number }> {
    const worker = new Worker(entry, {
      workerData: settings,
      name: 'inkwire-store',
      resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb },
    });
    const client = new StoreClient(worker, listeners);
    const opened = await new Promise<FromThread & { readonly type: 'opened' }>((resolve, reject) => {
      void client.failure.then(reject);
      worker.on('message', (message: FromThread) => {
        if (message.type === 'opened') resolve(message);
        else if (message.type === 'not-opened') {
          reject(new StoreFailed(message.failure.code, message.failure.message));
        } else client.#take(message);
      });
    }).catch(async (error: unknown) => {
      await worker.terminate();
      throw error;
    });
    return { client, epoch: opened.epoch, last: opened.last };
  }

  /** The thread answers with the ledger's own answer to the operation: see `BatchRunner`. */
  async call<Name extends EngineOperation>(
    name: Name,
    ...args: Parameters<Operations[Name]>
  ): Promise<ReturnType<Operations[Name]>> {
    const [, , , options] = args as readonly (ApplyOptions | undefined)[];
    const mayWaitMs = name === 'apply' ? options?.mayWaitMs : undefined;
    return (await this.#ask(name, args, mayWaitMs)) as ReturnType<Operations[Name]>;
  }

  async ping(): Promise<void> {
    if (this.#damage !== undefined) throw this.#damage;
    await this.#ask('ping', []);
  }

  async putKey(key: Key): Promise<void> {
    await this.#ask('keyPut', [key]);
  }

  async listKeys(): Promise<readonly Key[]> {
    return (await this.#ask('keyList', [])) as readonly Key[];
  }

  async close(): Promise<void> {
    if (this.#state === 'open') {
      this.#flush();
      this.#state = 'closing';
      this.#post({ type: 'close' });
    }
    await this.#ended;
  }

  #ask(name: Call['name'], args: readonly unknown[], mayWaitMs = 0): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const reads = isReading({ name });
      const refusal = this.#refusal(reads);
      if (refusal !== undefined) {
        reject(refusal);
        return;
      }
      this.#number += 1;
      const job = name === 'submit' ? (args as readonly [Submission])[0].job : undefined;
      this.#open.set(this.#number, { name, job, resolve, reject });
      if (reads) this.#openReadings += 1;
      this.#gathered.push({ number: this.#number, name, args });
      if (!reads) this.#gatheredChanges += 1;
      if (this.#gatheredChanges === 1) this.#gatheredSince = performance.now();
      if (this.#isFull()) this.#flush();
      else if (mayWaitMs > 0) this.#patience ??= setTimeout(() => this.#flush(), mayWaitMs);
      else if (!this.#isDue) {
        this.#isDue = true;
        setImmediate(() => this.#flush());
      }
    });
  }

  #isFull(): boolean {
    return this.#gatheredChanges >= fullMessage && performance.now() - this.#gatheredSince >= longTurnMs;
  }

  #refusal(reads: boolean): StoreFailed | undefined {
    if (this.#state instanceof StoreFailed) return this.#state;
    if (this.#state === 'closing')
      return new StoreFailed('closed', 'The engine is closed', { unavailable: true });
    const hasRoom = reads ? this.#openReadings < maxOpenReadings : this.#open.size < maxOpenCalls;
    if (hasRoom && this.#open.size < maxOpenCalls) return undefined;
    return new StoreFailed('overloaded', `${this.#open.size} calls wait for the store`, {
      unavailable: true,
    });
  }

  #flush(): void {
    clearTimeout(this.#patience);
    this.#patience = undefined;
    this.#isDue = false;
    if (this.#gathered.length === 0 || this.#state !== 'open') return;
    const calls = this.#gathered;
    this.#gathered = [];
    this.#gatheredChanges = 0;
    this.#post({ type: 'calls', calls });
  }

  #take(message: FromThread): void {
    if (message.type === 'keys') this.#listeners.onKeys(message.keys);
    if (message.type === 'endings') this.#listeners.onEndings(message.endings);
    if (message.type !== 'answers') return;
    for (const { number, value, failure } of message.answers) {
      const call = this.#open.get(number);
      this.#open.delete(number);
      if (call === undefined) continue;
      if (isReading(call)) this.#openReadings -= 1;
      if (failure === undefined) call.resolve(unpackValue(call.name, value, call.job));
      else {
        const course = systemErrorOf(failure.code)?.course;
        const unavailable = course === 'passes';
        const failed = new StoreFailed(failure.code, failure.message, { unavailable });
        if (course === 'stays') this.#damage ??= failed;
        call.reject(failed);
      }
    }
    if (message.facts.length > 0) this.#listeners.onFacts(unpackFacts(message.facts));
    if (message.commit.operations > 0) this.#listeners.onCommit(message.commit);
  }

  #end(failure: StoreFailed): void {
    if (this.#state instanceof StoreFailed) return;
    const expected = this.#state === 'closing';
    this.#state = expected
      ? new StoreFailed('closed', 'The engine is closed', { unavailable: true })
      : failure;
    const { code, message, unavailable } = this.#state;
    const lost = new StoreFailed(code, message, { unavailable, answerLost: !expected });
    for (const call of this.#open.values()) call.reject(lost);
    this.#open.clear();
    if (!expected) this.#fail(failure);
  }

  #post(message: ToThread): void {
    this.#worker.postMessage(message);
  }
}
