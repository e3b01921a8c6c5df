import type { Fragment, Line, PageItem, Vector } from './page-items.js';

/**
 * A block that was laid out aside, as if a page had no end, cut where a page ends. Nothing of it gets lost: what does not
 * fit above the cut is below it. Lengths are points from the top of the block.
 */

/** What a cut has to know of the rows in a block. */
export interface RowBlock {
  /** Where rows end; the header rows are the first ones. */
  readonly ends: readonly number[];
  readonly headerRows: number;
}

export interface Cut {
  readonly upper: Fragment;
  readonly lower: Fragment;
  /** Of the lower part. */
  readonly rows: RowBlock;
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

/** A fill or border, which can be cut anywhere; the rest is whole. */
function flexible(item: PageItem): Vector | undefined {
  if (item.type !== 'vector' || item.item.code !== undefined) return undefined;
  return item.item.type === 'line' || item.item.type === 'rect' ? item.item : undefined;
}

function spanOf(item: PageItem): Span {
  switch (item.type) {
    case 'line':
      return { top: item.item.y ?? 0, bottom: (item.item.y ?? 0) + item.item.getHeight() };
    case 'vector': {
      const { y, h, y1, y2, r2 = 0 } = item.item;
      if (y1 !== undefined && y2 !== undefined) return { top: Math.min(y1, y2), bottom: Math.max(y1, y2) };
      return { top: y - Number(r2), bottom: y + (h ?? Number(r2)) };
    }
    default:
      return { top: item.item.y ?? 0, bottom: (item.item.y ?? 0) + (item.item._height ?? 0) };
  }
}

function movedLine(line: Line, by: number): Line {
  const moved = line.clone();
  moved.y = (line.y ?? 0) + by;
  return moved;
}

function movedVector(vector: Vector, by: number): Vector {
  const { y, y1, y2 } = vector;
  return {
    ...vector,
    ...(y === undefined ? {} : { y: y + by }),
    ...(y1 === undefined ? {} : { y1: y1 + by }),
    ...(y2 === undefined ? {} : { y2: y2 + by }),
  };
}

function movedItem(item: PageItem, by: number): PageItem {
  switch (item.type) {
    case 'line':
      return { type: 'line', item: movedLine(item.item, by) };
    case 'vector':
      return { type: 'vector', item: movedVector(item.item, by) };
    default:
      return { ...item, item: { ...item.item, y: (item.item.y ?? 0) + by } };
  }
}

/** The part of a fill or border from `from` to `to`, or undefined when it has none there. */
function clipped(vector: Vector, from: number, to: number): Vector | undefined {
  const { top, bottom } = spanOf({ type: 'vector', item: vector });
  if (bottom < from || top > to || (bottom > top && (bottom <= from || top >= to))) return undefined;
  const [begin, end] = [Math.max(top, from), Math.min(bottom, to)];
  return vector.type === 'rect' ? { ...vector, y: begin, h: end - begin } : { ...vector, y1: begin, y2: end };
}

/**
 * Cuts a block at the last end of a row in the lower half of `room`, or else between two lines. With `force` the first thing that can
 * be read is above the cut, however high it is.
 */
export function cutFragment(
  fragment: Fragment,
  room: number,
  { ends, headerRows }: RowBlock,
  force: boolean,
): Cut {
  const head = headerRows === 0 ? 0 : (ends[headerRows - 1] ?? 0);
  const solid = fragment.items.filter((item) => flexible(item) === undefined);
  const spans = new Map(solid.map((item) => [item, spanOf(item)]));
  const all = [...spans.values()];
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
  const upper: PageItem[] = [];
  const lower: PageItem[] = [];
  const down = air - cut;
  for (const item of fragment.items) {
    const span = spans.get(item);
    if (span !== undefined) {
      if (stays(span)) upper.push(item);
      else lower.push(movedItem(item, down));
      continue;
    }
    const shape = flexible(item);
    if (shape !== undefined) {
      const above = clipped(shape, Number.NEGATIVE_INFINITY, bottom);
      const below = clipped(shape, cut + tolerance, Number.POSITIVE_INFINITY);
      if (above !== undefined) upper.push({ type: 'vector', item: above });
      if (below !== undefined) lower.push({ type: 'vector', item: stretched(below, cut, down) });
    }
  }
  return {
    upper: { items: upper, height: bottom },
    lower: { items: lower, height: fragment.height + down },
    rows: { ends: ends.filter((at) => at > cut + tolerance).map((at) => at + down), headerRows: 0 },
    useful: body.some(stays),
    goesOn: all.some((span) => !stays(span)),
  };
}

/** A fill or border that is cut begins at the top of the page, the air above its text counted. */
function stretched(vector: Vector, cut: number, down: number): Vector {
  const { top } = spanOf({ type: 'vector', item: vector });
  const moved = movedVector(vector, down);
  if (top > cut + 2 * tolerance) return moved;
  const air = cut + down;
  return vector.type === 'rect'
    ? { ...moved, y: moved.y - air, h: (moved.h ?? 0) + air }
    : {
        ...moved,
        y1: Math.min(moved.y1 ?? 0, moved.y2 ?? 0) - air,
        y2: Math.max(moved.y1 ?? 0, moved.y2 ?? 0),
      };
}
