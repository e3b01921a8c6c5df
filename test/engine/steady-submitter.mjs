// Submits and completes jobs without end and prints what was acknowledged. Killed by the test that runs it.
import { randomBytes } from 'node:crypto';
import { openSqliteEngine } from '../../dist/src/engine/sqlite/sqlite-engine.js';
import { jobId } from '../../dist/src/jobs/job.js';

const engine = await openSqliteEngine({
  directory: process.argv[2],
  fairness: { maxRunningPerOwner: 100, weights: {} },
});

async function submitter() {
  for (;;) {
    const now = Date.now();
    const job = {
      id: jobId(now, randomBytes(6)),
      owner: 'alice',
      kind: 'document',
      group: 'g',
      priority: 0,
      status: 'pending',
      rev: 1,
      attempt: 0,
      failures: 0,
      maxAttempts: 3,
      createdAt: now,
      readyAt: now,
      waitDeadline: now + 3_600_000,
      runTimeoutMs: 60_000,
      resultTtlMs: 3_600_000,
    };
    const input = { request: { inline: '{}' }, inputs: [] };
    const limits = { maxPending: 1_000_000, maxPendingPerOwner: 1_000_000 };
    const { position } = await engine.store.submit({ job, input, limits });
    process.stdout.write(`submitted ${job.id} ${position.seq}\n`);
  }
}

async function worker() {
  for (;;) {
    const now = Date.now();
    for (const { job } of await engine.store.claim({
      worker: 'w',
      limit: 4,
      now,
      leaseUntil: now + 60_000,
    })) {
      const claim = job.claims;
      await engine.store.apply(job.id, { type: 'start', claim }, Date.now());
      const outcome = await engine.store.apply(
        job.id,
        { type: 'complete', claim, result: { artifacts: [] } },
        Date.now(),
      );
      if (outcome.ok) process.stdout.write(`completed ${job.id} ${job.rev + 2}\n`);
    }
  }
}

await Promise.all([submitter(), submitter(), submitter(), submitter(), worker(), worker()]);
