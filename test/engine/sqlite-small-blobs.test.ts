import { describe, expect, it } from 'vitest';
import { embeddedOver } from '../../src/engine/embedded/store.js';
import type { Engine } from '../../src/engine/engine.js';
import { BatchRunner } from '../../src/engine/sqlite/batch.js';
import { openDatabase } from '../../src/engine/sqlite/database.js';
import { inspectDirectory } from '../../src/engine/sqlite/inspection.js';
import { KeyRows } from '../../src/engine/sqlite/key-rows.js';
import { SqliteTables } from '../../src/engine/sqlite/sqlite-tables.js';
import type { Job } from '../../src/jobs/job.js';
import { claimOf } from '../../src/jobs/transition.js';
import { openOptions } from '../contracts/engine.suite.js';
import { anArtifact, completed, start, started, submitted } from '../contracts/jobs-at-hand.js';
import { aSmallBlob, bytesOf, completeWith } from '../contracts/small-blobs.suite.js';
import { setBack } from '../helpers/older-schema.js';
import { useScratchData } from './scratch.js';

/** Small blobs in a data directory: restarts, upgrades, undone commits, damage. */
describe('small blobs in a data directory', () => {
  const data = useScratchData(openOptions);
  const { during } = data;

  async function running(engine: Engine): Promise<Job> {
    await submitted(engine);
    const [job] = await started(engine);
    if (job === undefined) throw new Error('A job was submitted');
    return job;
  }

  it('are there after a restart', async () => {
    const blob = aSmallBlob('s', 'hello');
    await during(async (engine) => completeWith(engine, await running(engine), blob));
    await during(async (engine) => expect((await bytesOf(engine, blob.name)).toString()).toBe('hello'));
  });

  it('come to a database of before them, whose artifacts stay files', async () => {
    const [before, file] = await during(async (engine) => {
      const job = await completed(engine);
      return [job, await engine.blobs.put(Buffer.from('a file'), 's')] as const;
    });
    setBack(data.directory, 8);
    await during(async (engine) => {
      expect(await engine.store.get('alice', before.id)).toEqual(before);
      expect((await bytesOf(engine, file)).toString()).toBe('a file');
      const blob = aSmallBlob('s', 'hello');
      await completeWith(engine, await running(engine), blob);
      expect((await bytesOf(engine, blob.name)).toString()).toBe('hello');
    });
  });

  it('go with a commit that is undone, and come again with the next try', async () => {
    const job = await during(running);
    const connection = openDatabase(data.directory);
    const embedded = embeddedOver(new SqliteTables(connection), openOptions.fairness, 'life');
    const runner = new BatchRunner(connection, embedded, new KeyRows(connection), () => undefined);
    const blob = aSmallBlob('s', 'hello');
    const result = { artifacts: [anArtifact(blob.name)] };
    const command = { type: 'complete', claim: claimOf(job), result };
    const call = { number: 1, name: 'apply', args: [job.id, command, start, { blobs: [blob] }] } as const;
    // The commit of both is undone for the sake of the second, then each runs alone.
    connection.execute(
      "CREATE TRIGGER refusal BEFORE INSERT ON small_blobs BEGIN SELECT RAISE(ABORT, 'full'); END",
    );
    const refused = runner.run([call, { number: 2, name: 'smallBlob', args: [blob.name] }]);
    expect(refused.answers[0]).toMatchObject({
      number: 1,
      failure: { message: expect.stringContaining('full') },
    });
    expect(refused.answers[1]).toEqual({ number: 2, value: undefined });
    expect(embedded.queries.get('alice', job.id)?.status).toBe('running');
    expect(embedded.queries.unused([blob.name])).toEqual([blob.name]);
    connection.execute('DROP TRIGGER refusal');
    expect(runner.run([call]).answers).toMatchObject([{ number: 1, value: '{"ok":true,"removed":[]}' }]);
    expect(embedded.queries.smallBlob(blob.name)).toEqual(Buffer.from('hello'));
    connection.close();
  });

  it('are found when they are damaged or missing, by their names', async () => {
    const [whole, damaged, missing] = ['whole', 'damaged', 'missing'].map((text) => aSmallBlob(text, text));
    if (whole === undefined || damaged === undefined || missing === undefined)
      throw new Error('There are three');
    await during(async (engine) => {
      for (const blob of [whole, damaged, missing]) await completeWith(engine, await running(engine), blob);
    });
    expect(inspectDirectory(data.directory)).not.toHaveProperty('damagedBlobs');
    const connection = openDatabase(data.directory);
    connection
      .prepare('UPDATE small_blobs SET bytes = ? WHERE name = ?')
      .run(Buffer.from('other'), damaged.name);
    connection.prepare('DELETE FROM small_blobs WHERE name = ?').run(missing.name);
    connection.close();
    expect(inspectDirectory(data.directory)).toMatchObject({
      defects: [],
      damagedBlobs: [damaged.name, missing.name],
      keys: [],
    });
  });
});
