/**
 * Bytes that are put together when they are read: pieces one behind the other, of which any range can be had without what
 * is before it.
 */
export interface Piece<Source> {
  readonly source: Source;
  /** Of the source. */
  readonly start: number;
  readonly length: number;
}

/**
 * The pieces that hold the bytes `start` to before `end` of all of them together.
 * @param offsets where each piece starts, and behind them the length of all
 * @param piece gives one by its place
 */
export function* piecesBetween<Source>(
  offsets: ArrayLike<number>,
  piece: (place: number) => Piece<Source>,
  start: number,
  end: number,
): Generator<Piece<Source>> {
  for (let place = placeOf(offsets, start); start < end && place < offsets.length - 1; place += 1) {
    const from = offsets[place] ?? 0;
    const to = Math.min(end, offsets[place + 1] ?? 0);
    if (to <= start) continue;
    const found = piece(place);
    yield { source: found.source, start: found.start + start - from, length: to - start };
    start = to;
  }
}

/** The last place that starts at or before an offset; 0 where none does. */
export function placeOf(offsets: ArrayLike<number>, offset: number): number {
  let low = 0;
  let high = offsets.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((offsets[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
