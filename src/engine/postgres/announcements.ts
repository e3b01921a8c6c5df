/**
 * When the others are told that the log has grown: by the commit itself, or a little later where one has told just before.
 * Each message costs the database as much as there are nodes, and each of them reads for it.
 */
export class Announcements {
  readonly #send: (last: number) => void;
  readonly #apartMs: () => number;
  #toldAt = Number.NEGATIVE_INFINITY;
  /** Whether the commit under way tells by itself. */
  #tells = false;
  #last = 0;
  #later: NodeJS.Timeout | undefined;

  /**
   * @param send tells of a commit that did not do so itself. Lossy
   * @param apartMs so far apart at least
   */
  constructor(send: (last: number) => void, apartMs: () => number) {
    this.#send = send;
    this.#apartMs = apartMs;
  }

  /** A commit is made now. @returns whether it tells by itself */
  begin(): boolean {
    const now = performance.now();
    this.#tells = now >= this.#toldAt + this.#apartMs();
    if (this.#tells) this.#toldAt = now;
    return this.#tells;
  }

  /** It has come about. @param last where the log ends with it */
  end(last: number): void {
    if (this.#tells) {
      this.close();
      return;
    }
    this.#last = last;
    const waitMs = this.#toldAt + this.#apartMs() - performance.now();
    this.#later ??= setTimeout(() => {
      this.#later = undefined;
      this.#toldAt = performance.now();
      this.#send(this.#last);
    }, waitMs).unref();
  }

  close(): void {
    clearTimeout(this.#later);
    this.#later = undefined;
  }
}
