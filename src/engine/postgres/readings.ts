import type { Operations } from '../embedded/store.js';
import type { EngineChange, EngineOperation } from '../store-operations.js';

/** The operations that change nothing, each a statement that takes no lock. */
export type Readings = {
  readonly [Name in Exclude<EngineOperation, EngineChange>]: (
    ...args: Parameters<Operations[Name]>
  ) => Promise<ReturnType<Operations[Name]>>;
};
