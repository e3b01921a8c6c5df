import { randomBytes, randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskBlobs } from '../disk-blobs.js';
import {
  type Embedded,
  embeddedEndpoints,
  embeddedLibrary,
  embeddedOnce,
  embeddedOver,
  embeddedStore,
  type OperationRunner,
  type Operations,
} from '../embedded/store.js';
import { OwnWorkers, SharedWorkers, type WorkerTable } from '../embedded/tables.js';
import { type Engine, type EngineOptions, StoreFailed } from '../engine.js';
import type { Key, Keys } from '../keys.js';
import { newLifeId } from '../lives.js';
import { LocalBus } from '../local-bus.js';
import type { EngineOperation } from '../store-operations.js';
import { MemoryTables } from './memory-tables.js';

/** An engine that forgets: for tests and for trying things out. Files lie in a temporary directory until `close`. */
export async function openMemoryEngine(options: EngineOptions): Promise<Engine> {
  return new MemoryState(new OwnWorkers(), options).open(options);
}

/**
 * What an engine in memory holds. It can be opened several times, as nodes open one database: each opening is an engine
 * with a clock of its own, and all of them are closed apart.
 */
export class MemoryState {
  readonly #exclusive: boolean;
  readonly #bus = new LocalBus();
  readonly #keys = new MemoryKeys();
  readonly #embedded: Embedded;
  readonly #epoch: string;
  #last: number;
  #directory: Promise<string> | undefined;
  #openings = 0;

  constructor(workers: WorkerTable, { fairness }: Pick<EngineOptions, 'fairness'>) {
    this.#exclusive = workers instanceof OwnWorkers;
    const tables = new MemoryTables(randomBytes(8).toString('hex'), workers);
    this.#embedded = embeddedOver(tables, fairness, newLifeId(randomInt));
    this.#epoch = tables.log.epoch;
    this.#last = tables.log.last;
  }

  /** For many nodes. */
  static shared(options: Pick<EngineOptions, 'fairness'>): MemoryState {
    return new MemoryState(new SharedWorkers(), options);
  }

  async open({ clock }: Pick<EngineOptions, 'clock'>): Promise<Engine> {
    this.#openings += 1;
    this.#directory ??= mkdtemp(join(tmpdir(), 'inkwire-'));
    const directory = await this.#directory;
    const runner = new DirectRunner(this.#embedded.operations, () => this.#publish());
    return {
      capabilities: { durable: false, exclusive: this.#exclusive },
      store: embeddedStore(runner, clock),
      bus: this.#bus,
      blobs: await DiskBlobs.open(directory, (name) => runner.call('smallBlob', name)),
      keys: this.#keys,
      library: embeddedLibrary(runner, clock),
      once: embeddedOnce(runner, clock),
      endpoints: embeddedEndpoints(runner),
      gateways: () => 1,
      failure: new Promise(() => {}),
      close: async () => {
        if (!runner.close()) return;
        this.#openings -= 1;
        if (this.#openings === 0) await rm(directory, { recursive: true, force: true });
      },
    };
  }

  #publish(): void {
    const facts = this.#embedded.ledger.takeFacts();
    const last = facts.at(-1)?.seq;
    if (last === undefined) return;
    const after = this.#last;
    this.#last = last;
    this.#bus.publishHint({ epoch: this.#epoch, after, last, facts });
  }
}

/** Runs operations where they are called. */
class DirectRunner implements OperationRunner {
  readonly #operations: Operations;
  readonly #publish: () => void;
  #closed = false;

  constructor(operations: Operations, publish: () => void) {
    this.#operations = operations;
    this.#publish = publish;
  }

  async call<Name extends EngineOperation>(
    name: Name,
    ...args: Parameters<Operations[Name]>
  ): Promise<ReturnType<Operations[Name]>> {
    await this.ping();
    const operation = this.#operations[name] as (
      ...args: Parameters<Operations[Name]>
    ) => ReturnType<Operations[Name]>;
    const outcome = operation(...args);
    this.#publish();
    return outcome;
  }

  async ping(): Promise<void> {
    if (this.#closed) throw new StoreFailed('closed', 'The engine is closed', { unavailable: true });
  }

  /** Whether it was open. */
  close(): boolean {
    const wasOpen = !this.#closed;
    this.#closed = true;
    return wasOpen;
  }
}

/** Keys that are forgotten with the process. */
class MemoryKeys implements Keys {
  readonly #keys = new Map<string, Key>();
  readonly #listeners = new Set<{ readonly listener: (keys: readonly Key[]) => void }>();

  async put(key: Key): Promise<void> {
    this.#keys.set(key.kid, key);
    const keys = [...this.#keys.values()];
    for (const { listener } of this.#listeners) listener(keys);
  }

  async list(): Promise<readonly Key[]> {
    return [...this.#keys.values()];
  }

  async watch(listener: (keys: readonly Key[]) => void): Promise<() => void> {
    const subscription = { listener };
    this.#listeners.add(subscription);
    listener([...this.#keys.values()]);
    return () => this.#listeners.delete(subscription);
  }
}
