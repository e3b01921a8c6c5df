import { describe, expect, it } from 'vitest';
import type { Job } from '../../src/jobs/job.js';
import { recordOf } from '../../src/jobs/record.js';
import { type Command, transition } from '../../src/jobs/transition.js';
import { isTerminal } from '../../src/protocol/job-record.js';
import { aJob, anArtifact, blobName, start } from '../contracts/jobs-at-hand.js';

const now = start + 1_000;
const artifact = anArtifact(blobName('job', 'a'));

const pending = aJob();
const running: Job = {
  ...pending,
  status: 'running',
  rev: 2,
  attempt: 1,
  startedAt: start,
  lease: { worker: 'w1', expiresAt: start + 60_000 },
};
const ended = { completedAt: start + 5, rev: 3, attempt: 1, startedAt: start };
const completed: Job = {
  ...pending,
  ...ended,
  status: 'completed',
  artifacts: [artifact],
  expiresAt: start + 5 + pending.resultTtlMs,
};
const { artifacts: _gone, ...withoutResult } = completed;

const states: Readonly<Record<string, Job>> = {
  pending,
  unready: { ...pending, readyAt: now + 1 },
  running,
  otherAttempt: { ...running, attempt: 2 },
  lastAttempt: { ...running, attempt: 3, failures: 2 },
  completed,
  expired: { ...withoutResult, expired: true, rev: 4 },
  failed: { ...pending, ...ended, status: 'failed', error: { code: 'crashed', message: 'm' } },
  cancelled: {
    ...pending,
    ...ended,
    status: 'cancelled',
    error: { code: 'cancelled', message: 'Cancelled' },
  },
};

const fail = { type: 'fail', message: 'm', random: 0.5 } as const;
const commands: Readonly<Record<string, Command>> = {
  claim: { type: 'claim', worker: 'w2', leaseUntil: now + 60_000 },
  complete: { type: 'complete', attempt: 1, result: { artifacts: [artifact] } },
  failForGood: { ...fail, attempt: 1, code: 'invalid_input' },
  failOnce: { ...fail, attempt: 1, code: 'crashed' },
  failLast: { ...fail, attempt: 3, code: 'crashed' },
  interrupt: { type: 'interrupt', attempt: 1 },
  release: { type: 'release', attempt: 1 },
  cancel: { type: 'cancel' },
  timeOut: { type: 'timeOut' },
  expire: { type: 'expire' },
  delete: { type: 'delete' },
};

const notRunning = 'not-running';
const stale = 'stale-attempt';
/** What each command does in each state: the status and the fact, or the refusal. */
const table: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  claim: {
    pending: 'running, job.started',
    unready: 'not-pending',
    running: 'not-pending',
    otherAttempt: 'not-pending',
    lastAttempt: 'not-pending',
    completed: 'not-pending',
    expired: 'not-pending',
    failed: 'not-pending',
    cancelled: 'not-pending',
  },
  complete: ofAttemptOne('completed, job.completed'),
  failForGood: ofAttemptOne('failed, job.failed'),
  failOnce: ofAttemptOne('pending, job.requeued'),
  failLast: {
    ...ofAttemptOne(stale),
    lastAttempt: 'failed, job.failed',
  },
  interrupt: ofAttemptOne('pending, job.requeued'),
  release: ofAttemptOne('pending, job.requeued'),
  cancel: {
    pending: 'cancelled, job.cancelled',
    unready: 'cancelled, job.cancelled',
    running: 'cancelled, job.cancelled',
    otherAttempt: 'cancelled, job.cancelled',
    lastAttempt: 'cancelled, job.cancelled',
    completed: 'terminal',
    expired: 'terminal',
    failed: 'terminal',
    cancelled: 'terminal',
  },
  timeOut: {
    pending: 'failed, job.failed',
    unready: 'failed, job.failed',
    running: 'not-pending',
    otherAttempt: 'not-pending',
    lastAttempt: 'not-pending',
    completed: 'not-pending',
    expired: 'not-pending',
    failed: 'not-pending',
    cancelled: 'not-pending',
  },
  expire: {
    pending: 'nothing-to-expire',
    unready: 'nothing-to-expire',
    running: 'nothing-to-expire',
    otherAttempt: 'nothing-to-expire',
    lastAttempt: 'nothing-to-expire',
    completed: 'completed, job.expired',
    expired: 'nothing-to-expire',
    failed: 'nothing-to-expire',
    cancelled: 'nothing-to-expire',
  },
  delete: {
    pending: 'not-terminal',
    unready: 'not-terminal',
    running: 'not-terminal',
    otherAttempt: 'not-terminal',
    lastAttempt: 'not-terminal',
    completed: 'completed, job.deleted',
    expired: 'completed, job.deleted',
    failed: 'failed, job.deleted',
    cancelled: 'cancelled, job.deleted',
  },
};

