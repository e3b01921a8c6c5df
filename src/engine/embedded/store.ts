import type { Store } from '../engine.js';
import { type StoreOperation, storeOperations } from '../store-operations.js';
import type { Ledger } from './ledger.js';

/** The operations of a ledger that a store has, from wherever the ledger lives. */
export type Operations = Pick<Ledger, StoreOperation>;

/** Runs an operation of a ledger as one commit. Rejects with `StoreFailed`. */
export interface OperationRunner {
  call<Name extends StoreOperation>(
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

/** The store of an embedded engine: each operation is one of the ledger's, and a commit. */
export function embeddedStore(runner: OperationRunner): Store {
  const names = Object.keys(storeOperations) as StoreOperation[];
  const calls = Object.fromEntries(
    names.map((name) => [name, (...args: Parameters<Operations[typeof name]>) => runner.call(name, ...args)]),
    // Each name has the call of its own operation, which the entries cannot say.
  ) as Calls;
  return { ...calls, ping: () => runner.ping() };
}
