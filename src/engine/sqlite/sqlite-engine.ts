import { join } from 'node:path';
import { makeDirectory } from '../directory-sync.js';
import { DiskBlobs } from '../disk-blobs.js';
import { embeddedLibrary, embeddedOnce, embeddedStore } from '../embedded/store.js';
import { type Engine, type EngineOptions, type Fact, StoreFailed } from '../engine.js';
import type { Key, Keys } from '../keys.js';
import { LocalBus } from '../local-bus.js';
import { failureOf } from './batch.js';
import { StoreClient } from './store-client.js';

export interface SqliteEngineOptions extends EngineOptions {
  /** Holds the database and the blobs; created when it does not exist. One server at a time. */
  readonly directory: string;
  /**
   * The compiled thread's entry. Needed when the server runs from its TypeScript source, which a worker cannot load.
   */
  readonly threadEntry?: URL;
}

/** Opens the engine of a data directory. Rejects with `StoreFailed`, for one when another server has it. */
export async function openSqliteEngine(options: SqliteEngineOptions): Promise<Engine> {
  const { directory, fairness, clock } = options;
  await makeDirectory(directory, { mode: 0o700 }).catch((error: unknown) => {
    const { code, message } = failureOf(error);
    throw new StoreFailed(code, message);
  });
  const bus = new LocalBus();
  const keys = new WatchedKeys();
  let publish: (facts: readonly Fact[]) => void = () => {};
  const { client, epoch, last } = await StoreClient.open(
    options.threadEntry ?? new URL('./thread.js', import.meta.url),
    { directory, fairness },
    {
      onFacts: (facts) => publish(facts),
      onKeys: (list) => keys.changed(list),
      onCommit: options.onCommit ?? (() => undefined),
    },
  );
  publish = hintsFrom(bus, epoch, last);
  try {
    return {
      capabilities: { durable: true, exclusive: true },
      store: embeddedStore(client, clock),
      bus,
      blobs: await DiskBlobs.open(join(directory, 'blobs'), (name) => client.call('smallBlob', name)),
      keys: keys.of(client),
      library: embeddedLibrary(client, clock),
      once: embeddedOnce(client, clock),
      failure: client.failure,
      close: () => client.close(),
    };
  } catch (error) {
    await client.close();
    throw error;
  }
}

function hintsFrom(bus: LocalBus, epoch: string, from: number): (facts: readonly Fact[]) => void {
  let after = from;
  return (facts) => {
    const last = facts.at(-1)?.seq ?? after;
    bus.publishHint({ epoch, after, last, facts });
    after = last;
  };
}

/** Calls each watcher with the keys that the thread read last. */
class WatchedKeys {
  readonly #listeners = new Set<{ readonly listener: (keys: readonly Key[]) => void }>();

  changed(keys: readonly Key[]): void {
    for (const { listener } of this.#listeners) listener(keys);
  }

  of(client: StoreClient): Keys {
    return {
      put: (key) => client.putKey(key),
      list: () => client.listKeys(),
      watch: async (listener) => {
        const subscription = { listener };
        listener(await client.listKeys());
        this.#listeners.add(subscription);
        return () => this.#listeners.delete(subscription);
      },
    };
  }
}
