import type { StreamItem, WatchItem } from '../../client/sdk/types.js';
import { isTerminalFact } from '../../src/protocol/fact.js';
import { isTerminal, type JobRecord } from '../../src/protocol/job-record.js';

/**
 * Holds what one feed gives against the promises of the stream, as it comes: of each job one fact after the other
 * (P-6), one end and nothing behind it but its expiry and deletion (P-7), progress that belongs to its attempt (P-4).
 */
export class Witness {
  /** What was promised and not kept, in words; empty when all is well. */
  readonly defects: string[] = [];
  /** How often the end of a job was told. */
  readonly ends = new Map<string, number>();
  /** The newest record of each job, by whatever item. */
  readonly #records = new Map<string, JobRecord>();
  /** Revision of the last fact of each job. */
  readonly #told = new Map<string, number>();
  readonly #waiting = new Set<{ readonly holds: () => boolean; readonly resolve: () => void }>();
  facts = 0;
  progress = 0;
  resets = 0;

  take(item: StreamItem | WatchItem): void {
    switch (item.type) {
      case 'reset':
        this.resets += 1;
        this.#records.clear();
        this.#told.clear();
        break;
      case 'snapshot':
        for (const job of 'jobs' in item ? item.jobs : [item.job]) this.#records.set(job.job_id, job);
        break;
      case 'job.progress':
        this.#takeProgress(item.job);
        break;
      case 'group.completed':
        break;
      default:
        if (item.job !== undefined) this.#takeFact(item.type, item.job);
    }
    for (const waiter of this.#waiting) {
      if (!waiter.holds()) continue;
      this.#waiting.delete(waiter);
      waiter.resolve();
    }
  }

  /** The newest revision of a job that was told; 0 before the first. */
  rev(jobId: string): number {
    return this.#records.get(jobId)?.rev ?? 0;
  }

  /** Resolves when enough was told. */
  until(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.add({ holds, resolve }));
  }

  #takeFact(type: Parameters<typeof isTerminalFact>[0], job: JobRecord): void {
    this.facts += 1;
    const id = job.job_id;
    const isEnd = isTerminalFact(type);
    const told = this.#told.get(id);
    // A snapshot may already hold the effect of the facts that follow it (P-18).
    const least = told === undefined ? 1 : told + 1;
    const most = told === undefined ? Math.max(2, this.rev(id) + 1) : told + 1;
    if (job.rev < least || job.rev > most)
      this.defects.push(`${id}: ${type} has rev ${job.rev}, not ${least} to ${most}`);
    if (told !== undefined && isTerminal(this.#records.get(id)?.status ?? 'pending') && isEnd)
      this.defects.push(`${id}: ${type} after its end`);
    this.#told.set(id, job.rev);
    this.#records.set(id, job);
    if (isEnd) this.ends.set(id, (this.ends.get(id) ?? 0) + 1);
  }

  #takeProgress(job: JobRecord): void {
    this.progress += 1;
    const before = this.#records.get(job.job_id);
    if (before === undefined) return;
    if (isTerminal(before.status)) this.defects.push(`${job.job_id}: progress after its end`);
    if (job.attempt === before.attempt && (job.progress ?? 0) < (before.progress ?? 0))
      this.defects.push(`${job.job_id}: progress fell from ${before.progress} to ${job.progress}`);
    if (job.rev === before.rev) this.#records.set(job.job_id, job);
  }
}

/** Lets a feed speak to a witness; resolves at the end of the feed, rejects with its error. */
export async function bear(
  feed: AsyncIterable<StreamItem> | AsyncIterable<WatchItem>,
  witness: Witness,
): Promise<void> {
  for await (const item of feed) witness.take(item);
}
