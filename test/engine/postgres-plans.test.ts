import pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import { openPostgresEngine } from '../../src/engine/postgres/postgres-engine.js';
import type { Job } from '../../src/jobs/job.js';
import { claimOf } from '../../src/jobs/transition.js';
import { readSearch } from '../../src/protocol/search.js';
import { openOptions } from '../contracts/engine.suite.js';
import { aSweep, hour, start, submitted } from '../contracts/jobs-at-hand.js';
import { usePostgres, withoutPostgres } from '../helpers/postgres-server.js';

/** One row each, or one for each node; progress has one for each job that runs. */
const small: ReadonlySet<string> = new Set([
  ...['head', 'nodes', 'workers', 'duties', 'schema_version', 'keys'],
  ...['present', 'progress'],
]);
const owners = 40;
const perOwner = 50;

describe.skipIf(withoutPostgres)('with thousands of jobs in the database', () => {
  const server = usePostgres();
  const jobs: Job[] = [];

  async function node<T>(act: (engine: Engine) => Promise<T>): Promise<T> {
    const openBlobs = async () => ({}) as Engine['blobs'];
    const engine = await openPostgresEngine({ ...openOptions, url: server().url, openBlobs });
    try {
      return await act(engine);
    } finally {
      await engine.close();
    }
  }

  async function ask(text: string): Promise<readonly (readonly unknown[])[]> {
    const client = new pg.Client(server().url);
    await client.connect();
    try {
      return (await client.query<unknown[]>({ text, rowMode: 'array' })).rows;
    } finally {
      await client.end();
    }
  }

  /** How often each table was read as a whole; a connection says so at its end, which may be a little later. */
  async function wholeReads(): Promise<ReadonlyMap<unknown, unknown>> {
    await expect
      .poll(() => ask(`SELECT count(*)::int FROM pg_stat_activity WHERE application_name = 'inkwire'`))
      .toEqual([[0]]);
    const rows = await ask(`SELECT relname, seq_scan FROM pg_stat_user_tables WHERE schemaname = 'inkwire'`);
    return new Map(rows.filter(([name]) => !small.has(String(name))).map(([name, count]) => [name, count]));
  }

  beforeAll(async () => {
    await node(async (engine) => {
      for (let n = 0; n < perOwner; n += 1) {
        const given = { group: `group-${n % 25}`, kind: n % 3 === 0 ? 'merge' : 'document', tags: ['all'] };
        const made = Array.from({ length: owners }, (_, at) =>
          submitted(engine, { owner: `owner-${at}`, createdAt: start + n, ...given }),
        );
        jobs.push(...(await Promise.all(made)));
      }
    });
    await ask('VACUUM ANALYZE');
  });

  it.each<readonly [string, (engine: Engine) => Promise<unknown>]>([
    ['a submit', (engine) => submitted(engine, { owner: 'owner-1', group: 'group-1' })],
    [
      'a claim, its start and its end',
      async ({ store }) => {
        const claimed = await store.claim({
          worker: 'w',
          limit: 4,
          now: start + hour,
          leaseUntil: start + 2 * hour,
        });
        expect(claimed).toHaveLength(4);
        for (const { job } of claimed) {
          const claim = claimOf(job);
          await store.apply(job.id, { type: 'start', claim }, start + hour);
          const result = { artifacts: [] };
          const outcome = await store.apply(job.id, { type: 'complete', claim, result }, start + hour);
          expect(outcome.ok).toBe(true);
        }
      },
    ],
    ['a cancel', ({ store }) => store.apply(jobs[7]?.id ?? '', { type: 'cancel' }, start)],
    ['a sweep', ({ store }) => store.sweep(aSweep(start))],
    ['a job', ({ store }) => store.get('owner-1', jobs[1]?.id ?? '')],
    ['a page', ({ store }) => store.list({ owner: 'owner-3', limit: 10, afterId: jobs[900]?.id ?? '' })],
    ['a page of a status', ({ store }) => store.list({ owner: 'owner-3', limit: 10, status: 'running' })],
    ['a page of a group', ({ store }) => store.list({ owner: 'owner-3', limit: 10, group: 'group-2' })],
    ['a page by a tag', ({ store }) => store.list({ owner: 'owner-3', limit: 10, tags: ['none'] })],
    [
      'a page by a word',
      ({ store }) => store.list({ owner: 'owner-3', limit: 10, search: readSearch('none') }),
    ],
    ['groups', ({ store }) => store.groups({ owner: 'owner-3', limit: 5 })],
    ['the log', ({ store }) => store.everyFact(700, 50)],
    ['facts of an owner', ({ store }) => store.facts({ owner: 'owner-3', after: 100, limit: 10 })],
    [
      'facts of a job',
      ({ store }) => store.facts({ owner: 'owner-3', after: 0, limit: 10, jobId: jobs[3]?.id ?? '' }),
    ],
    [
      'facts of a group',
      ({ store }) => store.facts({ owner: 'owner-3', after: 0, limit: 10, group: 'group-1' }),
    ],
    ['when the next is ready', ({ store }) => store.nextReadyAt()],
  ])('%s reads no table as a whole', async (_, act) => {
    const before = await wholeReads();
    await node(act);
    expect(await wholeReads()).toEqual(before);
  });

  it('a submit of an owner whose jobs wait writes no index of owners anew', async () => {
    const renewed = async (): Promise<readonly number[]> => {
      await wholeReads();
      const [counts = []] = await ask(
        `SELECT n_tup_upd::int, (n_tup_upd - n_tup_hot_upd)::int FROM pg_stat_user_tables WHERE relname = 'owners'`,
      );
      return counts.map(Number);
    };
    const [updates = 0, indexed] = await renewed();
    await node(async (engine) => {
      for (let n = 0; n < 50; n += 1) await submitted(engine, { owner: 'owner-5' });
    });
    expect(await renewed()).toEqual([updates + 50, indexed]);
  });
});