function ofAttemptOne(outcome: string): Record<string, string> {
  return {
    pending: notRunning,
    unready: notRunning,
    running: outcome,
    otherAttempt: stale,
    lastAttempt: stale,
    completed: notRunning,
    expired: notRunning,
    failed: notRunning,
    cancelled: notRunning,
  };
}

const cases = Object.entries(commands).flatMap(([command, value]) =>
  Object.entries(states).map(([state, job]) => ({ command, value, state, job })),
);

describe('transition', () => {
  it.each(cases)('$command of a $state job', ({ command, value, state, job }) => {
    const changed = transition(job, value, now);
    const outcome = changed.ok ? `${changed.job.status}, ${changed.fact}` : changed.refusal;
    expect(outcome).toBe(table[command]?.[state]);
  });

  it.each(cases)('$command of a $state job leaves a sound one', ({ value, job }) => {
    const before = structuredClone(job);
    const changed = transition(job, value, now);
    expect(job).toEqual(before);
    if (!changed.ok) return;
    const after = changed.job;
    expect(after.rev).toBe(job.rev + 1);
    expect(after.lease !== undefined).toBe(after.status === 'running');
    expect(after.completedAt !== undefined).toBe(isTerminal(after.status));
    expect(recordOf(after)).toMatchObject({ job_id: job.id, rev: after.rev, status: after.status });
  });

  it('counts failures and losses apart, and a hand-back as neither', () => {
    const countsAfter = (command: Command | undefined) => {
      const changed = command && transition(running, command, now);
      return changed?.ok ? [changed.job.failures, changed.job.interruptions ?? 0] : undefined;
    };
    expect(countsAfter(commands.failOnce)).toEqual([1, 0]);
    expect(countsAfter(commands.interrupt)).toEqual([0, 1]);
    expect(countsAfter(commands.release)).toEqual([0, 0]);
  });

  it('makes what lost its lease ready at once, and what failed after its delay', () => {
    expect(transition(running, { type: 'interrupt', attempt: 1 }, now)).toMatchObject({
      job: { readyAt: now },
    });
    const failed = transition(running, { ...fail, attempt: 1, code: 'crashed', random: 1 }, now);
    expect(failed).toMatchObject({ job: { readyAt: now + 500 } });
  });

  it.each([
    [{ type: 'interrupt' }, 10],
    [{ ...fail, code: 'crashed' }, 3],
  ] as const)('parks a job with its reason after too many of %j', (command, times) => {
    let job: Job = pending;
    const statuses: string[] = [];
    for (let attempt = 1; attempt <= times; attempt += 1) {
      const started = transition(job, { type: 'claim', worker: 'w', leaseUntil: now }, job.readyAt);
      if (!started.ok) throw new Error(started.refusal);
      const ended = transition(started.job, { ...command, attempt }, now);
      if (!ended.ok) throw new Error(ended.refusal);
      job = ended.job;
      statuses.push(job.status);
    }
    expect(statuses).toEqual([...Array(times - 1).fill('pending'), 'failed']);
    expect(job).toMatchObject({ attempt: times, error: { code: 'crashed' } });
  });

  it('raises the memory of the attempt after one that ran out of it, once', () => {
    const out = { ...fail, attempt: 1, code: 'out_of_memory' } as const;
    const first = transition(running, out, now);
    if (!first.ok) throw new Error(first.refusal);
    expect(first.job).toMatchObject({ status: 'pending', memoryRetry: true });
    const second = transition({ ...running, memoryRetry: true }, out, now);
    expect(second).toMatchObject({ job: { status: 'failed', error: { code: 'out_of_memory' } } });
  });
});
