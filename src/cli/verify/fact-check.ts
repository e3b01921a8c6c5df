import { parseCursor } from '../../protocol/cursor.js';
import type { StreamEvent } from '../../protocol/event.js';
import { isTerminalFact } from '../../protocol/fact.js';

/** Counts of wrong facts that one client got; all zero is right. */
export interface Faults {
  /** Facts whose `rev` is not the next one of their job (P-6). */
  readonly gaps: number;
  /** Facts that came again. */
  readonly repeats: number;
  /** Facts that came before an earlier one of the log. */
  readonly reorders: number;
  /** Jobs whose terminal fact never came. */
  readonly lostEnds: number;
}

/** Checks every fact as it comes. Knows the protocol only: it can be turned on any server that speaks it. */
export class FactCheck {
  readonly #revs = new Map<string, number>();
  readonly #ended = new Set<string>();
  readonly #seen = new Set<string>();
  #last: { epoch: string; seq: number } | undefined;
  #gaps = 0;
  #repeats = 0;
  #reorders = 0;
  #facts = 0;

  get facts(): number {
    return this.#facts;
  }

  get ended(): number {
    return this.#ended.size;
  }

  take(event: StreamEvent): void {
    this.#facts += 1;
    const position = parseCursor(event.id);
    if (this.#seen.has(event.id)) {
      this.#repeats += 1;
      return;
    }
    this.#seen.add(event.id);
    const late =
      position !== undefined && this.#last?.epoch === position.epoch && position.seq < this.#last.seq;
    if (late) this.#reorders += 1;
    else this.#last = position;
    const { job } = event;
    if (job === undefined) return;
    if (job.rev !== (this.#revs.get(job.job_id) ?? 0) + 1) this.#gaps += 1;
    this.#revs.set(job.job_id, job.rev);
    if (isTerminalFact(event.type)) this.#ended.add(job.job_id);
  }

  /** @param jobs all that were submitted */
  faults(jobs: readonly string[]): Faults {
    return {
      gaps: this.#gaps,
      repeats: this.#repeats,
      reorders: this.#reorders,
      lostEnds: jobs.filter((id) => !this.#ended.has(id)).length,
    };
  }
}
