import type { Box, Cell, Row, StackBox, TableBox } from './boxes.js';

/** What boxes are high, worked out before anything has a place: as if all columns of a table were equally wide. Points. */

/** Height of what cannot be parted from the begin of a box, its margin above included; 0 for what shows nothing. */
export function firstHeight(box: Box, room: number): number {
  const { left = 0, top = 0, right = 0 } = box.margins ?? {};
  const inner = firstInside(box, Math.max(1, room - left - right));
  return inner > 0 ? top + aroundFrame(box) + inner : 0;
}

/** What a block keeps free above and below its content. */
function aroundFrame(box: Box): number {
  const frame = box.type === 'stack' ? box.frame : undefined;
  return frame === undefined ? 0 : frame.above + frame.below;
}

function firstInside(box: Box, room: number): number {
  switch (box.type) {
    case 'text':
      return box.text.height(room, 1);
    case 'art':
      return box.art.height;
    case 'stack':
      return box.frame?.keepTogether === true ? wholeInside(box, room) : firstOf(box.boxes, room);
    case 'list':
      return firstOf(
        box.items.map((item) => item.box),
        room,
      );
    case 'columns': {
      const { columns } = box;
      return Math.max(0, ...columns.map((column) => firstHeight(column.box, room / columns.length)));
    }
    case 'table':
      return firstRows(box, room);
    case 'contents':
      return 0;
  }
}

function firstOf(boxes: readonly Box[], room: number): number {
  for (const one of boxes) {
    const height = firstHeight(one, room);
    if (height > 0) return height;
  }
  return 0;
}

/** The rows that repeat, as high as in columns of equal width, and the first line of the row below. */
function firstRows(box: TableBox, room: number): number {
  let sum = 0;
  for (let row = 0; row <= box.headerRows && row < box.rows; row++) {
    const most = row < box.headerRows ? undefined : 1;
    const height = highest(box.row(row), room, ({ box: content }, width) =>
      content.type === 'text' ? content.text.height(width, most) : 0,
    );
    sum += height + box.look.around;
  }
  return sum;
}

/** The height of the highest cell, where all columns are equally wide. */
export function highest(row: Row, room: number, heightOf: (cell: Cell, width: number) => number): number {
  const share = room / Math.max(1, row.length);
  let most = 0;
  for (const cell of row) if (cell !== undefined) most = Math.max(most, heightOf(cell, share * cell.span));
  return most;
}

/** About the height of all of a box, rather too much: as if columns without a width were equally wide, too. */
export function wholeHeight(box: Box, room: number): number {
  const { left = 0, top = 0, right = 0, bottom = 0 } = box.margins ?? {};
  return top + aroundFrame(box) + wholeInside(box, Math.max(1, room - left - right)) + bottom;
}

function wholeInside(box: Box, room: number): number {
  switch (box.type) {
    case 'text':
    case 'art':
      return ownHeight(box, room) ?? 0;
    case 'stack':
      return box.boxes.reduce((sum, inner) => sum + wholeHeight(inner, room), 0);
    case 'contents':
      return 0;
    case 'list':
      return box.items.reduce((sum, { box: inner }) => sum + wholeHeight(inner, room), 0);
    case 'columns': {
      const open = box.columns.filter(({ width }) => typeof width !== 'number').length;
      const given = box.columns.reduce((sum, { width }) => sum + (typeof width === 'number' ? width : 0), 0);
      const share = Math.max(1, (room - given) / Math.max(1, open));
      const heights = box.columns.map(({ box: content, width }) =>
        wholeHeight(content, typeof width === 'number' ? width : share),
      );
      return Math.max(0, ...heights);
    }
    case 'table': {
      let sum = 0;
      for (let row = 0; row < box.rows; row++) {
        const height = highest(box.row(row), room, (cell, width) => wholeHeight(cell.box, width));
        sum += height + box.look.around;
      }
      return sum;
    }
  }
}

/** The height of a box that is one thing, its margins left out; of others it says nothing. */
function ownHeight(box: Box, room: number): number | undefined {
  if (box.type === 'text') return box.text.height(room);
  return box.type === 'art' ? box.art.height : undefined;
}

/** Boxes behind one that are looked at; what takes no room is passed over. */
const reach = 20;
/** Boxes in a row that stay together. */
const mostKept = 6;

/** Where a box is in the stack that holds it. */
interface Place {
  readonly parent: StackBox;
  readonly index: number;
}

/** Remembers where boxes stand, and says how much room those need that stay with the next one. */
export class FollowingRoom {
  /** Made for the first of them: what is laid out aside hardly ever has one. */
  #places: WeakMap<Box, Place> | undefined;

  /** To be told of each stack before its boxes get their places. */
  enter(parent: StackBox): void {
    for (const [index, box] of parent.boxes.entries())
      if (box.keepsNext === true || box.type === 'stack') {
        this.#places ??= new WeakMap();
        this.#places.set(box, { parent, index });
      }
  }

  *#after(box: Box): Iterable<Box> {
    for (let place = this.#places?.get(box); place !== undefined; place = this.#places?.get(place.parent)) {
      const { boxes } = place.parent;
      for (let i = place.index + 1; i < boxes.length; i++) {
        const next = boxes[i];
        if (next !== undefined) yield next;
      }
    }
  }

  /** Points from the top of the margin of a box that stays with the next one; 0 where nothing says how much. */
  needed(box: Box, room: number, kept = 1): number {
    const { left = 0, top = 0, right = 0, bottom = 0 } = box.margins ?? {};
    const height = ownHeight(box, room - left - right);
    if (height === undefined) return 0;
    const after = this.after(box, room, kept);
    // The last thing of the document stands where it stands.
    return after === 0 ? 0 : top + height + bottom + after;
  }

  /** Points below the margin of a box that what follows it needs to begin on its page; 0 where nothing follows. */
  after(box: Box, room: number, kept = 1): number {
    let between = 0;
    let looked = 0;
    for (const next of this.#after(box)) {
      if (looked++ >= reach || next.breaksPage === true) return 0;
      if (next.fixed !== undefined) continue;
      const first = firstHeight(next, room);
      if (next.keepsNext === true && kept < mostKept)
        return between + Math.max(first, this.needed(next, room, kept + 1));
      if (first > 0) return between + first;
      const { top = 0, bottom = 0 } = next.margins ?? {};
      between += top + bottom;
    }
    return 0;
  }
}
