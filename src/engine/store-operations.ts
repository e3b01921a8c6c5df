import type { Store } from './engine.js';

/**
 * What each operation of a store does: `write` may change something, `read` changes nothing, `facts` reads and answers
 * with facts. Drivers make their store from this list.
 */
export const storeOperations = {
  submit: 'write',
  claim: 'write',
  apply: 'write',
  extend: 'write',
  reclaimAbsent: 'write',
  beat: 'write',
  leave: 'write',
  sweep: 'write',
  nextReadyAt: 'read',
  get: 'read',
  input: 'read',
  artifacts: 'read',
  artifact: 'read',
  list: 'read',
  group: 'read',
  groups: 'read',
  depth: 'read',
  log: 'read',
  unused: 'read',
  facts: 'facts',
  everyFact: 'facts',
} as const satisfies Record<Exclude<keyof Store, 'ping'>, 'write' | 'read' | 'facts'>;

export type StoreOperation = keyof typeof storeOperations;
