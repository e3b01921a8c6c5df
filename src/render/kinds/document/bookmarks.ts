import type { Node } from './pdfmake.js';

/** Places of headings among the bookmarks of one document: each below the latest heading of a lower level. */
export class Bookmarks {
  /** The latest heading, and those above it. */
  readonly #above: { readonly level: number; readonly id: string }[] = [];
  #count = 0;

  /** Members of the node of the next heading. */
  place(level: number): Node {
    while ((this.#above.at(-1)?.level ?? 0) >= level) this.#above.pop();
    const parent = this.#above.at(-1);
    this.#count += 1;
    const id = `heading-${this.#count}`;
    this.#above.push({ level, id });
    return { id, ...(parent === undefined ? {} : { outlineParentId: parent.id }) };
  }
}
