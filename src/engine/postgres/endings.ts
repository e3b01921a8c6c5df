import type { AttemptEnding } from '../ending.js';
import type { WorkingSet } from './working-set.js';

/** A message of the server holds 8,000 bytes: so many, each with some forty, fit into one. */
const endingsMax = 150;

/** The attempts that a run ends and that a worker may be at: those of jobs that it was asked to cancel. */
export function endingsOf({ jobs, log }: WorkingSet): readonly AttemptEnding[] {
  return log.appended.flatMap(({ type, jobId, rev }) => {
    if (type !== 'job.cancelled') return [];
    return jobs.rows.stored(jobId)?.job.lease === undefined ? [] : [{ jobId, rev }];
  });
}

/** As messages to other nodes. */
export function messagesOf(endings: readonly AttemptEnding[]): readonly string[] {
  const pairs = endings.map(({ jobId, rev }) => [jobId, rev]);
  const messages: string[] = [];
  for (let from = 0; from < pairs.length; from += endingsMax)
    messages.push(JSON.stringify(pairs.slice(from, from + endingsMax)));
  return messages;
}

/** Trusts the text: only nodes of this service send on its channel. */
export function endingsIn(message: string): readonly AttemptEnding[] {
  const pairs = JSON.parse(message) as readonly (readonly [string, number])[];
  return pairs.map(([jobId, rev]) => ({ jobId, rev }));
}
