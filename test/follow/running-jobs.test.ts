import { describe, expect, test } from 'vitest';
import type { Fact } from '../../src/engine/engine.js';
import type { JobProgress } from '../../src/engine/progress.js';
import { type LiveProgress, RunningJobs } from '../../src/follow/running-jobs.js';
import type { Job } from '../../src/jobs/job.js';
import { recordOf } from '../../src/jobs/record.js';
import { endsAttempt, type FactType, factTypes } from '../../src/protocol/fact.js';
import { aJob, start } from '../contracts/jobs-at-hand.js';

/** The table of what runs, told of facts and progress by hand; the store that it asks is a map, which answers when told to. */

const job = aJob({ status: 'running', rev: 2, attempt: 1, startedAt: start, group: 'g' });
const again = { ...job, rev: 4, attempt: 2 };

function fact(type: FactType, of: Job = job): Fact {
  const { id: jobId, owner, kind, group, rev } = of;
  const record = JSON.stringify(recordOf(of));
  return { seq: rev, at: start, type, owner, jobId, kind, rev, record, ...(group ? { group } : {}) };
}

function progress(ratio: number, { id: jobId, owner, kind, attempt }: Job = job): JobProgress {
  return { jobId, owner, kind, attempt, ratio, phase: 'drawing', group: 'g' };
}

interface Table {
  readonly running: RunningJobs;
  readonly stored: Map<string, Job>;
  readonly adopted: LiveProgress[];
  readonly errors: unknown[];
  /** Ids that were asked for. */
  readonly asked: string[];
  /** Lets the store answer, or fail. */
  answer(error?: Error): Promise<void>;
}

