import type { LogState } from '../engine/engine.js';
import { parseCursor } from '../protocol/cursor.js';
import type { ResetReason } from '../protocol/event.js';

/** Where a subscription begins (P-11, P-20). */
export type StartPoint =
  | { readonly type: 'after'; readonly seq: number }
  | { readonly type: 'snapshot'; readonly reset?: ResetReason };

/** @param log as the store has it: a cursor of another node may lie ahead of what was handed out here */
export function startPointOf(after: string | undefined, { epoch, last, trimmedTo }: LogState): StartPoint {
  if (after === undefined || after === '') return { type: 'snapshot' };
  const cursor = parseCursor(after);
  if (cursor === undefined) return { type: 'snapshot', reset: 'invalid' };
  if (cursor.epoch !== epoch) return { type: 'snapshot', reset: 'epoch' };
  if (cursor.seq < trimmedTo) return { type: 'snapshot', reset: 'trimmed' };
  // A place that the log has not reached: of a store that was set back by a restore.
  if (cursor.seq > last) return { type: 'snapshot', reset: 'invalid' };
  return { type: 'after', seq: cursor.seq };
}
