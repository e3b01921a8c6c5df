import { randomBytes, randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskBlobs } from '../disk-blobs.js';
import { Ledger } from '../embedded/ledger.js';
import {
  embeddedLibrary,
  embeddedOnce,
  embeddedStore,
  type OperationRunner,
  type Operations,
  operationsOf,
} from '../embedded/store.js';
import { type Engine, type EngineOptions, StoreFailed } from '../engine.js';
import type { Key, Keys } from '../keys.js';
import { newLifeId } from '../lives.js';
import { LocalBus } from '../local-bus.js';
import type { EngineOperation } from '../store-operations.js';
import { MemoryTables } from './memory-tables.js';

/** An engine that forgets: for tests and for trying things out. Files lie in a temporary directory until `close`. */
export async function openMemoryEngine(options: EngineOptions): Promise<Engine> {
  const directory = await mkdtemp(join(tmpdir(), 'inkwire-'));
  const bus = new LocalBus();
  const runner = new DirectRunner(new MemoryTables(randomBytes(8).toString('hex')), options, bus);
  return {
    capabilities: { durable: false, exclusive: true },
    store: embeddedStore(runner),
    bus,
    blobs: await DiskBlobs.open(directory, (name) => runner.call('smallBlob', name)),
    keys: new MemoryKeys(),
    library: embeddedLibrary(runner),
    once: embeddedOnce(runner),
    failure: new Promise(() => {}),
    async close(): Promise<void> {
      runner.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Runs the ledger where it is called. */
class DirectRunner implements OperationRunner {
  readonly #ledger: Ledger;
  readonly #operations: Operations;
  readonly #bus: LocalBus;
  readonly #epoch: string;
  #last: number;
  #closed = false;

  constructor(tables: MemoryTables, options: EngineOptions, bus: LocalBus) {
    this.#ledger = new Ledger(tables, options.fairness, newLifeId(randomInt));
    this.#operations = operationsOf(this.#ledger);
    this.#bus = bus;
    this.#epoch = tables.log.epoch;
    this.#last = tables.log.last;
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
    if (this.#closed) throw new StoreFailed('closed', 'The engine is closed', true);
  }

  close(): void {
    this.#closed = true;
  }

  #publish(): void {
    const facts = this.#ledger.takeFacts();
    const last = facts.at(-1)?.seq;
    if (last === undefined) return;
    const after = this.#last;
    this.#last = last;
    this.#bus.publishHint({ epoch: this.#epoch, after, last, facts });
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
