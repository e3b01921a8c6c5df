import { join } from 'node:path';
import { makeDirectory } from '../directory-sync.js';
import { DiskBlobs } from '../disk-blobs.js';
import { embeddedEndpoints, embeddedLibrary, embeddedOnce, embeddedStore } from '../embedded/store.js';
import { type Engine, type EngineOptions, type Fact, type Store, StoreFailed } from '../engine.js';
import type { Key, Keys } from '../keys.js';
import type { Library } from '../library.js';
import { LocalBus } from '../local-bus.js';
import { failureOf } from './batch.js';
import { SmallBlobCache } from './small-blob-cache.js';
import { StoreClient } from './store-client.js';

export interface SqliteEngineOptions extends EngineOptions {
  /** Holds the database and the blobs; created when it does not exist. One server at a time. */
  readonly directory: string;
  /**
   * The compiled thread's entry. Needed when the server runs from its TypeScript source, which a worker cannot load.
   */
  readonly threadEntry?: URL;
}

/** Some hundred documents of a page. */
const cachedMaxBytes = 8 * 1024 * 1024;

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
      onEndings: (endings) => {
        for (const ending of endings) bus.publishEnding(ending);
      },
      onKeys: (list) => keys.changed(list),
      onCommit: options.onCommit ?? (() => undefined),
    },
  );
  publish = hintsFrom(bus, epoch, last);
  const cache = new SmallBlobCache(cachedMaxBytes);
  const readSmall = async (name: string): Promise<Uint8Array | undefined> => {
    const known = cache.get(name);
    if (known !== undefined) return known;
    const bytes = await client.call('smallBlob', name);
    if (bytes !== undefined) cache.put(name, bytes);
    return bytes;
  };
  try {
    return {
      capabilities: { durable: true, exclusive: true },
      store: storeBeside(embeddedStore(client, clock), cache),
      bus,
      blobs: await DiskBlobs.open(join(directory, 'blobs'), readSmall),
      keys: keys.of(client),
      library: libraryBeside(embeddedLibrary(client, clock), cache),
      once: embeddedOnce(client, clock),
      endpoints: embeddedEndpoints(client),
      gateways: () => 1,
      failure: client.failure,
      close: () => client.close(),
    };
  } catch (error) {
    await client.close();
    throw error;
  }
}

/** Every operation that may take the last holder of a blob away says so. */
function storeBeside(store: Store, cache: SmallBlobCache): Store {
  return {
    ...store,
    async apply(id, command, now, options = {}) {
      const outcome = await store.apply(id, command, now, options);
      cache.applied(outcome, options.blobs ?? []);
      return outcome;
    },
    async sweep(request) {
      const outcome = await store.sweep(request);
      cache.removed(outcome.removed);
      return outcome;
    },
  };
}

function libraryBeside(library: Library, cache: SmallBlobCache): Library {
  return {
    ...library,
    async put(version) {
      const outcome = await library.put(version);
      if (outcome.type === 'stored') cache.removed(outcome.removed);
      return outcome;
    },
  };
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
