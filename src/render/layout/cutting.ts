/**
 * A block that was put together aside, as if a page had no end, cut where a page ends. Nothing of it gets lost: what does
 * not fit above the cut is below it. Lengths are points from the top of the block.
 */

/** What a cut has to know of the rows in a block. */
export interface RowEnds {
  /** Where rows end; the header rows are the first ones. */
  readonly ends: readonly number[];
  readonly headerRows: number;
}

export interface Span {
  readonly top: number;
  readonly bottom: number;
}

/** A block of items of either layout. */
interface Block<Item> {
  readonly items: readonly Item[];
  readonly height: number;
}

/** What a cut has to know of items. */
export interface Pieces<Item> {
  span(item: Item): Span;
  /** Grounds and borders can be cut anywhere; the rest is whole. */
  isFlexible(item: Item): boolean;
  moved(item: Item, down: number): Item;
  /** Of one that can be cut: with another begin and end. */
  reshaped(item: Item, top: number, bottom: number): Item;
}

interface Cut<Item> {
  readonly upper: Block<Item>;
  readonly lower: Block<Item>;
  /** Of the lower part. */
  readonly rows: RowEnds;
  /** Whether the upper part has something that can be read, beside header rows. */
  readonly useful: boolean;
  /** Whether the lower part has. */
  readonly goesOn: boolean;
}

/** Air between what can be read and the border at a cut. */
const padding = 3;
/** Rounding decides nothing. */
const tolerance = 0.01;

/** Cuts blocks of one kind of items. */
export class Cutter<Item> {
  constructor(private readonly pieces: Pieces<Item>) {}

  /** The part of a ground or border from `from` to `to`, or undefined when it has none there. */
  #clipped(item: Item, from: number, to: number): Item | undefined {
    const { top, bottom } = this.pieces.span(item);
    if (bottom < from || top > to || (bottom > top && (bottom <= from || top >= to))) return undefined;
    return top >= from && bottom <= to
      ? item
      : this.pieces.reshaped(item, Math.max(top, from), Math.min(bottom, to));
  }

  /** A ground or border that is cut begins at the top of the page, the air above its text counted. */
  #lowered(item: Item, cut: number, down: number): Item {
    const { top, bottom } = this.pieces.span(item);
    if (top > cut + 2 * tolerance) return this.pieces.moved(item, down);
    return this.pieces.reshaped(item, top - cut, bottom + down);
  }

  /**
   * Cuts a block at the last end of a row in the lower half of `room`, or else between two lines. With `force` the first
   * thing that can be read is above the cut, however high it is.
   */
  cut(
    { items, height }: Block<Item>,
    room: number,
    { ends, headerRows }: RowEnds,
    force: boolean,
  ): Cut<Item> {
    const { pieces } = this;
    const head = headerRows === 0 ? 0 : (ends[headerRows - 1] ?? 0);
    const all = items.filter((item) => !pieces.isFlexible(item)).map((item) => pieces.span(item));
    const body = all.filter(({ top }) => top >= head - tolerance);
    const first = body.reduce((least, { bottom }) => Math.min(least, bottom), Number.POSITIVE_INFINITY);
    const limit = force && Number.isFinite(first) ? Math.max(room, first) : room;
    const isOver = ({ bottom }: Span) => bottom > limit + tolerance;
    const highest = all.filter(isOver).reduce((least, { top }) => Math.min(least, top), limit);
    // Between two rows, but where a cell over both is cut or half of the page would be empty.
    const crosses = (at: number) =>
      all.some((one) => one.top < at - tolerance && one.bottom > at + tolerance);
    const end = ends.findLast(
      (at) => at <= highest + tolerance && at > Math.max(head, limit / 2) && !crosses(at),
    );
    const cut = end ?? highest;
    const stays = (span: Span) => !isOver(span) && span.top < cut - tolerance;
    // Between two rows there is a border already.
    const air = end === undefined ? padding : 0;
    const bottom = Math.min(limit, cut + air);
    const upper: Item[] = [];
    const lower: Item[] = [];
    const down = air - cut;
    for (const item of items) {
      if (!pieces.isFlexible(item)) {
        if (stays(pieces.span(item))) upper.push(item);
        else lower.push(pieces.moved(item, down));
        continue;
      }
      const above = this.#clipped(item, Number.NEGATIVE_INFINITY, bottom);
      const below = this.#clipped(item, cut + tolerance, Number.POSITIVE_INFINITY);
      if (above !== undefined) upper.push(above);
      if (below !== undefined) lower.push(this.#lowered(below, cut, down));
    }
    return {
      upper: { items: upper, height: bottom },
      lower: { items: lower, height: height + down },
      rows: { ends: ends.filter((at) => at > cut + tolerance).map((at) => at + down), headerRows: 0 },
      useful: body.some(stays),
      goesOn: all.some((span) => !stays(span)),
    };
  }
}
