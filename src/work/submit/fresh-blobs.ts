import type { Blobs } from '../../engine/blobs.js';

/** The blobs that are made for one job: without it they are of no use to anybody. */
export class FreshBlobs {
  readonly #blobs: Blobs;
  readonly #making: Promise<string | undefined>[] = [];
  #mayBeNamed = false;

  constructor(blobs: Blobs) {
    this.#blobs = blobs;
  }

  put(...what: Parameters<Blobs['put']>): Promise<string> {
    return this.#note(this.#blobs.put(...what));
  }

  keep(...what: Parameters<Blobs['keep']>): Promise<string> {
    return this.#note(this.#blobs.keep(...what));
  }

  copy(...what: Parameters<Blobs['copy']>): Promise<string | undefined> {
    return this.#note(this.#blobs.copy(...what));
  }

  /** Says that the job may have been stored: from now on they are not removed. */
  leave(): void {
    this.#mayBeNamed = true;
  }

  /** Removes them, those that are still being made as well. Never rejects: a later clean-up has what is left. */
  async discard(): Promise<void> {
    if (this.#mayBeNamed) return;
    const ends = await Promise.allSettled(this.#making);
    const made = ends.flatMap((end) =>
      end.status === 'fulfilled' && end.value !== undefined ? [end.value] : [],
    );
    await this.#blobs.remove(made).catch(() => undefined);
  }

  #note<Name extends string | undefined>(making: Promise<Name>): Promise<Name> {
    this.#making.push(making);
    return making;
  }
}
