import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type JobFilter, queryOf } from '../../client/page/job-filter.js';
import { JobStore, maxRows } from '../../client/page/job-store.js';
import type { JobRecord, JobStatus } from '../../src/protocol/job-record.js';

const start = Date.parse('2026-11-22T08:00:00Z');

/** @param n of the job: later ones are newer */
function job(n: number, change: Partial<JobRecord> = {}): JobRecord {
  const id = `job_${n.toString(16).padStart(24, '0')}`;
  return {
    job_id: id,
    status: 'pending',
    kind: 'document',
    rev: 1,
    created_at: new Date(start + n * 1000).toISOString(),
    attempt: 0,
    priority: 0,
    events_url: `/api/v1/jobs/${id}/events`,
    ...change,
  };
}

const running = (n: number, progress: number, change: Partial<JobRecord> = {}): JobRecord =>
  job(n, { status: 'running', rev: 2, attempt: 1, progress, ...change });

function shown(store: JobStore, filter: JobFilter = {}): number[] {
  const view = store.open(filter);
  const numbers = view.rows.map((row) => Number.parseInt(row.record.job_id.slice(4), 16));
  view.close();
  return numbers;
}

describe('the jobs that the page knows', () => {
  test('are in order, newest first, whatever the order in which they come', () => {
    const store = new JobStore();
    for (const n of [3, 1, 5, 2, 4]) store.take(job(n));
    expect(shown(store)).toEqual([5, 4, 3, 2, 1]);
  });

  test('are in the other order where that is asked for, also those that come and go later', () => {
    const store = new JobStore();
    for (const n of [3, 1, 5]) store.take(job(n));
    const view = store.open({ order: 'oldest' });
    for (const n of [2, 4, 6]) store.take(job(n));
    store.remove(job(5).job_id);
    expect(view.rows.map(({ record }) => record.job_id)).toEqual([1, 2, 3, 4, 6].map((n) => job(n).job_id));
    expect(view.rows.map((row) => view.indexOf(row))).toEqual([0, 1, 2, 3, 4]);
    view.filter = {};
    expect(view.rows).toHaveLength(5);
    expect(view.rows[0]?.record.job_id).toBe(job(6).job_id);
    view.close();
  });

  test('jobs of the same instant are in order of their ids, the same for every reader', () => {
    const same = { created_at: new Date(start).toISOString() };
    const one = new JobStore();
    for (const n of [1, 2, 3]) one.take(job(n, same));
    const other = new JobStore();
    for (const n of [3, 1, 2]) other.take(job(n, same));
    expect(shown(one)).toEqual(shown(other));
  });

  test('P-61 a record of an earlier revision changes nothing', () => {
    const store = new JobStore();
    store.take(job(1, { rev: 3, status: 'completed' }));
    expect(store.take(job(1, { rev: 2, status: 'running' }))).toBe(false);
    expect(store.get(job(1).job_id)?.status).toBe('completed');
  });

  test('P-61 progress of an earlier revision or attempt changes nothing', () => {
    const store = new JobStore();
    store.take(job(1, { rev: 4, status: 'running', attempt: 2, progress: 10 }));
    expect(store.takeProgress(running(1, 90), 0)).toBe(false);
    expect(store.takeProgress(running(1, 90, { rev: 4, attempt: 1 }), 0)).toBe(false);
    expect(store.takeProgress(running(1, 20, { rev: 4, attempt: 2 }), 0)).toBe(true);
    expect(store.get(job(1).job_id)?.record.progress).toBe(20);
  });

  test('P-4 progress never goes back, also when an answer was written before the last value', () => {
    const store = new JobStore();
    store.takeProgress(running(1, 40), 0);
    expect(store.take(running(1, 30))).toBe(false);
    expect(store.get(job(1).job_id)?.record.progress).toBe(40);
  });

  test('a deleted job is in no view any more', () => {
    const store = new JobStore();
    const view = store.open({ status: 'pending' });
    store.take(job(1));
    store.take(job(2));
    store.remove(job(1).job_id);
    expect(view.rows.map((row) => row.record.job_id)).toEqual([job(2).job_id]);
    expect(store.kinds.get('document')).toBe(1);
  });

  test('a job goes from one state to the other in all views at once', () => {
    const store = new JobStore();
    const [pending, done] = [store.open({ status: 'pending' }), store.open({ status: 'completed' })];
    store.take(job(1));
    expect([pending.rows.length, done.rows.length]).toEqual([1, 0]);
    store.take(job(1, { rev: 3, status: 'completed' }));
    expect([pending.rows.length, done.rows.length]).toEqual([0, 1]);
    expect(pending.counts()).toMatchObject({ pending: 0, completed: 1 });
  });

  test('a search finds jobs that have all its words, in any case', () => {
    const store = new JobStore();
    store.take(job(1, { group: 'Letters', kind: 'merge' }));
    store.take(job(2, { group: 'letters', status: 'failed', error: 'The page is too wide' }));
    store.take(job(3));
    expect(shown(store, { text: 'LETTERS' })).toEqual([2, 1]);
    expect(shown(store, { text: 'letters wide' })).toEqual([2]);
    expect(shown(store, { text: 'group:let kind:me' })).toEqual([1]);
    expect(shown(store, { text: 'status:failed' })).toEqual([2]);
    expect(shown(store, { text: job(3).job_id })).toEqual([3]);
    expect(shown(store, { text: 'nothing' })).toEqual([]);
  });

  test('a search finds what was said of a job, as the server does: without accents, by parts of words', () => {
    const store = new JobStore();
    store.take(job(1, { title: 'Müller & Söhne', reference: 'INV-2026/7', tags: ['Eilig', 'q3'] }));
    store.take(job(2, { metadata: { customer: 'Łódź 5' }, file_name: 'letter.pdf', tags: ['q3'] }));
    store.take(job(3));
    expect(shown(store, { text: 'muller söhne' })).toEqual([1]);
    expect(shown(store, { text: 'ohne 2026-7' })).toEqual([1]);
    expect(shown(store, { text: 'lodz letter' })).toEqual([2]);
    expect(shown(store, { text: 'tag:ei ref:inv' })).toEqual([1]);
    expect(shown(store, { tag: 'q3' })).toEqual([2, 1]);
    expect(shown(store, { tag: 'q' })).toEqual([]);
    expect(shown(store, { tag: 'q3', text: 'pdf' })).toEqual([2]);
  });

  test('the server is asked for what is searched, in its own terms', () => {
    expect(queryOf({})).toEqual({});
    expect(queryOf({ text: ' a  B ', tag: 't', kind: 'merge' })).toEqual({
      search: 'a B',
      tag: 't',
      kind: 'merge',
    });
    expect(queryOf({ text: 'tag:Eilig x status:failed Group:q' })).toEqual({
      search: 'Eilig x q',
      status: 'failed',
    });
    expect(queryOf({ text: 'status:fail', status: 'running' })).toEqual({ status: 'running' });
    expect(queryOf({ text: 'x'.repeat(300) }).search).toHaveLength(256);
    const words = Array.from({ length: 20 }, (_, n) => `word${n}`);
    expect(queryOf({ text: words.join(' ') }).search?.split(' ')).toEqual(words.slice(0, 16));
    // Repeated words count once, punctuation ends one.
    expect(queryOf({ text: `${'a-b '.repeat(20)}c` }).search).toBe(`${'a-b '.repeat(20)}c`);
  });

  test('a search finds the words of the newest record, not of the one before', () => {
    const store = new JobStore();
    const view = store.open({ text: 'wide' });
    store.take(job(1));
    store.take(job(1, { rev: 2, status: 'failed', error: 'too wide' }));
    expect(view.rows).toHaveLength(1);
  });

  test('the oldest jobs that have ended leave a list that is too long; one that waits stays', () => {
    const store = new JobStore();
    store.take(job(0));
    for (let n = 1; n <= 20_010; n++) store.take(job(n, { rev: 3, status: 'completed' }));
    expect(store.rows).toHaveLength(20_000);
    expect(store.get(job(0).job_id)).toBeDefined();
    expect(store.get(job(1).job_id)).toBeUndefined();
    expect(store.get(job(20_010).job_id)).toBeDefined();
  });

  test('older jobs that a person loads stay, up to a bound', () => {
    const store = new JobStore();
    for (let n = 1; n <= 20_000; n++) store.take(job(100_000 + n, { rev: 3, status: 'completed' }));
    for (let page = 0; page < 200; page++) {
      const from = 100_000 - page * 200;
      store.takeOlder(
        Array.from({ length: 200 }, (_, index) => job(from - index, { rev: 3, status: 'completed' })),
      );
    }
    expect(store.get(job(100_000).job_id)).toBeDefined();
    expect(store.rows).toHaveLength(maxRows);
  });

  test('every view holds what a filter of all records would give, after any history', () => {
    const status = fc.constantFrom<JobStatus>('pending', 'running', 'completed', 'failed', 'cancelled');
    const step = fc.record({
      n: fc.integer({ min: 1, max: 30 }),
      rev: fc.integer({ min: 1, max: 5 }),
      status,
      group: fc.constantFrom('a', 'b'),
      remove: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const store = new JobStore();
        const filters: JobFilter[] = [
          {},
          { status: 'running' },
          { group: 'a' },
          { group: 'b', status: 'failed' },
        ];
        const views = filters.map((filter) => store.open(filter));
        const model = new Map<number, JobRecord>();
        for (const { n, rev, status, group, remove } of steps) {
          if (remove) {
            store.remove(job(n).job_id);
            model.delete(n);
            continue;
          }
          const before = model.get(n);
          const record = job(n, { rev, status, group: before?.group ?? group });
          store.take(record);
          if (before === undefined || before.rev <= rev) model.set(n, record);
        }
        const all = [...model.entries()].sort(([a], [b]) => b - a).map(([, record]) => record);
        for (const view of views) {
          const { status, group } = view.filter;
          const wanted = all.filter(
            (record) =>
              (status === undefined || record.status === status) &&
              (group === undefined || record.group === group),
          );
          expect(view.rows.map((row) => row.record)).toEqual(wanted);
        }
      }),
    );
  });
});
