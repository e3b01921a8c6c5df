import { describe, expect, test } from 'vitest';
import type { Store } from '../../src/engine/engine.js';
import type { JobPage, ListFilter, RecordPage } from '../../src/engine/listing.js';
import { recordPageOf } from '../../src/engine/record-page.js';
import { SnapshotReads } from '../../src/gateway/snapshot-reads.js';
import type { Job } from '../../src/jobs/job.js';
import { recordOf } from '../../src/jobs/record.js';
import { aJob } from '../contracts/jobs-at-hand.js';
import { scheduler } from '../helpers/gateway-rig.js';

interface Asked {
  readonly filter: ListFilter;
  readonly answer: (page?: JobPage) => void;
}

/** A store that answers when the test says so. */
class SlowStore implements Pick<Store, 'records' | 'get'> {
  readonly asked: Asked[] = [];
  readonly jobs = new Map<string, Job>();

  records(filter: ListFilter): Promise<RecordPage> {
    return new Promise((resolve) => {
      this.asked.push({
        filter,
        answer: (page = { jobs: [], more: false }) => resolve(recordPageOf(page, filter.owner)),
      });
    });
  }

  async get(_owner: string, id: string): Promise<Job | undefined> {
    return this.jobs.get(id);
  }
}

describe('readings for snapshots', () => {
  const wanted = () => true;
  const listOf = (owner: string, group = '') =>
    ({ type: 'list', filter: { owner, limit: 100, ...(group === '' ? {} : { group }) } }) as const;

  function open() {
    const store = new SlowStore();
    const log = { seq: 7 };
    return { store, log, reads: new SnapshotReads(store, () => log.seq) };
  }

  test('D17 those who want the same page share it, while it waits and while it is read', async () => {
    const { store, reads } = open();
    const asked = Array.from({ length: 150 }, () => reads.read(listOf('ann'), 7, wanted));
    await scheduler();
    asked.push(reads.read(listOf('ann'), 3, wanted));
    expect(store.asked).toHaveLength(1);
    const job = aJob();
    store.asked[0]?.answer({ jobs: [job], more: true });
    const pages = await Promise.all(asked);
    const record = JSON.stringify(recordOf(job));
    expect(pages[0]).toMatchObject({ ids: [job.id], next: job.id });
    expect(pages[0]?.text()).toBe(record);
    expect(Buffer.from(pages[0]?.bytes ?? []).toString()).toBe(record);
    expect(new Set(pages).size).toBe(1);
    // It is kept for nobody who comes later.
    void reads.read(listOf('ann'), 7, wanted);
    await scheduler();
    expect(store.asked).toHaveLength(2);
  });

  test('a page that was asked for before a fact was told is not for whoever was told of it', async () => {
    const { store, log, reads } = open();
    const before = reads.read(listOf('ann'), 7, wanted);
    await scheduler();
    log.seq = 8;
    const after = reads.read(listOf('ann'), 8, wanted);
    const late = reads.read(listOf('ann'), 7, wanted);
    await scheduler();
    expect(store.asked).toHaveLength(2);
    const [old, fresh] = [aJob(), aJob()];
    store.asked[0]?.answer({ jobs: [old], more: false });
    store.asked[1]?.answer({ jobs: [fresh, old], more: false });
    expect((await before)?.ids).toEqual([old.id]);
    // The second reading waited when the late one came: it is the newer one.
    expect([(await after)?.ids.length, (await late)?.ids.length]).toEqual([2, 2]);
  });

  test('D16 owners take turns, two readings at a time', async () => {
    const { store, reads } = open();
    for (let group = 0; group < 50; group += 1) void reads.read(listOf('ann', `g${group}`), 7, wanted);
    void reads.read(listOf('bob'), 7, wanted);
    await scheduler();
    expect(store.asked.map(({ filter }) => filter.owner)).toEqual(['ann', 'ann']);
    store.asked[0]?.answer();
    await scheduler();
    expect(store.asked.map(({ filter }) => filter.owner)).toEqual(['ann', 'ann', 'bob']);
  });

  test('what nobody wants any more is not read, and what fails is read anew for the next one', async () => {
    const { store, reads } = open();
    const [first, second] = [
      reads.read(listOf('ann', 'a'), 7, wanted),
      reads.read(listOf('ann', 'b'), 7, wanted),
    ];
    let isWanted = true;
    const left = reads.read(listOf('ann', 'c'), 7, () => isWanted);
    await scheduler();
    isWanted = false;
    for (const { answer } of store.asked) answer();
    await Promise.all([first, second]);
    expect(await left).toBeUndefined();
    expect(store.asked).toHaveLength(2);
    let failures = 1;
    const { records } = store;
    store.records = (filter) => {
      failures -= 1;
      return failures >= 0 ? Promise.reject(new Error('the disk is full')) : records.call(store, filter);
    };
    await expect(reads.read(listOf('ann'), 7, wanted)).rejects.toThrow('full');
    const again = reads.read(listOf('ann'), 7, wanted);
    await scheduler();
    store.asked.at(-1)?.answer();
    expect((await again)?.ids).toEqual([]);
  });

  test('jobs by their ids are one reading, without those that are gone', async () => {
    const { store, reads } = open();
    const jobs = [aJob(), aJob()];
    for (const job of jobs) store.jobs.set(job.id, job);
    const ids = [jobs[1]?.id ?? '', 'job_gone', jobs[0]?.id ?? ''];
    const page = await reads.read({ type: 'jobs', owner: 'ann', ids }, 7, wanted);
    expect(page?.ids).toEqual([ids[0], ids[2]]);
  });
});
