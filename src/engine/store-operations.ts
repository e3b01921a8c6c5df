import type { Endpoints } from './endpoints.js';
import type { Store } from './engine.js';
import type { Library } from './library.js';
import type { Once } from './once.js';

/**
 * What each operation of a store does: `write` may change something, `read` changes nothing, `facts` reads and answers
 * with facts, `bytes` with something of bytes. Drivers make their store from this list.
 */
export const storeOperations = {
  submit: 'write',
  claim: 'write',
  apply: 'write',
  extend: 'write',
  reclaimAbsent: 'write',
  beat: 'write',
  agree: 'write',
  hold: 'write',
  leave: 'write',
  sweep: 'write',
  nextReadyAt: 'read',
  get: 'read',
  input: 'read',
  artifacts: 'read',
  artifact: 'read',
  list: 'read',
  records: 'bytes',
  group: 'read',
  groups: 'read',
  depth: 'read',
  waiting: 'read',
  log: 'read',
  unused: 'read',
  facts: 'facts',
  everyFact: 'facts',
} as const satisfies Record<Exclude<keyof Store, 'ping'>, 'write' | 'read' | 'facts' | 'bytes'>;

export type StoreOperation = keyof typeof storeOperations;

/** The operations of a store that may change something. */
export type StoreChange = {
  [Name in StoreOperation]: (typeof storeOperations)[Name] extends 'write' ? Name : never;
}[StoreOperation];

export function isStoreChange(name: StoreOperation): name is StoreChange {
  return storeOperations[name] === 'write';
}

/** The same for the library, */
export const libraryOperations = {
  libraryPut: 'write',
  libraryRetire: 'write',
  libraryGet: 'read',
  libraryList: 'read',
  libraryVersions: 'read',
} as const satisfies Record<`library${Capitalize<keyof Library>}`, 'write' | 'read'>;

/** for `Once`, */
export const onceOperations = {
  oncePut: 'write',
  onceTake: 'write',
} as const satisfies Record<`once${Capitalize<keyof Once>}`, 'write'>;

/** and for endpoints. */
export const endpointOperations = {
  endpointsPut: 'write',
  endpointsRemove: 'write',
  endpointsSettle: 'write',
  endpointsGet: 'read',
  endpointsList: 'read',
  endpointsChanged: 'read',
  endpointsDelivery: 'read',
  endpointsDeliveries: 'read',
} as const satisfies Record<`endpoints${Capitalize<keyof Endpoints>}`, 'write' | 'read'>;

/** What the blobs of an engine ask the store for. */
export const blobOperations = { smallBlob: 'bytes' } as const;

/** What every part of an engine that is stored beside the jobs can be asked for. */
export const engineOperations = {
  ...storeOperations,
  ...libraryOperations,
  ...onceOperations,
  ...endpointOperations,
  ...blobOperations,
};

export type EngineOperation = keyof typeof engineOperations;

/** The operations that may change something. */
export type EngineChange = {
  [Name in EngineOperation]: (typeof engineOperations)[Name] extends 'write' ? Name : never;
}[EngineOperation];

export function isEngineChange(name: EngineOperation): name is EngineChange {
  return engineOperations[name] === 'write';
}
