import { type Position, parseCursor } from '../protocol/cursor.js';
import type { ResetReason } from '../protocol/event.js';

export interface LogEnds {
  readonly position: Position;
  /** The last fact that is gone. */
  readonly trimmedTo: number;
}

/** Where a subscription begins (P-11, P-20). */
export type StartPoint =
  | { readonly type: 'after'; readonly seq: number }
  | { readonly type: 'snapshot'; readonly reset?: ResetReason };

export function startPointOf(after: string | undefined, { position, trimmedTo }: LogEnds): StartPoint {
  if (after === undefined || after === '') return { type: 'snapshot' };
  const cursor = parseCursor(after);
  if (cursor === undefined) return { type: 'snapshot', reset: 'invalid' };
  if (cursor.epoch !== position.epoch) return { type: 'snapshot', reset: 'epoch' };
  if (cursor.seq < trimmedTo) return { type: 'snapshot', reset: 'trimmed' };
  // A place that the log has not reached: of a store that was set back by a restore.
  if (cursor.seq > position.seq) return { type: 'snapshot', reset: 'invalid' };
  return { type: 'after', seq: cursor.seq };
}
