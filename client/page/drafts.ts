const kept = 20;

/**
 * Texts that were written here: of requests, by the job that came of them, to be changed and sent again; of designs that
 * are not stored yet, by their names.
 */
export class Drafts {
  readonly #texts = new Map<string, string>();

  put(id: string, text: string): void {
    this.#texts.set(id, text);
    const [oldest] = this.#texts.keys();
    if (this.#texts.size > kept && oldest !== undefined) this.#texts.delete(oldest);
  }

  drop(id: string): void {
    this.#texts.delete(id);
  }

  /**
   * Undefined for jobs that came from elsewhere, or long ago: the server knows what they ask for, not how it was
   * written.
   */
  get(id: string): string | undefined {
    return this.#texts.get(id);
  }
}
