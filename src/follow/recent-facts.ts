import type { Fact } from '../engine/engine.js';

/** More than one commit adds: a caller looks right after its own. */
const kept = 512;

/** Remembers of which jobs the facts were that were handed out last, so that nobody asks the store what has not changed. */
export class RecentFacts {
  /** In the order of the log; every fact after `#from` that was handed out is here. */
  #facts: Pick<Fact, 'seq' | 'jobId'>[] = [];
  #from: number;

  /** @param from a place in the log: nothing is known of what came before it */
  constructor(from: number) {
    this.#from = from;
  }

  add({ seq, jobId }: Fact): void {
    this.#facts.push({ seq, jobId });
    if (this.#facts.length < 2 * kept) return;
    this.#from = this.#facts[kept - 1]?.seq ?? this.#from;
    this.#facts = this.#facts.slice(kept);
  }

  /** Whether a fact of the job was handed out that comes after a place in the log, or may have been. */
  mayHave(jobId: string, after: number): boolean {
    if (after < this.#from) return true;
    for (let at = this.#facts.length - 1; at >= 0; at -= 1) {
      const fact = this.#facts[at];
      if (fact === undefined || fact.seq <= after) return false;
      if (fact.jobId === jobId) return true;
    }
    return false;
  }
}
