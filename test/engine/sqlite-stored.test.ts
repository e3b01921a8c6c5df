import { describe, expect, it } from 'vitest';
import { embeddedOver } from '../../src/engine/embedded/store.js';
import { BatchRunner } from '../../src/engine/sqlite/batch.js';
import { openDatabase } from '../../src/engine/sqlite/database.js';
import { KeyRows } from '../../src/engine/sqlite/key-rows.js';
import { SqliteTables } from '../../src/engine/sqlite/sqlite-tables.js';
import { openOptions } from '../contracts/engine.suite.js';
import { aJob, aSubmission, aSweep, blobName, completed, day, start } from '../contracts/jobs-at-hand.js';
import { aVersion, invoice, stored } from '../contracts/library.suite.js';
import { anEntry } from '../contracts/once.suite.js';
import { setBack } from '../helpers/older-schema.js';
import { useScratchData } from './scratch.js';

/** The library and `Once` in a data directory: restarts, upgrades, batches, and what a look-up costs. */
describe('stored things in a data directory', () => {
  const data = useScratchData(openOptions);
  const { during } = data;

  it('are there after a restart: versions, what they hold, and what waits to be taken', async () => {
    const [held, shared] = [blobName('v', '1'), blobName('v', '2')];
    const job = aJob();
    await during(async (engine) => {
      await stored(engine, { blobs: [held, shared] });
      const input = { request: { inline: '{}' }, inputs: [{ blob: shared }] };
      await engine.store.submit(aSubmission(job, { input, shared: [shared] }));
      await stored(engine, { name: 'old' });
      await engine.library.retire({ ...invoice, name: 'old', now: start, keptMs: day });
      await engine.once.put(anEntry('a'), start);
      await engine.once.put(anEntry('taken'), start);
      await engine.once.take({ collection: 'tickets', key: 'taken' }, start);
    });
    await during(async ({ library, once, store }) => {
      expect(await library.get(invoice)).toMatchObject({ version: 1, blobs: [held, shared] });
      expect(await library.get({ ...invoice, name: 'old' }, 1)).toMatchObject({ retiredAt: start });
      expect(await library.put(aVersion({ expected: 0 }))).toEqual({ type: 'conflict', head: 1 });
      expect(await store.unused([held, shared])).toEqual([]);
      expect(await once.take({ collection: 'tickets', key: 'taken' }, start)).toBeUndefined();
      expect(await once.take({ collection: 'tickets', key: 'a' }, start)).toBe('value of a');
      await library.retire({ ...invoice, now: start, keptMs: 0 });
      expect((await store.sweep(aSweep(start))).removed).toEqual([held]);
      await store.apply(job.id, { type: 'cancel' }, start);
      expect(await store.apply(job.id, { type: 'delete' }, start)).toMatchObject({ removed: [shared] });
    });
  });

  it('find a database of before them, whose jobs hold their blobs as they did', async () => {
    const job = await during((engine) => completed(engine));
    const [blob] = job.artifacts?.map((artifact) => artifact.blob) ?? [];
    setBack(data.directory, 5);
    await during(async (engine) => {
      expect(await engine.store.unused([blob ?? ''])).toEqual([]);
      await stored(engine, { blobs: [blob ?? ''], shared: [blob ?? ''] });
      const outcome = await engine.store.apply(job.id, { type: 'delete' }, start);
      expect(outcome).toMatchObject({ ok: true, removed: [] });
      expect(await engine.library.get(invoice)).toMatchObject({ blobs: [blob] });
    });
  });

  it('are undone with the batch that fails, and run again alone', () => {
    const connection = openDatabase(data.directory);
    const embedded = embeddedOver(
      new SqliteTables(connection),
      { maxRunningPerOwner: 1, weights: {} },
      'life',
    );
    const runner = new BatchRunner(connection, embedded, new KeyRows(connection), () => undefined);
    const twice = aSubmission(aJob());
    const { answers } = runner.run([
      { number: 1, name: 'submit', args: [twice] },
      { number: 2, name: 'libraryPut', args: [aVersion({ blobs: [blobName('v', '1')] })] },
      { number: 3, name: 'oncePut', args: [anEntry('a'), start] },
      { number: 4, name: 'submit', args: [twice] },
      { number: 5, name: 'onceTake', args: [{ collection: 'tickets', key: 'a' }, start] },
      { number: 6, name: 'libraryGet', args: [invoice] },
    ]);
    expect(answers.map(({ failure }) => failure?.code)).toEqual([
      undefined,
      undefined,
      undefined,
      'SQLITE_CONSTRAINT_UNIQUE',
      undefined,
      undefined,
    ]);
    // Once, not twice: the first try was undone.
    expect(answers[1]?.value).toBe(JSON.stringify({ type: 'stored', version: 1, removed: [] }));
    expect(answers[2]?.value).toBe(JSON.stringify({ type: 'stored', expiresAt: start + 60_000 }));
    expect(answers[4]?.value).toBe(JSON.stringify('value of a'));
    expect(embedded.ledger.once.take({ collection: 'tickets', key: 'a' }, start)).toBeUndefined();
    connection.close();
  });

  it('are found along indexes, whatever else there is', () => {
    const connection = openDatabase(data.directory);
    const plan = (sql: string) =>
      connection
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all()
        .map((row) => String(row.at(-1)));
    const joined = `FROM library_entries e JOIN library_versions v ON v.collection = e.collection
      AND v.owner = e.owner AND v.name = e.name AND v.version = e.last WHERE e.collection = 'c' AND`;
    const order = 'ORDER BY e.owner, e.name LIMIT 9';
    expect(plan(`SELECT v.value ${joined} e.owner = 'o' AND e.name > 'n' ${order}`)).toEqual([
      expect.stringMatching(/^SEARCH e USING PRIMARY KEY \(collection=\? AND owner=\? AND name>\?\)$/),
      expect.stringMatching(/^SEARCH v USING INDEX library_versions_named \(collection=\? AND owner=\? AND/),
    ]);
    expect(plan(`SELECT v.value ${joined} (e.owner, e.name) > ('o', 'n') ${order}`)).toEqual([
      expect.stringMatching(/^SEARCH e USING PRIMARY KEY \(collection=\? AND \(owner,name\)>\(\?,\?\)\)$/),
      expect.stringMatching(/^SEARCH v USING INDEX library_versions_named/),
    ]);
    connection.close();
  });
});
