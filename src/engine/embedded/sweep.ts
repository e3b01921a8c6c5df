import { type Command, claimOf } from '../../jobs/transition.js';
import { livesAfterTrim } from '../lives.js';
import type { SweepOutcome, SweepRequest } from '../retention.js';
import type { LibraryRules } from './library.js';
import type { LogTable, Stage, StoredJob, Tables } from './tables.js';

/** One small step of retention: for each stage in turn the jobs that are due first, until the limit is used up. */
export function sweep(
  tables: Tables,
  library: LibraryRules,
  request: SweepRequest,
  change: (stored: StoredJob, command: Command) => readonly string[],
): SweepOutcome {
  const { limit, recordTtlMs } = request;
  const now = request.now - (request.lateMs ?? 0);
  const removed: string[] = [];
  let left = limit;
  const each = (stage: Stage, by: number, command: (stored: StoredJob) => Command): number => {
    const due = left > 0 ? tables.jobs.due(stage, by, left) : [];
    for (const stored of due) removed.push(...change(stored, command(stored)));
    left -= due.length;
    return due.length;
  };
  const timedOut = each('waiting', now, () => ({ type: 'timeOut' }));
  const lost = each('running', now, ({ job }) => ({ type: 'interrupt', claim: claimOf(job) }));
  let unstarted = 0;
  each('claimed', now, ({ job }) => {
    if (job.waitDeadline > now) return { type: 'interrupt', claim: claimOf(job) };
    unstarted += 1;
    return { type: 'timeOut' };
  });
  const expired = each('result', now, () => ({ type: 'expire' }));
  const deleted = each('record', now - recordTtlMs, () => ({ type: 'delete' }));
  if (left > 0) left -= tables.idempotency.removeExpired(now, left);
  if (left > 0) left -= tables.once.removeExpired(now, left);
  if (left > 0) left -= tables.endpoints.removeExpired(now, left);
  if (left > 0) {
    const retired = library.sweep(now, left);
    removed.push(...retired.removed);
    left -= retired.changes;
  }
  const trimmed = left > 0 ? trim(tables.log, request, left) : 0;
  left -= trimmed;
  return { timedOut: timedOut + unstarted, lost, expired, deleted, trimmed, removed, more: left <= 0 };
}

function trim(log: LogTable, { now, logTtlMs, logMaxFacts }: SweepRequest, limit: number): number {
  // Numbers are given without gaps, so their difference is how many there are.
  const tooMany = Math.min(limit, log.last - log.trimmedTo - logMaxFacts);
  const count = Math.max(tooMany, log.countOlder(now - logTtlMs, limit));
  if (count <= 0) return 0;
  log.trim(log.trimmedTo + count);
  const lives = livesAfterTrim(log.lives, log.trimmedTo);
  if (lives.length < log.lives.length) log.setLives(lives);
  return count;
}
