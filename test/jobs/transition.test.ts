import { describe, expect, it } from 'vitest';
import type { Job } from '../../src/jobs/job.js';
import { recordOf } from '../../src/jobs/record.js';
import { type Command, transition } from '../../src/jobs/transition.js';
import { isTerminal } from '../../src/protocol/job-record.js';
import { aJob, anArtifact, blobName, start } from '../contracts/jobs-at-hand.js';

const now = start + 1_000;
const artifact = anArtifact(blobName('job', 'a'));

const pending = aJob();
const claimed: Job = { ...pending, claims: 1, lease: { worker: 'w1', expiresAt: start + 60_000 } };
const running: Job = {
  ...claimed,
  status: 'running',
  rev: 2,
  attempt: 1,
  startedAt: start,
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

const parts = { artifacts: [artifact, { ...artifact, name: 'second.pdf' }], artifactCount: 2 };

const states: Readonly<Record<string, Job>> = {
  pending,
  scheduled: { ...pending, readyAt: now + 1 },
  claimed,
  claimedAgain: { ...claimed, claims: 2 },
  running,
  /** Claimed once more, with what an earlier attempt has produced. */
  again: { ...claimed, ...parts, attempt: 1 },
  producing: { ...running, ...parts, produced: { from: 1, to: 2 } },
  otherClaim: { ...running, attempt: 2, claims: 2 },
  lastAttempt: { ...running, attempt: 3, claims: 3, failures: 2 },
  completed,
  expired: { ...withoutResult, expired: true, rev: 4 },
  failed: { ...pending, ...ended, status: 'failed', error: { code: 'crashed', message: 'm' } },
  cancelled: {
    ...pending,
    ...ended,
    status: 'cancelled',
    error: { code: 'cancelled', message: 'Cancelled' },
  },
  cancelledLate: {
    ...pending,
    ...ended,
    ...parts,
    status: 'cancelled',
    expiresAt: start + 5 + pending.resultTtlMs,
    error: { code: 'cancelled', message: 'Cancelled' },
  },
};

const fail = { type: 'fail', message: 'm', random: 0.5 } as const;
const commands: Readonly<Record<string, Command>> = {
  claim: { type: 'claim', worker: 'w2', leaseUntil: now + 60_000 },
  start: { type: 'start', claim: 1 },
  resume: { type: 'start', claim: 1, resume: true },
  produce: { type: 'produce', claim: 1, parts: [artifact] },
  complete: { type: 'complete', claim: 1, result: { artifacts: [{ ...artifact, name: 'end.pdf' }] } },
  failForGood: { ...fail, claim: 1, code: 'invalid_input' },
  failOnce: { ...fail, claim: 1, code: 'crashed' },
  failLast: { ...fail, claim: 3, code: 'crashed' },
  interrupt: { type: 'interrupt', claim: 1 },
  release: { type: 'release', claim: 1 },
  cancel: { type: 'cancel' },
  timeOut: { type: 'timeOut' },
  expire: { type: 'expire' },
  delete: { type: 'delete' },
};

const notClaimed = 'not-claimed';
const stale = 'stale-claim';
/** What each command does in each state: the status and the fact, or the refusal. */
const table: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  claim: {
    pending: 'pending, no fact',
    scheduled: 'not-pending',
    claimed: 'not-pending',
    claimedAgain: 'not-pending',
    running: 'not-pending',
    again: 'not-pending',
    producing: 'not-pending',
    otherClaim: 'not-pending',
    lastAttempt: 'not-pending',
    completed: 'not-pending',
    expired: 'not-pending',
    failed: 'not-pending',
    cancelled: 'not-pending',
    cancelledLate: 'not-pending',
  },
  start: { ...ofClaimOne('not-pending'), claimed: 'running, job.started', again: 'running, job.started' },
  resume: { ...ofClaimOne('not-pending'), claimed: 'running, job.started', again: 'running, job.started' },
  produce: { ...ofClaimOne('running, job.produced'), claimed: 'not-running', again: 'not-running' },
  complete: { ...ofClaimOne('completed, job.completed'), claimed: 'not-running', again: 'not-running' },
  failForGood: ofClaimOne('failed, job.failed'),
  failOnce: ofClaimOne('pending, job.requeued'),
  failLast: {
    ...ofClaimOne(stale),
    lastAttempt: 'failed, job.failed',
  },
  interrupt: {
    ...ofClaimOne('pending, job.requeued'),
    claimed: 'pending, no fact',
    again: 'pending, no fact',
  },
  release: { ...ofClaimOne('pending, job.requeued'), claimed: 'pending, no fact', again: 'pending, no fact' },
  cancel: {
    pending: 'cancelled, job.cancelled',
    scheduled: 'cancelled, job.cancelled',
    claimed: 'cancelled, job.cancelled',
    claimedAgain: 'cancelled, job.cancelled',
    running: 'cancelled, job.cancelled',
    again: 'cancelled, job.cancelled',
    producing: 'cancelled, job.cancelled',
    otherClaim: 'cancelled, job.cancelled',
    lastAttempt: 'cancelled, job.cancelled',
    completed: 'terminal',
    expired: 'terminal',
    failed: 'terminal',
    cancelled: 'terminal',
    cancelledLate: 'terminal',
  },
  timeOut: {
    pending: 'failed, job.failed',
    scheduled: 'failed, job.failed',
    claimed: 'failed, job.failed',
    claimedAgain: 'failed, job.failed',
    running: 'not-pending',
    again: 'failed, job.failed',
    producing: 'not-pending',
    otherClaim: 'not-pending',
    lastAttempt: 'not-pending',
    completed: 'not-pending',
    expired: 'not-pending',
    failed: 'not-pending',
    cancelled: 'not-pending',
    cancelledLate: 'not-pending',
  },
  expire: {
    pending: 'nothing-to-expire',
    scheduled: 'nothing-to-expire',
    claimed: 'nothing-to-expire',
    claimedAgain: 'nothing-to-expire',
    running: 'nothing-to-expire',
    again: 'nothing-to-expire',
    producing: 'nothing-to-expire',
    otherClaim: 'nothing-to-expire',
    lastAttempt: 'nothing-to-expire',
    completed: 'completed, job.expired',
    expired: 'nothing-to-expire',
    failed: 'nothing-to-expire',
    cancelled: 'nothing-to-expire',
    cancelledLate: 'cancelled, job.expired',
  },
  delete: {
    pending: 'not-terminal',
    scheduled: 'not-terminal',
    claimed: 'not-terminal',
    claimedAgain: 'not-terminal',
    running: 'not-terminal',
    again: 'not-terminal',
    producing: 'not-terminal',
    otherClaim: 'not-terminal',
    lastAttempt: 'not-terminal',
    completed: 'completed, job.deleted',
    expired: 'completed, job.deleted',
    failed: 'failed, job.deleted',
    cancelled: 'cancelled, job.deleted',
    cancelledLate: 'cancelled, job.deleted',
  },
};

