import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { dist } from './server.mjs';

const { jobId } = await import(join(dist, 'jobs/job.js'));

const dayMs = 86_400_000;

/** A job as the store is given it. @param {string} owner */
export function pendingJob(owner) {
  const now = Date.now();
  return {
    id: jobId(now, randomBytes(6)),
    owner,
    kind: 'document',
    priority: 0,
    status: 'pending',
    rev: 1,
    attempt: 0,
    failures: 0,
    maxAttempts: 3,
    createdAt: now,
    readyAt: now,
    waitDeadline: now + dayMs,
    runTimeoutMs: 60_000,
    resultTtlMs: dayMs,
  };
}
