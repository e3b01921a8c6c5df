import { aside } from '../../layout/placing.js';
import { place } from '../../layout/sheet.js';
import type { Bands } from './bands.js';
import type { PaperEdges } from './outside.js';
import { type BoxTools, ownBox } from './own-boxes.js';
import type { PageSheet } from './own-sheet.js';
import type { Node, PageSize } from './pdfmake.js';

/** Headers and footers on pages of our own layout. */

const names = ['header', 'footer'] as const;

/** Every digit, so that what is set in it says whether numbers of any page can be. */
const anyNumber = 1_234_567_890;

export class OwnBands {
  readonly #placed: Readonly<Record<(typeof names)[number], ReturnType<Bands['placed']>>>;

  constructor(
    private readonly bands: Bands,
    private readonly style: Node,
    private readonly tools: BoxTools,
    private readonly edges: PaperEdges,
  ) {
    this.#placed = { header: bands.placed('header'), footer: bands.placed('footer') };
  }

  get isEmpty(): boolean {
    return names.every((name) => this.#placed[name] === undefined);
  }

  /** Whether they are the same whatever the number of pages is. */
  get isFixed(): boolean {
    return this.bands.isFixed;
  }

  /** @throws Foreign where our own layout does not draw them on a paper of these sections. */
  check(sections: readonly Node[]): void {
    if (this.isEmpty) return;
    for (const { pageSize } of sections)
      for (const name of names)
        for (const number of [1, anyNumber]) {
          const node = this.#placed[name]?.(number, anyNumber, pageSize as PageSize);
          if (node !== undefined) ownBox(node, this.style, this.tools);
        }
  }

  draw(sheet: PageSheet, number: number, pages: number): void {
    const { size } = sheet;
    for (const name of names) {
      const node = this.#placed[name]?.(number, pages, size);
      if (node === undefined) continue;
      const box = ownBox(node, this.style, this.tools);
      const y = name === 'header' ? 0 : size.height - sheet.margins.bottom;
      const at = `/${name}`;
      const onBroken = (word: string, of = at) => this.edges.noteBroken(word, of);
      place(aside(box, size.width, onBroken), sheet, 0, y, at);
    }
  }
}
