import type { Fragment, Item } from './sheet.js';

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

interface Cut {
  readonly upper: Fragment;
  readonly lower: Fragment;
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

interface Span {
  readonly top: number;
  readonly bottom: number;
}

/** Grounds and borders can be cut anywhere; the rest is whole. */
function isFlexible(item: Item): boolean {
  return item.type === 'art' ? item.art.reshaped !== undefined : item.type !== 'line';
}

function spanOf(item: Item): Span {
  switch (item.type) {
    case 'line':
      return { top: item.y, bottom: item.y + item.line.height };
    case 'ground':
    case 'fill':
      return { top: item.box.y, bottom: item.box.y + item.box.height };
    case 'stroke': {
      const [, one] = item.from;
      const [, other] = item.to;
      return { top: Math.min(one, other), bottom: Math.max(one, other) };
    }
    case 'art':
      return { top: item.y + item.art.top, bottom: item.y + item.art.bottom };
  }
}

function movedDown(item: Item, by: number): Item {
  return item.type === 'line' || item.type === 'art'
    ? { ...item, y: item.y + by }
    : reshaped(item, spanOf(item).top + by, spanOf(item).bottom + by);
}

function reshaped(item: Item, top: number, bottom: number): Item {
  switch (item.type) {
    case 'line':
      return item;
    case 'ground':
    case 'fill':
      return { ...item, box: { ...item.box, y: top, height: bottom - top } };
    case 'stroke':
      return { ...item, from: [item.from[0], top], to: [item.to[0], bottom] };
    case 'art': {
      const art = item.art.reshaped?.(top - item.y, bottom - item.y);
      return art === undefined ? item : { ...item, art };
    }
  }
}

/** The part of a ground or border from `from` to `to`, or undefined when it has none there. */
function clipped(item: Item, from: number, to: number): Item | undefined {
  const { top, bottom } = spanOf(item);
  if (bottom < from || top > to || (bottom > top && (bottom <= from || top >= to))) return undefined;
  return reshaped(item, Math.max(top, from), Math.min(bottom, to));
}

/**
 * Cuts a block at the last end of a row in the lower half of `room`, or else between two lines. With `force` the first thing
 * that can be read is above the cut, however high it is.
 */
export function cutFragment(
  { items, height }: Fragment,
  room: number,
  { ends, headerRows }: RowEnds,
  force: boolean,
): Cut {
  const head = headerRows === 0 ? 0 : (ends[headerRows - 1] ?? 0);
  const all = items.filter((item) => !isFlexible(item)).map(spanOf);
  const body = all.filter(({ top }) => top >= head - tolerance);
  const first = body.reduce((least, { bottom }) => Math.min(least, bottom), Number.POSITIVE_INFINITY);
  const limit = force && Number.isFinite(first) ? Math.max(room, first) : room;
  const isOver = ({ bottom }: Span) => bottom > limit + tolerance;
  const highest = all.filter(isOver).reduce((least, { top }) => Math.min(least, top), limit);
  // Between two rows, but where a cell over both is cut or half of the page would be empty.
  const crosses = (at: number) => all.some((one) => one.top < at - tolerance && one.bottom > at + tolerance);
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
    if (!isFlexible(item)) {
      if (stays(spanOf(item))) upper.push(item);
      else lower.push(movedDown(item, down));
      continue;
    }
    const above = clipped(item, Number.NEGATIVE_INFINITY, bottom);
    const below = clipped(item, cut + tolerance, Number.POSITIVE_INFINITY);
    if (above !== undefined) upper.push(above);
    if (below !== undefined) lower.push(stretched(below, cut, down));
  }
  return {
    upper: { items: upper, height: bottom },
    lower: { items: lower, height: height + down },
    rows: { ends: ends.filter((at) => at > cut + tolerance).map((at) => at + down), headerRows: 0 },
    useful: body.some(stays),
    goesOn: all.some((span) => !stays(span)),
  };
}

/** A ground or border that is cut begins at the top of the page, the air above its text counted. */
function stretched(item: Item, cut: number, down: number): Item {
  const { top, bottom } = spanOf(item);
  const air = top > cut + 2 * tolerance ? 0 : cut + down;
  return reshaped(item, top + down - air, bottom + down);
}
