import type { Line } from './line.js';

/** What is placed on pages. Lengths are points, places from the upper left corner. */

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Margins {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Anything else that has a place and draws itself. */
export interface Art {
  readonly width: number;
  readonly height: number;
  /** Where it begins and ends below its corner. */
  readonly top: number;
  readonly bottom: number;
  /** With another begin and end; left out where it is one piece. */
  reshaped?(top: number, bottom: number): Art;
  /** No wider than the room across; left out where it is always as wide as it is. */
  shrunk?(room: number): Art;
}

/** A place in the order in which things are drawn on a sheet. */
export type Mark = number;
/** Below everything. */
export const lowest: Mark = -1;

/** `at` is the JSON pointer of what is placed. A page, or what is put together aside before it has a place. */
export interface Sheet {
  readonly size: Size;
  readonly margins: Margins;
  readonly isEmpty: boolean;
  /** `x` and `y` are the upper left corner of the line. */
  line(line: Line, x: number, y: number, at: string | undefined): void;
  /** Where the next thing comes. What is drawn later at this place does not move it. */
  mark(): Mark;
  /** Below everything that is there. */
  ground(box: Rectangle, color: string, at: string | undefined): void;
  /** Below what was placed since `from`; above everything where that is left out. */
  fill(box: Rectangle, color: string, at: string | undefined, from?: Mark): void;
  /** `x2` and `y2` are the other end. */
  stroke(x1: number, y1: number, x2: number, y2: number, look: Stroke, at: string | undefined): void;
  /** `from` is as for `fill`. */
  art(art: Art, x: number, y: number, at: string | undefined, from?: Mark): void;
}

export interface Stroke {
  readonly width: number;
  readonly color: string;
  /** Length of a dash and of the gap behind it. */
  readonly dash?: number;
}

export type Item =
  | { readonly type: 'line'; readonly line: Line; readonly x: number; readonly y: number }
  | { readonly type: 'ground' | 'fill'; readonly box: Rectangle; readonly color: string }
  | {
      readonly type: 'stroke';
      readonly from: readonly [number, number];
      readonly to: readonly [number, number];
      readonly look: Stroke;
    }
  | { readonly type: 'art'; readonly art: Art; readonly x: number; readonly y: number };

/** What was put together aside. */
export interface Fragment {
  /** Grounds first, each below the one before. */
  readonly items: readonly Item[];
  readonly height: number;
}

const none: Margins = { left: 0, top: 0, right: 0, bottom: 0 };

/** A sheet of its own, without end. */
export class AsideSheet implements Sheet {
  readonly size: Size;
  readonly margins = none;
  readonly #items: Item[] = [];

  constructor(width: number) {
    this.size = { width, height: Number.POSITIVE_INFINITY };
  }

  get isEmpty(): boolean {
    return this.#items.length === 0;
  }

  line(line: Line, x: number, y: number): void {
    this.#items.push({ type: 'line', line, x, y });
  }

  mark(): Mark {
    return this.#items.length;
  }

  ground(box: Rectangle, color: string): void {
    this.#items.unshift({ type: 'ground', box, color });
  }

  fill(box: Rectangle, color: string, _at: string | undefined, from = this.mark()): void {
    this.#items.splice(Math.max(0, from), 0, { type: 'fill', box, color });
  }

  stroke(x1: number, y1: number, x2: number, y2: number, look: Stroke): void {
    this.#items.push({ type: 'stroke', from: [x1, y1], to: [x2, y2], look });
  }

  art(art: Art, x: number, y: number, _at?: string, from = this.mark()): void {
    this.#items.splice(Math.max(0, from), 0, { type: 'art', art, x, y });
  }

  fragment(height: number): Fragment {
    return { items: [...this.#items], height };
  }
}

/** Places what was put together aside with its corner at `x` and `y`; `at` says what it is of. */
export function place({ items }: Fragment, sheet: Sheet, x: number, y: number, at: string | undefined): void {
  for (const item of items) {
    switch (item.type) {
      case 'line':
        sheet.line(item.line, item.x + x, item.y + y, at);
        break;
      case 'ground':
      case 'fill': {
        const { box } = item;
        const moved = { x: box.x + x, y: box.y + y, width: box.width, height: box.height };
        if (item.type === 'fill') sheet.fill(moved, item.color, at);
        // Its cell says where it lies.
        else sheet.ground(moved, item.color, undefined);
        break;
      }
      case 'stroke': {
        const { from, to, look } = item;
        sheet.stroke(from[0] + x, from[1] + y, to[0] + x, to[1] + y, look, at);
        break;
      }
      case 'art':
        sheet.art(item.art, item.x + x, item.y + y, at);
        break;
    }
  }
}
