import { isFrame } from './frame-shapes.js';
import type { Inline } from './page-items.js';
import type { Node, TextNode } from './pdfmake.js';

/**
 * What has to be left of a page for a heading to begin on it: its own lines and the first line, row or picture of what
 * follows. Heights are worked out from the measured words, before anything has a place.
 */

/** Nodes behind a heading that are looked at; what takes no room is passed over. */
const reach = 20;
/** Headings in a row that stay together. */
const mostHeadings = 6;
/** About the space above and below the words of a table's row. */
const rowAir = 8;

/** Where a node is in the stack that holds it. */
interface Place {
  readonly parent: Node;
  readonly stack: readonly Node[];
  readonly index: number;
}

function nodesIn(value: unknown): readonly Node[] {
  return Array.isArray(value) ? value : [];
}

/** A heading, or what the caller keeps with what follows it. */
export function staysWithNext(node: Node): boolean {
  return node.outline === true || node.keepNext === true;
}

/** The whole height of a node that is one thing; of others it says nothing. */
function ownHeight({ _inlines, _height, _minHeight }: TextNode, room: number): number | undefined {
  if (_inlines !== undefined) return linesHeight(_inlines, room);
  const height = _height ?? _minHeight;
  return typeof height === 'number' ? height : undefined;
}

/** Points: left, top, right, bottom. */
function marginOf({ _margin: margin }: Node): readonly [number, number, number, number] {
  const [left = 0, top = 0, right = 0, bottom = 0] = Array.isArray(margin) ? (margin as number[]) : [];
  return [left, top, right, bottom];
}

/** Height of the first lines of a paragraph that is `room` points wide; of all when `most` is left out. */
function linesHeight(words: readonly Inline[], room: number, most = Number.POSITIVE_INFINITY): number {
  let [height, line, width, lines] = [0, 0, 0, 1];
  let ended = false;
  for (const word of words) {
    if (ended || (width > 0 && width + word.width - (word.trailingCut ?? 0) > room)) {
      if (lines >= most) break;
      height += line;
      lines++;
      [line, width] = [0, 0];
    }
    width += word.width;
    line = Math.max(line, word.height ?? 0);
    ended = word.lineEnd === true;
  }
  return height + line;
}

/** Remembers where headings stand, and says how much room they need. */
export class HeadingRoom {
  readonly #places = new WeakMap<Node, Place>();

  /** To be told of each stack before its nodes get their places. */
  enter(parent: Node): void {
    const stack = nodesIn(parent.stack);
    for (const [index, node] of stack.entries()) {
      if (staysWithNext(node) || Array.isArray(node.stack)) this.#places.set(node, { parent, stack, index });
    }
  }

  *#after(node: Node): Iterable<Node> {
    let place = this.#places.get(node);
    while (place !== undefined) {
      for (let i = place.index + 1; i < place.stack.length; i++) {
        const next = place.stack[i];
        if (next !== undefined) yield next;
      }
      place = this.#places.get(place.parent);
    }
  }

  /**
   * Points from the top of the margin of a heading, or of another node that stays with the next one, where there are `room`
   * points across; 0 where nothing says how much.
   */
  needed(node: TextNode, room: number, headings = 1): number {
    const [left, top, right, bottom] = marginOf(node);
    const height = ownHeight(node, room - left - right);
    if (height === undefined) return 0;
    const own = top + height + bottom;
    const after = this.following(node, room, headings);
    // The last thing of the document stands where it stands.
    return after === 0 ? 0 : own + after;
  }

  /** Points below the margin of a node that what follows it needs to begin on its page; 0 where nothing follows. */
  following(node: Node, room: number, headings = 1): number {
    let between = 0;
    let looked = 0;
    for (const next of this.#after(node)) {
      if (looked++ >= reach || next.pageBreak !== undefined) return 0;
      if (next.absolutePosition !== undefined) continue;
      const first = firstHeight(next, room);
      if (staysWithNext(next) && headings < mostHeadings)
        return between + Math.max(first, this.needed(next, room, headings + 1));
      if (first > 0) return between + first;
      const [, top, , bottom] = marginOf(next);
      between += top + bottom;
    }
    return 0;
  }
}

