/** Closes in reverse what was opened in order. */
export class CloseStack {
  readonly #parts: { close(): unknown }[] = [];

  add<T extends { close(): unknown }>(part: T): T {
    this.#parts.push(part);
    return part;
  }

  async close(): Promise<void> {
    for (const part of this.#parts.splice(0).reverse()) await part.close();
  }
}
