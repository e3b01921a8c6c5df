import type { Line } from './text.js';

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
}

/** `at` is the JSON pointer of what is placed. A page, or what is put together aside before it has a place. */
export interface Sheet {
  readonly size: Size;
  readonly margins: Margins;
  readonly isEmpty: boolean;
  /** `x` and `y` are the upper left corner of the line. */
  line(line: Line, x: number, y: number, at: string | undefined): void;
  /** Below everything that is there. */
  ground(box: Rectangle, color: string, at: string | undefined): void;
  /** `x2` and `y2` are the other end. */
  stroke(x1: number, y1: number, x2: number, y2: number, look: Stroke, at: string | undefined): void;
  art(art: Art, x: number, y: number, at: string | undefined): void;
}

export interface Stroke {
  readonly width: number;
  readonly color: string;
  /** Length of a dash and of the gap behind it. */
  readonly dash?: number;
}

type Item =
  | { readonly type: 'line'; readonly line: Line; readonly x: number; readonly y: number }
  | { readonly type: 'ground'; readonly box: Rectangle; readonly color: string }
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

  ground(box: Rectangle, color: string): void {
    this.#items.unshift({ type: 'ground', box, color });
  }

  stroke(x1: number, y1: number, x2: number, y2: number, look: Stroke): void {
    this.#items.push({ type: 'stroke', from: [x1, y1], to: [x2, y2], look });
  }

  art(art: Art, x: number, y: number): void {
    this.#items.push({ type: 'art', art, x, y });
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
      case 'ground': {
        const { box } = item;
        sheet.ground(
          { x: box.x + x, y: box.y + y, width: box.width, height: box.height },
          item.color,
          // Its cell says where it lies.
          undefined,
        );
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
