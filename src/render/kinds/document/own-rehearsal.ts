import type { Section } from '../../layout/boxes.js';
import { type Pages, Placing } from '../../layout/placing.js';
import { lowest, type Margins, type Mark, type Sheet, type Size } from '../../layout/sheet.js';
import { foreign } from './own-nodes.js';

/** A page of which nothing is kept. */
class BlankSheet implements Sheet {
  isEmpty = true;

  constructor(
    readonly size: Size,
    readonly margins: Margins,
  ) {}

  mark(): Mark {
    return this.isEmpty ? lowest : 0;
  }

  #note(): void {
    this.isEmpty = false;
  }

  line = this.#note;
  ground = this.#note;
  fill = this.#note;
  stroke = this.#note;
  art = this.#note;
}

const pages: Pages = {
  open: (size, margins) => new BlankSheet(size, margins),
  close: () => undefined,
  placed: () => undefined,
};

/**
 * Lays a document out for nothing but to see whether a page ends within rows that a cell is over, before one is written.
 * @throws Foreign where one does
 */
export function rehearse(sections: readonly Section[]): void {
  new Placing(
    pages,
    () => undefined,
    () => foreign('a page that ends within rows that a cell is over'),
  ).sections(sections);
}
