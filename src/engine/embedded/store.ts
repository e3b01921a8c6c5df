import type { Store } from '../engine.js';
import type { Library } from '../library.js';
import type { Once } from '../once.js';
import {
  type blobOperations,
  type EngineOperation,
  type StoreOperation,
  storeOperations,
} from '../store-operations.js';
import type { Ledger } from './ledger.js';
import type { LibraryRules } from './library.js';
import type { OnceRules } from './once.js';
import { libraryByClock, onceByClock, storeByClock } from './store-clock.js';

/** The operations of a ledger that an engine has, from wherever the ledger lives. */
export type Operations = Pick<Ledger, StoreOperation> & {
  readonly [Name in keyof Library as `library${Capitalize<Name>}`]: LibraryRules[Name];
} & { readonly [Name in keyof Once as `once${Capitalize<Name>}`]: OnceRules[Name] } & Pick<
    Ledger,
    keyof typeof blobOperations
  >;

export function operationsOf(ledger: Ledger): Operations {
  const { library, once } = ledger;
  const names = Object.keys(storeOperations) as StoreOperation[];
  const ofStore = Object.fromEntries(
    names.map((name) => [name, ledger[name].bind(ledger)]),
    // Each name has its own operation, which the entries cannot say.
  ) as Pick<Ledger, StoreOperation>;
  return {
    ...ofStore,
    libraryPut: (version) => library.put(version),
    libraryRetire: (retirement) => library.retire(retirement),
    libraryGet: (name, version) => library.get(name, version),
    libraryList: (filter) => library.list(filter),
    libraryVersions: (filter) => library.versions(filter),
    oncePut: (entry, now) => once.put(entry, now),
    onceTake: (place, now) => once.take(place, now),
    smallBlob: (name) => ledger.smallBlob(name),
  };
}

/** Runs an operation of a ledger as one commit. Rejects with `StoreFailed`. */
export interface OperationRunner {
  call<Name extends EngineOperation>(
    name: Name,
    ...args: Parameters<Operations[Name]>
  ): Promise<ReturnType<Operations[Name]>>;
  ping(): Promise<void>;
}

type Calls = {
  readonly [Name in StoreOperation]: (
    ...args: Parameters<Operations[Name]>
  ) => Promise<ReturnType<Operations[Name]>>;
};

/**
 * The store of an embedded engine: each operation is one of the ledger's, and a commit.
 * @param clock the store's; without it the callers' clock is the store's
 */
export function embeddedStore(runner: OperationRunner, clock?: () => number): Store {
  const names = Object.keys(storeOperations) as StoreOperation[];
  const calls = Object.fromEntries(
    names.map((name) => [name, (...args: Parameters<Operations[typeof name]>) => runner.call(name, ...args)]),
    // Each name has the call of its own operation, which the entries cannot say.
  ) as Calls;
  const store: Store = { ...calls, ping: () => runner.ping() };
  return clock === undefined ? store : storeByClock(store, clock);
}

export function embeddedLibrary(runner: OperationRunner, clock?: () => number): Library {
  const library: Library = {
    put: (version) => runner.call('libraryPut', version),
    retire: (retirement) => runner.call('libraryRetire', retirement),
    get: (name, version) => runner.call('libraryGet', name, version),
    list: (filter) => runner.call('libraryList', filter),
    versions: (filter) => runner.call('libraryVersions', filter),
  };
  return clock === undefined ? library : libraryByClock(library, clock);
}

export function embeddedOnce(runner: OperationRunner, clock?: () => number): Once {
  const once: Once = {
    put: (entry, now) => runner.call('oncePut', entry, now),
    take: (place, now) => runner.call('onceTake', place, now),
  };
  return clock === undefined ? once : onceByClock(once, clock);
}