function ofClaimOne(outcome: string): Record<string, string> {
  return {
    pending: notClaimed,
    scheduled: notClaimed,
    claimed: outcome,
    claimedAgain: stale,
    running: outcome,
    again: outcome,
    producing: outcome,
    otherClaim: stale,
    lastAttempt: stale,
    completed: notClaimed,
    expired: notClaimed,
    failed: notClaimed,
    cancelled: notClaimed,
    cancelledLate: notClaimed,
  };
}

const cases = Object.entries(commands).flatMap(([command, value]) =>
  Object.entries(states).map(([state, job]) => ({ command, value, state, job })),
);

describe('transition', () => {
  it.each(cases)('$command of a $state job', ({ command, value, state, job }) => {
    const changed = transition(job, value, now);
    const outcome = changed.ok ? `${changed.job.status}, ${changed.fact ?? 'no fact'}` : changed.refusal;
    expect(outcome).toBe(table[command]?.[state]);
  });

  it.each(cases)('$command of a $state job leaves a sound one', ({ value, job }) => {
    const before = structuredClone(job);
    const changed = transition(job, value, now);
    expect(job).toEqual(before);
    if (!changed.ok) return;
    const after = changed.job;
    expect(after.rev).toBe(changed.fact === undefined ? job.rev : job.rev + 1);
    if (changed.fact === undefined) expect(recordOf(after)).toEqual(recordOf(job));
    expect(after.lease !== undefined).toBe(after.status === 'running' || value.type === 'claim');
    expect(after.completedAt !== undefined).toBe(isTerminal(after.status));
    expect(recordOf(after)).toMatchObject({ job_id: job.id, rev: after.rev, status: after.status });
  });

  it('keeps the artifacts of earlier attempts for one that resumes, and drops them for one that begins anew', () => {
    const { again = pending } = states;
    const resumed = transition(again, { type: 'start', claim: 1, resume: true }, now);
    expect(resumed).toMatchObject({ job: parts });
    expect(resumed.ok && resumed.parts).toBeUndefined();
    const anew = transition(again, { type: 'start', claim: 1 }, now);
    expect(anew).toMatchObject({ parts: { type: 'remove' } });
    expect(anew.ok && 'artifacts' in anew.job).toBe(false);
  });

  it('numbers what it produces behind what is there, and says which was told of last until the attempt ends', () => {
    const { producing = pending } = states;
    const third = { ...artifact, name: 'third.pdf' };
    const produced = transition(producing, { type: 'produce', claim: 1, parts: [third] }, now);
    expect(produced).toMatchObject({
      job: { artifactCount: 3, produced: { from: 2, to: 3 } },
      parts: { type: 'append', from: 2, parts: [third] },
    });
    for (const command of [commands.cancel, commands.release, commands.failOnce, commands.interrupt]) {
      const ended = command && transition(producing, command, now);
      expect(ended?.ok && 'produced' in ended.job).toBe(false);
    }
  });

  it('tells of the pages among what it produces, a bounded number, and lists them without their placeholders', () => {
    const page = (number: number) => ({ number, width: 10, height: 20, placeholder: 'data:,' });
    const pictures = Array.from({ length: 120 }, (_, index) => ({
      ...artifact,
      name: `page-${index + 1}.png`,
      page: page(index + 1),
    }));
    const artifacts = [{ ...artifact, name: 'pages.json', pageCount: 120 }, ...pictures];
    const told = transition(running, { type: 'produce', claim: 1, parts: artifacts }, now);
    if (!told.ok) throw new Error(told.refusal);
    expect(told.job.pages).toBe(120);
    expect(told.job.produced?.pages).toHaveLength(100);
    expect(told.job.produced?.pages?.[0]).toEqual({ name: 'page-1.png', ...page(1) });
    expect(told.job.artifacts?.[1]?.page).toEqual({ number: 1, width: 10, height: 20 });
    expect(told.parts).toMatchObject({ parts: artifacts });
    const again = transition(told.job, { type: 'produce', claim: 1, parts: [artifact] }, now);
    expect(again).toMatchObject({ job: { pages: 120, produced: { to: 122 } } });
    expect(again.ok && again.job.produced).not.toHaveProperty('pages');
  });

  it('has as its result the first artifact of the end, whatever was produced before', () => {
    const { producing = pending } = states;
    const whole = { ...artifact, name: 'whole.zip', sizeBytes: 7 };
    const result = { artifacts: [whole], parts: [{ ...artifact, name: 'late.pdf' }] };
    const changed = transition(producing, { type: 'complete', claim: 1, result }, now);
    if (!changed.ok) throw new Error(changed.refusal);
    expect(changed.parts).toMatchObject({
      type: 'append',
      from: 2,
      parts: [{ name: 'late.pdf' }, whole],
    });
    const record = recordOf(changed.job);
    expect(record).toMatchObject({ artifact_count: 4, size_bytes: 7 });
    expect(record.artifacts?.map(({ name }) => name)).toEqual([
      'whole.zip',
      artifact.name,
      'second.pdf',
      'late.pdf',
    ]);
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
    expect(transition(running, { type: 'interrupt', claim: 1 }, now)).toMatchObject({
      job: { readyAt: now },
    });
    const failed = transition(running, { ...fail, claim: 1, code: 'crashed', random: 1 }, now);
    expect(failed).toMatchObject({ job: { readyAt: now + 500 } });
  });

  it.each([
    [{ type: 'interrupt' }, 10],
    [{ ...fail, code: 'crashed' }, 3],
  ] as const)('parks a job with its reason after too many of %j', (command, times) => {
    let job: Job = pending;
    const statuses: string[] = [];
    for (let attempt = 1; attempt <= times; attempt += 1) {
      const claim = transition(job, { type: 'claim', worker: 'w', leaseUntil: now }, job.readyAt);
      if (!claim.ok) throw new Error(claim.refusal);
      const started = transition(claim.job, { type: 'start', claim: attempt }, job.readyAt);
      if (!started.ok) throw new Error(started.refusal);
      const ended = transition(started.job, { ...command, claim: attempt }, now);
      if (!ended.ok) throw new Error(ended.refusal);
      job = ended.job;
      statuses.push(job.status);
    }
    expect(statuses).toEqual([...Array(times - 1).fill('pending'), 'failed']);
    expect(job).toMatchObject({ attempt: times, error: { code: 'crashed' } });
  });

  it('raises the memory of the attempt after one that ran out of it, once', () => {
    const out = { ...fail, claim: 1, code: 'out_of_memory' } as const;
    const first = transition(running, out, now);
    if (!first.ok) throw new Error(first.refusal);
    expect(first.job).toMatchObject({ status: 'pending', memoryRetry: true });
    const second = transition({ ...running, memoryRetry: true }, out, now);
    expect(second).toMatchObject({ job: { status: 'failed', error: { code: 'out_of_memory' } } });
  });
});
