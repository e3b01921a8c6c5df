import type { FairnessLimits } from '../../jobs/fairness.js';
import type { Endpoints } from '../endpoints.js';
import type { Store } from '../engine.js';
import type { Library } from '../library.js';
import type { Once } from '../once.js';
import {
  type blobOperations,
  type EngineChange,
  type EngineOperation,
  isStoreChange,
  type StoreChange,
  type StoreOperation,
  storeOperations,
} from '../store-operations.js';
import type { EndpointQueries, EndpointRules } from './endpoints.js';
import { Ledger } from './ledger.js';
import type { LibraryQueries, LibraryRules } from './library.js';
import type { OnceRules } from './once.js';
import { Queries } from './queries.js';
import { countedQueue } from './queue-counts.js';
import { libraryByClock, onceByClock, storeByClock } from './store-clock.js';
import type { Tables } from './tables.js';
import type { Views } from './views.js';

/** The operations that an engine has, from wherever its tables live. */
export type Operations = Pick<Ledger, StoreChange> &
  Pick<Queries, Exclude<StoreOperation, StoreChange> | keyof typeof blobOperations> & {
    readonly [Name in keyof Library as `library${Capitalize<Name>}`]: (LibraryRules & LibraryQueries)[Name];
  } & { readonly [Name in keyof Once as `once${Capitalize<Name>}`]: OnceRules[Name] } & {
    readonly [Name in keyof Endpoints as `endpoints${Capitalize<Name>}`]: (EndpointRules &
      EndpointQueries)[Name];
  };

/** The operations that may change something. */
export type Changes = Pick<Operations, EngineChange>;

/** An embedded engine over its tables: what changes them, what reads them, and all operations by name. */
export interface Embedded {
  readonly ledger: Ledger;
  readonly queries: Queries;
  readonly operations: Operations;
}

/** @param life of this start alone (`newLifeId`) */
export function embeddedOver(tables: Tables & Views, limits: FairnessLimits, life: string): Embedded {
  const ledger = new Ledger(tables, limits, life, (current) => countedQueue(current, tables));
  const queries = new Queries(tables, tables, ledger);
  return { ledger, queries, operations: { ...changesOf(ledger), ...readingsOf(queries) } };
}

export function changesOf(ledger: Ledger): Changes {
  const names = (Object.keys(storeOperations) as StoreOperation[]).filter(isStoreChange);
  // Each name has its own operation, which the entries cannot say.
  const ofStore = Object.fromEntries(names.map((name) => [name, ledger[name].bind(ledger)])) as Pick<
    Operations,
    StoreChange
  >;
  return {
    ...ofStore,
    libraryPut: (version) => ledger.library.put(version),
    libraryRetire: (retirement) => ledger.library.retire(retirement),
    oncePut: (entry, now) => ledger.once.put(entry, now),
    onceTake: (place, now) => ledger.once.take(place, now),
    endpointsPut: (endpoint) => ledger.endpoints.put(endpoint),
    endpointsRemove: (place) => ledger.endpoints.remove(place),
    endpointsSettle: (settlement) => ledger.endpoints.settle(settlement),
  };
}

function readingsOf(queries: Queries): Omit<Operations, EngineChange> {
  const names = (Object.keys(storeOperations) as StoreOperation[]).flatMap((name) =>
    isStoreChange(name) ? [] : [name],
  );
  // As above.
  const ofStore = Object.fromEntries(names.map((name) => [name, queries[name].bind(queries)])) as Pick<
    Operations,
    Exclude<StoreOperation, StoreChange>
  >;
  return {
    ...ofStore,
    libraryGet: (name, version) => queries.library.get(name, version),
    libraryList: (filter) => queries.library.list(filter),
    libraryVersions: (filter) => queries.library.versions(filter),
    endpointsGet: (place) => queries.endpoints.get(place),
    endpointsList: (filter) => queries.endpoints.list(filter),
    endpointsChanged: (filter) => queries.endpoints.changed(filter),
    endpointsDelivery: (place, id) => queries.endpoints.delivery(place, id),
    endpointsDeliveries: (filter) => queries.endpoints.deliveries(filter),
    smallBlob: (name) => queries.smallBlob(name),
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

/** Times of endpoints are their sender's, which reads them by its own clock. */
export function embeddedEndpoints(runner: OperationRunner): Endpoints {
  return {
    put: (endpoint) => runner.call('endpointsPut', endpoint),
    remove: (place) => runner.call('endpointsRemove', place),
    settle: (settlement) => runner.call('endpointsSettle', settlement),
    get: (place) => runner.call('endpointsGet', place),
    list: (filter) => runner.call('endpointsList', filter),
    changed: (filter) => runner.call('endpointsChanged', filter),
    delivery: (place, id) => runner.call('endpointsDelivery', place, id),
    deliveries: (filter) => runner.call('endpointsDeliveries', filter),
  };
}
