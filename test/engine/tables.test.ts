import { afterEach, describe, expect, it } from 'vitest';
import type { Tables } from '../../src/engine/embedded/tables.js';
import { MemoryTables } from '../../src/engine/memory/memory-tables.js';
import { openDatabase } from '../../src/engine/sqlite/database.js';
import { SqliteTables } from '../../src/engine/sqlite/sqlite-tables.js';
import { aJob } from '../contracts/jobs-at-hand.js';
import { otherSettings, ownSettings } from '../contracts/settings.suite.js';
import { scratchDirectory } from './scratch.js';

describe('tables of an embedded engine', () => {
  const closing: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  const drivers: readonly (readonly [string, () => Promise<Tables>])[] = [
    ['memory', async () => new MemoryTables('epoch')],
    [
      'SQLite',
      async () => {
        const { directory, remove } = await scratchDirectory();
        const connection = openDatabase(directory);
        closing.push(async () => {
          connection.close();
          await remove();
        });
        return new SqliteTables(connection);
      },
    ],
  ];

  it.each(drivers)('%s: a job is changed only from its current revision', async (_, open) => {
    const tables = await open();
    const first = aJob();
    const second = { ...first, rev: 2, priority: 1 };
    tables.jobs.add({ job: first, queue: 'ready' }, undefined);
    tables.jobs.set(first, { job: second, queue: 'ready' });
    for (const stale of [first, { ...first, rev: 3 }]) {
      const change = () => tables.jobs.set(stale, { job: { ...first, rev: 9, priority: 9 }, queue: 'ready' });
      expect(change).toThrow(`${first.id} is not at revision ${stale.rev}`);
    }
    expect(tables.jobs.get(first.id)).toMatchObject({ job: second, queue: 'ready' });
    const absent = aJob();
    expect(() => tables.jobs.set(absent, { job: absent, queue: 'ready' })).toThrow('is not at revision 1');
  });

  it.each(drivers)(
    '%s: settings of the service are there once they were put, and the last ones hold',
    async (_, open) => {
      const { settings } = await open();
      expect(settings.get()).toBeUndefined();
      for (const some of [ownSettings, otherSettings, otherSettings]) {
        settings.put(some);
        expect(settings.get()).toEqual(some);
      }
    },
  );
});
