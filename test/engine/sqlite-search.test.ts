import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import { copyDatabase } from '../../src/engine/sqlite/backup.js';
import { openDatabase } from '../../src/engine/sqlite/database.js';
import { inspectDirectory } from '../../src/engine/sqlite/inspection.js';
import { JobRows } from '../../src/engine/sqlite/job-rows.js';
import { SearchIndex, stretchOf } from '../../src/engine/sqlite/search-index.js';
import { Connection, type Statement } from '../../src/engine/sqlite/sql.js';
import type { Job } from '../../src/jobs/job.js';
import { readSearch } from '../../src/protocol/search.js';
import { openOptions } from '../contracts/engine.suite.js';
import { aJob, day, start, submitted } from '../contracts/jobs-at-hand.js';
import { listed } from '../contracts/search.suite.js';
import { setBack } from '../helpers/older-schema.js';
import { openIn, scratchDirectory } from './scratch.js';

describe('the search of a data directory', () => {
  let directory = '';
  let remove: () => Promise<void> = async () => {};
  beforeEach(async () => {
    ({ directory, remove } = await scratchDirectory());
  });
  afterEach(() => remove());

  async function during<T>(use: (engine: Engine) => Promise<T>): Promise<T> {
    const engine = await openIn(directory, openOptions);
    try {
      return await use(engine);
    } finally {
      await engine.close();
    }
  }

  function counted(): Readonly<Record<string, unknown>> {
    const connection = new Connection(join(directory, 'inkwire.db'));
    const count = (table: string) => connection.prepare(`SELECT count(*) FROM ${table}`).one()?.[0];
    const counts = { entries: count('job_search_docsize'), words: count('group_words'), jobs: count('jobs') };
    connection.close();
    return counts;
  }

  it('has nothing for a job of which nothing is said, and nothing of what is deleted', async () => {
    await during(async (engine) => {
      await submitted(engine);
      await submitted(engine, { retryOf: 'job_000000000000000000000001' });
    });
    expect(counted()).toEqual({ entries: 0, words: 0, jobs: 2 });
    await during(async (engine) => {
      const jobs = [
        await submitted(engine, { title: 'a', createdAt: start + 1, group: 'two-words' }),
        await submitted(engine, { tags: ['a'], createdAt: start + 2, group: 'two-words' }),
      ];
      await Promise.all(jobs.map(({ id }) => engine.store.apply(id, { type: 'cancel' }, start)));
      const [first] = jobs;
      await engine.store.apply(first?.id ?? '', { type: 'delete' }, start);
    });
    expect(counted()).toEqual({ entries: 1, words: 2, jobs: 3 });
    await during(async ({ store }) => {
      const { jobs } = await store.list({ owner: 'alice', limit: 1, tags: ['a'] });
      await store.apply(jobs[0]?.id ?? '', { type: 'delete' }, start);
    });
    expect(counted()).toEqual({ entries: 0, words: 0, jobs: 2 });
    expect(inspectDirectory(directory)).toMatchObject({ defects: [] });
  });

  it('finds groups of a database that had no words of them', async () => {
    const ids = await during(async (engine) => {
      const jobs = [];
      for (const group of ['Q3.Invoices_2026-07', 'x', 'a:b'])
        jobs.unshift(await submitted(engine, { group }));
      return jobs.map(({ id }) => id);
    });
    setBack(directory, 6);
    await during(async (engine) => {
      const found = async (text: string) => (await listed(engine, { search: readSearch(text) })).ids;
      for (const text of ['q3', 'inv', '2026', '07', 'q3.invoices_2026-07']) {
        expect([text, await found(text)]).toEqual([text, [ids[2]]]);
      }
      expect(await found('b a')).toEqual([ids[0]]);
      expect(await found('x')).toEqual([ids[1]]);
    });
    expect(counted()).toMatchObject({ words: 7 });
  });

  it('is there again after a start, in a backup, and whole', async () => {
    const ids = await during(async (engine) => {
      const made = await Promise.all(
        Array.from({ length: 300 }, (_, n) =>
          submitted(engine, { title: `Title ${n}`, createdAt: start + n }),
        ),
      );
      return made.map(({ id }) => id).reverse();
    });
    await during(async (engine) => {
      const again = await submitted(engine, { title: 'Title', createdAt: start });
      expect((await listed(engine, { search: readSearch('title') })).ids).toEqual(
        [again.id, ...ids].sort().reverse(),
      );
      expect((await listed(engine, { search: readSearch('title 299') })).ids).toEqual(ids.slice(0, 1));
    });
    expect(inspectDirectory(directory)).toMatchObject({ defects: [] });
    const copy = join(directory, 'copy');
    await mkdir(copy);
    copyDatabase(directory, copy);
    const engine = await openIn(copy, openOptions);
    expect((await listed(engine, { search: readSearch('title 7') })).ids).toHaveLength(11);
    await engine.close();
  });

  it('has what a server that died had not taken into the index, and takes it later', async () => {
    const copy = join(directory, 'copy');
    await mkdir(copy);
    const ids = await during(async (engine) => {
      const made = [];
      for (let n = 0; n < 90; n += 1)
        made.push(await submitted(engine, { title: `Title ${n}`, createdAt: start + n }));
      // Deleted while it is not in the index.
      const gone = await submitted(engine, { title: 'Title of no job', createdAt: start + 91 });
      await engine.store.apply(gone.id, { type: 'cancel' }, start);
      await engine.store.apply(gone.id, { type: 'delete' }, start);
      expect((await listed(engine, { search: readSearch('title no') })).ids).toEqual([]);
      copyDatabase(directory, copy);
      return made.map(({ id }) => id).reverse();
    });
    const connection = new Connection(join(copy, 'inkwire.db'));
    expect(connection.prepare('SELECT count(*) FROM job_search_docsize').one()).toEqual([64]);
    connection.close();
    expect(counted()).toMatchObject({ entries: 90 });
    const engine = await openIn(copy, openOptions);
    expect((await listed(engine, { search: readSearch('title') })).ids).toEqual(ids);
    expect((await listed(engine, { search: readSearch('title 89') })).ids).toEqual(ids.slice(0, 1));
    await engine.close();
    expect(inspectDirectory(copy)).toMatchObject({ defects: [] });
  });

  it('a search of stretches misses nothing where they meet', async () => {
    // On both sides of the ends of the longest, which are taken here: 50 days each.
    const stretchMs = 2 ** 32;
    const first = Math.ceil(start / stretchMs) * stretchMs;
    const times = [first, first + stretchMs, first + 2 * stretchMs].flatMap((end) => [end - 1, end]);
    await during(async (engine) => {
      const wanted: string[] = [];
      for (const createdAt of times) {
        const waitDeadline = createdAt + day;
        const job = await submitted(engine, { title: 'both', tags: ['x', 'y'], createdAt, waitDeadline });
        wanted.push(job.id);
        await Promise.all(
          Array.from({ length: 200 }, (_, n) =>
            submitted(engine, { tags: [n % 2 ? 'x' : 'y'], createdAt: createdAt + n - 100, waitDeadline }),
          ),
        );
      }
      const { ids, pages } = await listed(engine, { tags: ['x', 'y'] });
      expect(ids).toEqual(wanted.sort().reverse());
      expect(pages).toBeLessThan(4);
    });
  });
});

