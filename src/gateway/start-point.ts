import { isPlaceOf, type LogState } from '../engine/lives.js';
import { parseCursor } from '../protocol/cursor.js';
import type { ResetReason } from '../protocol/event.js';

/** Where a subscription begins (P-11, P-20). */
export type StartPoint =
  | { readonly type: 'after'; readonly seq: number }
  | { readonly type: 'snapshot'; readonly reset?: ResetReason };

/** @param log as the store has it: a cursor of another node may lie ahead of what was handed out here */
export function startPointOf(after: string | undefined, log: LogState): StartPoint {
  if (after === undefined || after === '') return { type: 'snapshot' };
  const cursor = parseCursor(after);
  if (cursor === undefined) return { type: 'snapshot', reset: 'invalid' };
  if (cursor.epoch !== log.epoch) return { type: 'snapshot', reset: 'epoch' };
  // The lives from before are forgotten.
  if (cursor.seq < log.trimmedTo) return { type: 'snapshot', reset: 'trimmed' };
  // The cursor belongs to facts of another copy of this log, or to facts that a restore has removed.
  if (!isPlaceOf(log, cursor)) return { type: 'snapshot', reset: 'epoch' };
  return { type: 'after', seq: cursor.seq };
}
