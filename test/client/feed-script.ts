import type { StreamItem } from '../../client/sdk/types.js';

/** A feed that says what a test puts into it. */
export class FeedScript implements AsyncIterable<StreamItem> {
  closed = false;
  readonly #items: StreamItem[] = [];
  #error: unknown;
  #wake: () => void = () => undefined;

  put(item: StreamItem): void {
    this.#items.push(item);
    this.#wake();
  }

  fail(error: unknown): void {
    this.#error = error;
    this.#wake();
  }

  close(): void {
    this.closed = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<StreamItem, void, undefined> {
    for (;;) {
      const item = this.#items.shift();
      if (item !== undefined) yield item;
      else if (this.#error !== undefined) throw this.#error;
      else if (this.closed) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}
