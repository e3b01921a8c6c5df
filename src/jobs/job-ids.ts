import { jobId } from './job.js';

/** The first byte of chance of an id counts from here at the most, so that half of its values are left to count through. */
const highestStart = 0x7f;
const highest = 0xff;

/**
 * Makes the ids that one node gives to jobs. Those of one millisecond grow, too: their first byte of chance begins anywhere in its lower half and
 * counts. So jobs of one owner are started in the order in which they came, and each index of ids grows at its end; the
 * full-text index of SQLite writes a segment of its own for every number that is lower than the one before it.
 */
export class JobIds {
  #now: number | undefined;
  #count = 0;

  /**
   * @param now milliseconds since 1970. A clock that is set back begins anew
   * @param random 6 bytes from a cryptographic source; they are changed
   */
  next(now: number, random: Uint8Array): string {
    const [first = 0] = random;
    // The 128th or a later one of a millisecond is in no order with those before it.
    this.#count = now === this.#now ? Math.min(this.#count + 1, highest) : first & highestStart;
    this.#now = now;
    random[0] = this.#count;
    return jobId(now, random);
  }
}
