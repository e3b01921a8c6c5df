import type { Area } from '../../kind.js';

/** A place on a page, points from its upper left corner. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

const rounded = (length: number) => Math.round(length * 10) / 10;

/** Where the parts of a request lie: for each part and page the box around all that it has placed there. */
export class Areas {
  readonly #boxes = new Map<string, Box>();

  /** `page` from 1; `pointer` is the part's. */
  add(box: Box, page: number, pointer: string): void {
    const key = `${page} ${pointer}`;
    const known = this.#boxes.get(key);
    const whole =
      known === undefined
        ? box
        : {
            left: Math.min(known.left, box.left),
            top: Math.min(known.top, box.top),
            right: Math.max(known.right, box.right),
            bottom: Math.max(known.bottom, box.bottom),
          };
    this.#boxes.set(key, whole);
  }

  tell(to: (area: Area) => void): void {
    for (const [key, { left, top, right, bottom }] of this.#boxes) {
      const space = key.indexOf(' ');
      to({
        page: Number(key.slice(0, space)),
        x: rounded(left),
        y: rounded(top),
        width: rounded(right - left),
        height: rounded(bottom - top),
        pointer: key.slice(space + 1),
      });
    }
  }
}
