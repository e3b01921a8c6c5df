import { afterEach, beforeEach, expect, it } from 'vitest';
import { openDatabase } from '../../src/engine/sqlite/database.js';
import { openOptions } from '../contracts/engine.suite.js';
import { submitted } from '../contracts/jobs-at-hand.js';
import { setBack } from '../helpers/older-schema.js';
import { openIn, scratchDirectory } from './scratch.js';

/** Groups of before there was a list of them, and what the list costs. */
let directory = '';
let remove: () => Promise<void> = async () => {};
beforeEach(async () => {
  ({ directory, remove } = await scratchDirectory());
});
afterEach(() => remove());

it('gives groups of an older database places by their last facts, and those without facts some behind', async () => {
  const before = await openIn(directory, openOptions);
  for (const group of ['x', 'a', 'y', 'b', 'a']) await submitted(before, { group });
  await before.close();
  setBack(directory, 1, `DELETE FROM facts WHERE grp IN ('x', 'y')`);

  const after = await openIn(directory, openOptions);
  const first = await after.store.groups({ owner: 'alice', limit: 3 });
  const rest = await after.store.groups({ owner: 'alice', limit: 3, before: first.next ?? 0 });
  expect([...first.groups, ...rest.groups].map(({ group }) => group)).toEqual(['a', 'b', 'x', 'y']);
  expect(first.groups[0]).toMatchObject({ jobs: 2, pending: 2 });
  await submitted(after, { group: 'y' });
  expect((await after.store.groups({ owner: 'alice', limit: 1 })).groups[0]).toMatchObject({ group: 'y' });
  await after.close();
});

it('lists groups along one index, without sorting and without looking at jobs', async () => {
  const engine = await openIn(directory, openOptions);
  await engine.close();
  const connection = openDatabase(directory);
  const plan = connection
    .prepare(
      `EXPLAIN QUERY PLAN SELECT name, place, pending FROM groups INDEXED BY groups_place
       WHERE owner = ? AND place < ? ORDER BY place DESC LIMIT ?`,
    )
    .all('alice', 1, 1)
    .map((row) => String(row.at(-1)));
  connection.close();
  expect(plan).toEqual([
    expect.stringMatching(/^SEARCH groups USING INDEX groups_place \(owner=\? AND place<\?\)$/),
  ]);
});
