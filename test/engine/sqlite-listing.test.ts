import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openDatabase } from '../../src/engine/sqlite/database.js';
import { EveryOwnerListing } from '../../src/engine/sqlite/every-owner-listing.js';
import { JobListing } from '../../src/engine/sqlite/job-listing.js';
import { Connection, type Statement } from '../../src/engine/sqlite/sql.js';
import { openOptions } from '../contracts/engine.suite.js';
import { submitted } from '../contracts/jobs-at-hand.js';
import { setBack } from '../helpers/older-schema.js';
import { openIn, scratchDirectory } from './scratch.js';

/** What a listing costs, and databases of before it cost that. */
let directory = '';
let remove: () => Promise<void> = async () => {};
beforeEach(async () => {
  ({ directory, remove } = await scratchDirectory());
});
afterEach(() => remove());

/** The statements that were prepared, as SQLite would run them. */
class Explained extends Connection {
  readonly plans: string[] = [];

  override prepare(sql: string): Statement {
    const steps = super.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
    this.plans.push(steps.map((row) => String(row.at(-1))).join('; '));
    return super.prepare(sql);
  }
}

it('lists along the indexes alone: no sorting, and no look at a job that does not match', () => {
  openDatabase(directory).close();
  const connection = new Explained(join(directory, 'inkwire.db'));
  new JobListing(connection);
  connection.close();
  const owner = 'SEARCH jobs USING COVERING INDEX jobs_listed (owner=? AND status=? AND';
  const group = 'SEARCH jobs USING COVERING INDEX jobs_group (owner=? AND grp=? AND status=? AND';
  expect(connection.plans).toEqual([
    `${owner} kind>?)`,
    `${owner} kind=? AND id>? AND id<?)`,
    `${group} kind>?)`,
    `${group} kind=? AND id>? AND id<?)`,
    'SEARCH jobs USING INTEGER PRIMARY KEY (rowid=?)',
  ]);
});

it('lists the jobs of every owner along an index of ids, and those that ended badly along their own', () => {
  openDatabase(directory).close();
  const connection = new Explained(join(directory, 'inkwire.db'));
  new EveryOwnerListing(connection);
  connection.close();
  expect(connection.plans).toEqual([
    'SEARCH jobs USING INDEX jobs_id (id>? AND id<?)',
    'SEARCH jobs USING INDEX jobs_seldom (status=? AND id>? AND id<?)',
    'SEARCH jobs USING INDEX jobs_due (stage=?)',
  ]);
});

it('lists the jobs of an older database as its own', async () => {
  const before = await openIn(directory, openOptions);
  const ids: string[] = [];
  for (const kind of ['b', 'a', 'c', 'a']) ids.unshift((await submitted(before, { kind, group: kind })).id);
  await before.close();
  setBack(directory, 2);

  const after = await openIn(directory, openOptions);
  const listed = async (filter: object) =>
    (await after.store.list({ owner: 'alice', limit: 10, ...filter })).jobs.map(({ id }) => id);
  expect(await listed({})).toEqual(ids);
  expect(await listed({ kind: 'a' })).toEqual([ids[0], ids[2]]);
  expect(await listed({ group: 'a', kind: 'a', status: 'pending' })).toEqual([ids[0], ids[2]]);
  expect(await listed({ group: 'a', status: 'running' })).toEqual([]);
  expect(await listed({ owner: '*' })).toEqual(ids);
  await after.close();
});