describe('the index of a search', () => {
  it('cuts time into stretches that hold each place once, the longest that is not too long', () => {
    const place = 0x01a31aabcdef42;
    const start = (most: number) => stretchOf('alice', place, most).start.toString(16).padStart(14, '0');
    expect(start(Number.MAX_SAFE_INTEGER)).toBe('01a30000000000');
    expect(start(0xa_abcd_ef42)).toBe('01a31000000000');
    expect(start(0xabcdef42)).toBe('01a31a00000000');
    expect(start(0)).toBe('01a31aab000000');
    const tokens = new Set(
      [0, 0xabcdef42, Number.MAX_SAFE_INTEGER].map((most) => stretchOf('a', place, most).token),
    );
    expect(tokens.size).toBe(3);
    expect(stretchOf('b', place, 0).token).not.toBe(stretchOf('a', place, 0).token);
  });

  it('looks for other jobs of a place along the index of ids alone', async () => {
    class Explained extends Connection {
      readonly plans: string[] = [];

      override prepare(sql: string): Statement {
        const steps = super.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
        this.plans.push(steps.map((row) => String(row.at(-1))).join('; '));
        return super.prepare(sql);
      }
    }
    const { directory, remove } = await scratchDirectory();
    const engine = await openIn(directory, openOptions);
    await engine.store.submit({
      job: aJob({ title: 'x' }),
      input: { request: { inline: '{}' }, inputs: [] },
      limits: { maxPending: 9, maxPendingPerOwner: 9 },
    });
    await engine.close();
    const connection = new Explained(join(directory, 'inkwire.db'));
    new SearchIndex(connection);
    connection.close();
    await remove();
    const plans = connection.plans.filter((plan) => !plan.includes('job_search VIRTUAL TABLE'));
    expect(plans.filter((plan) => plan !== '')).toEqual([
      'SEARCH jobs USING INDEX jobs_id (id>? AND id<?)',
      'SEARCH jobs USING COVERING INDEX jobs_id',
      'SEARCH jobs USING INDEX jobs_id (id>?)',
      'SEARCH meta USING PRIMARY KEY (name=?)',
      'SEARCH meta USING PRIMARY KEY (name=?)',
    ]);
  });

  it('forgets jobs whose commit was undone, also where they had entered the index', async () => {
    const { directory, remove } = await scratchDirectory();
    const connection = openDatabase(directory);
    const rows = new JobRows(connection);
    const jobs = Array.from({ length: 100 }, (_, n) => aJob({ title: `T ${n}`, createdAt: start + n }));
    const add = (some: readonly Job[]): void => {
      connection.execute('BEGIN IMMEDIATE');
      for (const job of some) rows.add({ job, queue: 'ready' }, undefined);
    };
    const found = () =>
      rows.list({ owner: 'alice', limit: 100, search: readSearch('t') }).jobs.map(({ id }) => id);
    add(jobs);
    expect(found()).toHaveLength(100);
    connection.execute('ROLLBACK');
    rows.reload();
    expect(found()).toEqual([]);
    const kept = jobs.filter((_, n) => n % 3 === 0);
    add(kept);
    connection.execute('COMMIT');
    expect(found().sort()).toEqual(kept.map(({ id }) => id).sort());
    connection.execute('BEGIN IMMEDIATE');
    rows.flushIndex();
    connection.execute('COMMIT');
    expect(connection.prepare('SELECT count(*) FROM job_search_docsize').one()).toEqual([kept.length]);
    expect(found().sort()).toEqual(kept.map(({ id }) => id).sort());
    connection.close();
    await remove();
  });
});
