import type { Fact, Store } from '../engine/engine.js';
import { endsJob, isTerminalFact } from '../protocol/fact.js';
import { isTerminal } from '../protocol/job-record.js';

/** The end of a job that had ended at some position of the log (P-21). */
export interface JobEnd {
  /** Undefined when it is no longer in the log. */
  readonly fact: Fact | undefined;
}

const pageFacts = 100;

/**
 * How a job had ended by `seq`. Undefined when it had not ended, or when a fact after `seq` ends it (perhaps again, by
 * its deletion), which the subscriber gets when it reads on from `seq`.
 */
export async function endedBy(
  store: Store,
  owner: string,
  jobId: string,
  seq: number,
): Promise<JobEnd | undefined> {
  const job = await store.get(owner, jobId);
  if (job !== undefined && !isTerminal(job.status)) return undefined;
  // The job was looked at first: facts that are read later hold its end, unless they are trimmed.
  let fact: Fact | undefined;
  for await (const each of factsOf(store, owner, jobId, 0)) {
    if (each.seq > seq && endsJob(each.type)) return undefined;
    if (isTerminalFact(each.type)) fact = each;
  }
  return { fact };
}

/** Whether a job has ended and no fact after `seq` says so: none will ever follow (P-33). */
export async function isOverAfter(store: Store, owner: string, jobId: string, seq: number): Promise<boolean> {
  const job = await store.get(owner, jobId);
  if (job === undefined || !isTerminal(job.status)) return false;
  for await (const { type } of factsOf(store, owner, jobId, seq)) if (endsJob(type)) return false;
  return true;
}

/** Whether the log holds facts of a job after `seq`. For a job that is gone, those are the last ones to send. */
export async function hasFactsAfter(
  store: Store,
  owner: string,
  jobId: string,
  seq: number,
): Promise<boolean> {
  for await (const _fact of factsOf(store, owner, jobId, seq)) return true;
  return false;
}

/** A page may be short because the store skipped many facts: only `reached` says how far it has read. */
async function* factsOf(store: Store, owner: string, jobId: string, after: number): AsyncGenerator<Fact> {
  const { last } = await store.log();
  for (let position = after; position < last; ) {
    const page = await store.facts({ owner, jobId, after: position, limit: pageFacts });
    yield* page.facts;
    position = page.reached;
  }
}
