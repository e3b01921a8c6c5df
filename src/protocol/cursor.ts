/**
 * A place in the event log. `epoch` names one life of the log: sequences of different epochs cannot be compared. `seq`
 * is the number of the last fact that was seen; 0 is before the first.
 */
export interface Position {
  readonly epoch: string;
  readonly seq: number;
}

const shape = /^([a-z0-9]{4,32})-([0-9a-z]{1,11})$/;

/** The cursor that clients keep: opaque to them, safe in a URL, a header and an SSE `id`. */
export function formatCursor(position: Position): string {
  return `${position.epoch}-${position.seq.toString(36)}`;
}

/** The position in a cursor, or undefined for anything that `formatCursor` did not make. */
export function parseCursor(text: string): Position | undefined {
  const [, epoch, digits] = shape.exec(text) ?? [];
  if (epoch === undefined || digits === undefined) return undefined;
  const seq = Number.parseInt(digits, 36);
  return Number.isSafeInteger(seq) && seq.toString(36) === digits ? { epoch, seq } : undefined;
}

/**
 * Whether the first cursor is a later place than the second, for who shares this module with the server. Places in
 * different epochs cannot be compared: undefined, as for anything that is no cursor.
 */
export function isLater(cursor: string, than: string): boolean | undefined {
  const [epoch, seq = ''] = cursor.split('-');
  const [otherEpoch, otherSeq = ''] = than.split('-');
  const distance = Number.parseInt(seq, 36) - Number.parseInt(otherSeq, 36);
  return epoch !== otherEpoch || Number.isNaN(distance) ? undefined : distance > 0;
}
