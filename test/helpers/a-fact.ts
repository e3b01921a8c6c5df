import type { Fact } from '../../src/engine/engine.js';
import { recordOf } from '../../src/jobs/record.js';
import { readFilter, type SubscriptionFilter } from '../../src/protocol/messages.js';
import { aJob, start } from '../contracts/jobs-at-hand.js';

/** A fact of a job of alice's; the record fits what is asked for. */
export function aFact(seq: number, change: Partial<Fact> = {}): Fact {
  const job = aJob({
    ...(change.kind ? { kind: change.kind } : {}),
    ...(change.owner ? { owner: change.owner } : {}),
  });
  const jobId = change.jobId ?? job.id;
  return {
    seq,
    at: start + seq,
    type: 'job.created',
    owner: 'alice',
    jobId,
    kind: 'document',
    rev: 1,
    record: JSON.stringify({ ...recordOf(job), job_id: jobId }),
    ...change,
  };
}

/** What a subscription wants, as a client would write it. */
export function filter(members: Readonly<Record<string, unknown>> = {}): SubscriptionFilter {
  const read = readFilter({ topics: ['jobs'], ...members });
  if (!read.ok) throw new Error(`${read.pointer} ${read.message}`);
  return read.value;
}
