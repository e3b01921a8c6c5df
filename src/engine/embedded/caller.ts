import type { Ledger } from './ledger.js';

/** What can be asked of a ledger, from wherever it lives. */
export type Operations = Omit<Ledger, 'begin' | 'restore' | 'takeFacts'>;
export type OperationName = keyof Operations;

/** Runs an operation of a ledger as one commit. Rejects with `StoreFailed`. */
export interface OperationRunner {
  call<Name extends OperationName>(
    name: Name,
    ...args: Parameters<Operations[Name]>
  ): Promise<ReturnType<Operations[Name]>>;
  ping(): Promise<void>;
}
