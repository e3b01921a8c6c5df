/**
 * A place in the event log. `epoch` names the log from its first beginning on, `life` the start of the server that
 * wrote the fact at this place, and `seq` is the number of this fact, the last one that was seen; 0 is before the
 * first. Two copies of one log share the epoch; facts that they got apart have the same numbers, but not the same
 * lives.
 */
export interface Position {
  readonly epoch: string;
  readonly life: string;
  readonly seq: number;
}

/** The life of all facts from before logs had lives, and of the position before the first fact. */
export const firstLife = '0';

const shape = /^([a-z0-9]{4,32})-([0-9a-z]{1,11})(?:\.([0-9a-z]{2,16}))?$/;

/**
 * The cursor that clients keep: opaque to them, safe in a URL, a header and an SSE `id`. The first life is left out:
 * such a cursor has the text that it always had. Clients from before lives read the number up to the point.
 */
export function formatCursor({ epoch, life, seq }: Position): string {
  return `${epoch}-${seq.toString(36)}${life === firstLife ? '' : `.${life}`}`;
}

/** The position in a cursor, or undefined for anything that `formatCursor` did not make. */
export function parseCursor(text: string): Position | undefined {
  const [, epoch, digits, life = firstLife] = shape.exec(text) ?? [];
  if (epoch === undefined || digits === undefined) return undefined;
  const seq = Number.parseInt(digits, 36);
  return Number.isSafeInteger(seq) && seq.toString(36) === digits ? { epoch, life, seq } : undefined;
}

/**
 * Whether the first cursor is a later place than the second. For code that ships with the server and knows that both
 * cursors are of one log: within an epoch `seq` decides, whichever life wrote the facts. Undefined for places in
 * different epochs, which cannot be compared, and for a text that is no cursor.
 */
export function isLater(cursor: string, than: string): boolean | undefined {
  const [epoch, seq = ''] = cursor.split('-');
  const [otherEpoch, otherSeq = ''] = than.split('-');
  const distance = Number.parseInt(seq, 36) - Number.parseInt(otherSeq, 36);
  return epoch !== otherEpoch || Number.isNaN(distance) ? undefined : distance > 0;
}