function open(): Table {
  const stored = new Map<string, Job>();
  const [adopted, errors, asked]: [LiveProgress[], unknown[], string[]] = [[], [], []];
  const waiting: ((error?: Error) => void)[] = [];
  const running = new RunningJobs({
    clock: () => start + 5,
    readOn: () =>
      new Promise((resolve, reject) => waiting.push((error) => (error ? reject(error) : resolve()))),
    find: async (owner, jobId) => {
      asked.push(jobId);
      const found = stored.get(jobId);
      return found?.owner === owner ? found : undefined;
    },
    adopted: (live) => adopted.push(live),
    onError: (error) => errors.push(error),
  });
  const answer = async (error?: Error): Promise<void> => {
    for (const go of waiting.splice(0)) go(error);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { running, stored, adopted, errors, asked, answer };
}

function started(of: Job = job): Table {
  const table = open();
  table.running.fact(fact('job.started', of));
  return table;
}

describe('a progress value', () => {
  test('P-3 carries the record of the start, the subject and two counts', () => {
    const { running } = started();
    running.progress(progress(0.25));
    const live = running.progress({ ...progress(0.5), pagesDone: 3, pagesTotal: 8 });
    expect(live).toMatchObject({ owner: job.owner, jobId: job.id, kind: job.kind, group: 'g', ratio: 0.5 });
    expect([live?.count, live?.number, running.number]).toEqual([2, 2, 2]);
    expect(JSON.parse(live?.text() ?? '')).toEqual({
      type: 'job.progress',
      at: new Date(start + 5).toISOString(),
      job: { ...recordOf(job), progress: 50, message: 'drawing', pages_done: 3, pages_total: 8 },
    });
    expect(running.get(job.id)).toMatchObject({ attempt: 1, ratio: 0.5, count: 2 });
    expect(running.of(job.owner)).toEqual([live]);
    expect(running.of('bob')).toEqual([]);
  });

  test('P-4 never falls within an attempt: late words are dropped and not counted', () => {
    const { running } = started();
    expect(running.progress(progress(0.5))).toBeDefined();
    expect(running.progress(progress(0.4))).toBeUndefined();
    expect(running.get(job.id)).toMatchObject({ ratio: 0.5, count: 1 });
    // The phase may change while nothing else does.
    expect(running.progress({ ...progress(0.5), phase: 'writing' })?.count).toBe(2);
  });

  test('begins anew with the next attempt, and late word of the one before is dropped', async () => {
    const { running, asked, answer } = started();
    running.progress(progress(0.9));
    running.fact(fact('job.requeued', { ...job, status: 'pending', rev: 3 }));
    running.fact(fact('job.started', again));
    expect(running.get(job.id)).toBeUndefined();
    expect(running.progress(progress(0.95))).toBeUndefined();
    expect(running.progress(progress(0.1, again))?.count).toBe(1);
    await answer();
    expect(asked).toEqual([]);
  });
});

describe('P-4 facts and the progress of an attempt', () => {
  const ends: readonly FactType[] = [
    'job.requeued',
    'job.completed',
    'job.failed',
    'job.cancelled',
    'job.deleted',
  ];

  test('an attempt ends with these facts and no others', () => {
    expect(factTypes.filter(endsAttempt)).toEqual(ends);
  });

  test.each(ends)('%s ends it, and what comes after is not told', async (type) => {
    const { running, adopted, asked, answer } = started();
    running.progress(progress(0.5));
    running.fact(fact(type, { ...job, rev: 3 }));
    expect([running.get(job.id), running.live(job.id), running.size]).toEqual([undefined, undefined, 0]);
    expect(running.progress(progress(0.6))).toBeUndefined();
    await answer();
    // The fact has told that this attempt is over: the store is not asked.
    expect([adopted, asked]).toEqual([[], []]);
  });

  // The second stands for facts that are not there yet.
  test.each<FactType>(['job.expired', 'job.produced' as FactType])(
    '%s leaves it, with the newer record',
    (type) => {
      const { running } = started();
      running.progress(progress(0.5));
      expect(running.fact(fact(type, { ...job, rev: 3, pages: 2 }))).toBeUndefined();
      expect(running.get(job.id)).toMatchObject({ ratio: 0.5, count: 1 });
      const told = JSON.parse(running.live(job.id)?.text() ?? '');
      expect(told.job).toMatchObject({ rev: 3, pages: 2, progress: 50, message: 'drawing' });
      expect(running.number).toBe(1);
      expect(running.progress(progress(0.4))).toBeUndefined();
      expect(running.progress(progress(0.6))?.count).toBe(2);
    },
  );

  test('a fact of a group concerns no job', () => {
    const { running } = started();
    running.progress(progress(0.5));
    running.fact({ ...fact('group.completed'), jobId: '', rev: 0, record: '{}' });
    expect(running.get(job.id)).toMatchObject({ ratio: 0.5 });
  });
});

describe('progress of a job whose start was not seen', () => {
  test('is adopted when the store says that the attempt runs, and can be polled at once', async () => {
    const { running, stored, adopted, asked, answer } = open();
    stored.set(job.id, job);
    expect(running.progress(progress(0.3))).toBeUndefined();
    expect(running.get(job.id)).toMatchObject({ ratio: 0.3, count: 1 });
    expect(running.progress(progress(0.4))).toBeUndefined();
    expect(running.progress(progress(0.2))).toBeUndefined();
    expect(running.of(job.owner)).toEqual([]);
    await answer();
    expect(asked).toEqual([job.id]);
    expect(adopted.map(({ ratio, count }) => [ratio, count])).toEqual([[0.4, 2]]);
    expect(JSON.parse(adopted[0]?.text() ?? '').job).toMatchObject({ rev: 2, attempt: 1, progress: 40 });
    expect(running.progress(progress(0.5))?.count).toBe(3);
  });

  test.each([
    ['has ended', { ...job, status: 'completed' as const, rev: 3 }],
    ['waits again', { ...job, status: 'pending' as const, rev: 3 }],
    ['is at the next one', again],
    ['is of somebody else', { ...job, owner: 'bob' }],
    ['is gone', undefined],
  ])('is never told when the job %s, and the store is asked once', async (_case, found) => {
    const { running, stored, adopted, asked, answer } = open();
    if (found !== undefined) stored.set(job.id, found);
    running.progress(progress(0.3));
    await answer();
    running.progress(progress(0.4));
    await answer();
    expect([adopted, asked, running.size]).toEqual([[], [job.id], 0]);
  });

  test('is told with its start when that was only unread, and the store is not asked', async () => {
    const { running, adopted, asked, answer } = open();
    running.progress(progress(0.3));
    expect(
      running.fact(fact('job.created', { ...job, status: 'pending', rev: 1, attempt: 0 })),
    ).toBeUndefined();
    expect(running.fact(fact('job.started'))?.ratio).toBe(0.3);
    await answer();
    expect([adopted, asked]).toEqual([[], []]);
  });

  test('is not told when its end comes before the answer of the store', async () => {
    const { running, stored, adopted, answer } = open();
    stored.set(job.id, job);
    running.progress(progress(0.3));
    running.fact(fact('job.completed', { ...job, status: 'completed', rev: 3 }));
    await answer();
    expect([adopted, running.size]).toEqual([[], 0]);
  });

  test('may be ahead of the facts: those of before the look leave it alone', async () => {
    const { running, stored, adopted, answer } = open();
    running.fact(fact('job.started'));
    running.progress(progress(0.9));
    stored.set(job.id, again);
    running.progress(progress(0.1, again));
    expect(running.fact(fact('job.requeued', { ...job, status: 'pending', rev: 3 }))).toBeUndefined();
    await answer();
    expect(adopted.map(({ ratio }) => ratio)).toEqual([0.1]);
    running.fact(fact('job.requeued', { ...job, status: 'pending', rev: 3 }));
    running.fact(fact('job.started', again));
    expect(running.get(job.id)).toMatchObject({ attempt: 2, ratio: 0.1, count: 1 });
    running.fact(fact('job.completed', { ...again, status: 'completed', rev: 5 }));
    expect(running.size).toBe(0);
  });

  test('is asked for again with the next value when the store failed', async () => {
    const { running, stored, adopted, errors, answer } = open();
    stored.set(job.id, job);
    running.progress(progress(0.3));
    await answer(new Error('disk'));
    expect([errors.length, running.size]).toEqual([1, 0]);
    running.progress(progress(0.4));
    await answer();
    expect(adopted.map(({ ratio }) => ratio)).toEqual([0.4]);
  });

  test('has a bound: past 64 look-ups a value is dropped, and the next one is asked for', async () => {
    const { running, stored, adopted, answer } = open();
    const jobs = Array.from({ length: 70 }, () => aJob({ status: 'running', rev: 2, attempt: 1 }));
    for (const each of jobs) {
      stored.set(each.id, each);
      running.progress(progress(0.1, each));
    }
    expect(running.size).toBe(64);
    await answer();
    for (const each of jobs) running.progress(progress(0.2, each));
    await answer();
    expect(new Set(adopted.map(({ jobId }) => jobId)).size).toBe(70);
  });

  test('is forgotten with everything else when facts were lost', async () => {
    const { running, stored, adopted, answer } = open();
    stored.set(job.id, job);
    running.progress(progress(0.3));
    running.clear();
    await answer();
    expect([adopted, running.size]).toEqual([[], 0]);
    running.progress(progress(0.4));
    await answer();
    expect(adopted).toHaveLength(1);
  });
});

test('is as large as what runs: attempts that ended are remembered up to a bound only', async () => {
  const { running, asked, answer } = open();
  const first = aJob({ status: 'running', rev: 2, attempt: 1 });
  const jobs = [first, ...Array.from({ length: 256 }, () => aJob({ status: 'running', rev: 2, attempt: 1 }))];
  for (const each of jobs) {
    running.fact(fact('job.started', each));
    running.fact(fact('job.completed', { ...each, status: 'completed', rev: 3 }));
  }
  expect(running.size).toBe(0);
  for (const each of jobs) running.progress(progress(0.1, each));
  await answer();
  expect(asked).toEqual([first.id]);
});