/** Height of what cannot be parted from the beginning of a node, its margin above included; 0 for what shows nothing. */
export function firstHeight(node: TextNode, room: number): number {
  const [left, top, right] = marginOf(node);
  const inner = firstInside(node, Math.max(1, room - left - right));
  return inner > 0 ? top + aroundFrame(node) + inner : 0;
}

/** What a block keeps free above and below its content on each page, points. */
function aroundFrame({ frame }: Node): number {
  return isFrame(frame) ? frame.above + frame.below : 0;
}

function firstInside(node: TextNode, room: number): number {
  if (isKept(node)) return wholeInside(node, room);
  if (node._inlines !== undefined) return linesHeight(node._inlines, room, 1);
  const children = nodesIn(node.stack ?? node.ul ?? node.ol);
  for (const child of children) {
    const height = firstHeight(child, room);
    if (height > 0) return height;
  }
  const columns = nodesIn(node.columns);
  if (columns.length > 0)
    return Math.max(...columns.map((column) => firstHeight(column, room / columns.length)));
  if (isTable(node)) return firstRows(node.table, room);
  if (typeof node._height === 'number') return node._height;
  return typeof node._minHeight === 'number' ? node._minHeight : 0;
}

/** A block that is one piece. */
function isKept({ frame }: Node): boolean {
  return isFrame(frame) && frame.keepTogether;
}

/** About the height of all of a node, rather too much: as if columns without a width and those of tables were equally wide. */
export function wholeHeight(node: TextNode, room: number): number {
  const [left, top, right, bottom] = marginOf(node);
  return top + aroundFrame(node) + wholeInside(node, Math.max(1, room - left - right)) + bottom;
}

function wholeInside(node: TextNode, room: number): number {
  const own = ownHeight(node, room);
  if (own !== undefined && !isTable(node)) return own;
  const columns = nodesIn(node.columns);
  if (columns.length > 0) {
    const widths = columns.map(({ width }) => (typeof width === 'number' ? width : undefined));
    const open = widths.filter((width) => width === undefined).length;
    const left = room - widths.reduce<number>((sum, width) => sum + (width ?? 0), 0);
    const share = Math.max(1, left / Math.max(1, open));
    return Math.max(...columns.map((column, i) => wholeHeight(column, widths[i] ?? share)));
  }
  if (isTable(node)) {
    const { body, around = rowAir } = node.table;
    return body.reduce((sum, row) => {
      const share = room / Math.max(1, row.length);
      return (
        sum + Math.max(0, ...row.map((cell) => wholeHeight(cell, share * Number(cell.colSpan ?? 1)))) + around
      );
    }, 0);
  }
  return nodesIn(node.stack ?? node.ul ?? node.ol).reduce((sum, inner) => sum + wholeHeight(inner, room), 0);
}

interface Rows {
  readonly body: readonly (readonly TextNode[])[];
  readonly headerRows?: number;
  /** Padding and borders of a row, points. */
  readonly around?: number;
}

function isTable(node: Node): node is Node & { readonly table: Rows } {
  return typeof node.table === 'object' && node.table !== null;
}

/** The rows that repeat, as high as in columns of equal width, and the first line of the row below. */
function firstRows({ body, headerRows = 0, around = rowAir }: Rows, room: number): number {
  const rows = body.slice(0, headerRows + 1);
  return rows.reduce((sum, row, y) => {
    const share = room / Math.max(1, row.length);
    const heights = row.map((cell) =>
      linesHeight(cell._inlines ?? [], share * Number(cell.colSpan ?? 1), y < headerRows ? undefined : 1),
    );
    return sum + Math.max(0, ...heights) + around;
  }, 0);
}
