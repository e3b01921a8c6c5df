import type { DrawnPage, PdfReference } from './pdfmake.js';

/** Points of the page: left, bottom, right, top. */
export type Area = readonly [x1: number, y1: number, x2: number, y2: number];

interface Link {
  readonly page: DrawnPage;
  readonly target: string;
  readonly area: Area;
  readonly annotation: PdfReference;
}

/** Between two words of one link, in heights of its line; justified text has more, and then an area for each word. */
const mostGap = 0.6;

/**
 * Areas that can be clicked. The engine asks for one for each word; the words of a link that stand side by side get one
 * together. The latest is written when the next one begins, since it may still grow.
 */
export class LinkAreas {
  #last: Link | undefined;

  /** @param target what it leads to: words that lead to the same are joined */
  add(
    page: DrawnPage,
    target: string,
    area: Area,
    make: (data: Record<string, unknown>) => PdfReference,
    action: object,
  ): void {
    const last = this.#last;
    if (last !== undefined && last.page === page && last.target === target && isBehind(last.area, area)) {
      const [x1, y1] = last.area;
      const joined: Area = [x1, y1, area[2], area[3]];
      last.annotation.data.Rect = joined;
      this.#last = { ...last, area: joined };
      return;
    }
    this.end();
    const look = { Border: [0, 0, 0], F: printed };
    const annotation = make({ Type: 'Annot', Subtype: 'Link', Rect: area, ...look, A: action });
    page.annotations.push(annotation);
    this.#last = { page, target, area, annotation };
  }

  /** Writes the latest one. */
  end(): void {
    this.#last?.annotation.end();
    this.#last = undefined;
  }
}

/** An annotation without this flag is left out in print. */
const printed = 4;

function isBehind([, bottom, right, top]: Area, [left, otherBottom, , otherTop]: Area): boolean {
  const gap = left - right;
  const sameLine = Math.abs(bottom - otherBottom) < 0.5 && Math.abs(top - otherTop) < 0.5;
  return sameLine && gap > -1 && gap < (top - bottom) * mostGap;
}
