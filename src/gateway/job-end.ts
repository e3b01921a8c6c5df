import type { Fact, Store } from '../engine/engine.js';
import { endsJob, isTerminalFact } from '../protocol/fact.js';
import { isTerminal } from '../protocol/job-record.js';

/** What is to be told of a job that had ended at some place in the log (P-21). */
export interface JobEnd {
  /** Undefined when it is no longer in the log. */
  readonly fact: Fact | undefined;
}

const pageFacts = 100;

/**
 * How a job had ended by `seq`; undefined when it had not, or when a fact after `seq` ends it (once more: by its
 * deletion), so that going on from `seq` will tell.
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

/** Whether a job has ended and nothing after `seq` says so: nothing will ever come again (P-33). */
export async function isOverAfter(store: Store, owner: string, jobId: string, seq: number): Promise<boolean> {
  const job = await store.get(owner, jobId);
  if (job === undefined || !isTerminal(job.status)) return false;
  for await (const { type } of factsOf(store, owner, jobId, seq)) if (endsJob(type)) return false;
  return true;
}

/** Whether the log holds facts of a job after `seq`: of a job that is gone, the end of what there is to tell. */
export async function hasFactsAfter(
  store: Store,
  owner: string,
  jobId: string,
  seq: number,
): Promise<boolean> {
  for await (const _fact of factsOf(store, owner, jobId, seq)) return true;
  return false;
}

/** A page may be short because the store passed over much: only `reached` tells how far it is. */
async function* factsOf(store: Store, owner: string, jobId: string, after: number): AsyncGenerator<Fact> {
  const { last } = await store.log();
  for (let position = after; position < last; ) {
    const page = await store.facts({ owner, jobId, after: position, limit: pageFacts });
    yield* page.facts;
    position = page.reached;
  }
}
