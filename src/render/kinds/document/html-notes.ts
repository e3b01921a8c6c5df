import type { ImageSource } from './model.js';

/** Takes the `src` of an `img`; a string is the reason for which it is not drawn. `sized`: both sizes are stated. */
export type HtmlImages = (source: string, sized: boolean) => ImageSource | string;

/** What of a fragment will not be on the page, for warnings: nothing is left out without a word. */
export class HtmlNotes {
  readonly #elements = new Set<string>();
  #images = 0;
  #firstImage = '';
  #links = 0;
  #firstLink = '';

  element(tag: string): void {
    if (this.#elements.size < 20) this.#elements.add(`<${tag.slice(0, 40)}>`);
  }

  image(source: string, reason: string): void {
    if (this.#images === 0)
      this.#firstImage = `${reason}: ${source === '' ? 'no src' : source.slice(0, 100)}`;
    this.#images++;
  }

  link(address: string): void {
    if (this.#links === 0) this.#firstLink = address.slice(0, 100);
    this.#links++;
  }

  /** A sentence for each kind of thing. */
  get messages(): readonly string[] {
    return [
      ...(this.#elements.size === 0 ? [] : [`Not drawn: ${[...this.#elements].join(', ')}`]),
      ...(this.#images === 0
        ? []
        : [`An image is not drawn (${this.#firstImage})${inAll(this.#images, 'images')}`]),
      ...(this.#links === 0
        ? []
        : [
            `A link does not lead to an http, https, mailto or tel address and is set as text (${this.#firstLink})${inAll(this.#links, 'links')}`,
          ]),
    ];
  }
}

function inAll(count: number, what: string): string {
  return count > 1 ? `; ${count} ${what} in all` : '';
}
