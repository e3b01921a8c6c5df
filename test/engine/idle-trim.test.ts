import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { databaseFile, openDatabase } from '../../src/engine/sqlite/database.js';
import { IdleTrim } from '../../src/engine/sqlite/idle-trim.js';
import { Connection } from '../../src/engine/sqlite/sql.js';
import { scratchDirectory } from './scratch.js';

describe('the file of commits of an idle store', () => {
  let directory: string;
  let connection: Connection;
  let remove: () => Promise<void>;
  let now = 0;
  let trim: IdleTrim;

  beforeEach(async () => {
    ({ directory, remove } = await scratchDirectory());
    connection = openDatabase(directory);
    connection.execute('CREATE TABLE heap (bytes BLOB)');
    now = 0;
    trim = new IdleTrim(connection, directory, () => now);
  });
  afterEach(async () => {
    connection.close();
    await remove();
  });

  const size = (): number => statSync(join(directory, `${databaseFile}-wal`)).size;
  function write(kilobytes: number): void {
    connection.execute(`INSERT INTO heap VALUES (randomblob(${kilobytes * 1024}))`);
    trim.changed();
  }
  function sizeAfter(ms: number): number {
    now += ms;
    trim.look();
    return size();
  }

  it('is given back after ten seconds without a change, and not before', () => {
    write(3_000);
    expect(sizeAfter(9_999)).toBeGreaterThan(3_000_000);
    write(1);
    expect(sizeAfter(9_999)).toBeGreaterThan(3_000_000);
    expect(sizeAfter(1)).toBe(0);
    write(3_000);
    expect(sizeAfter(10_000)).toBe(0);
  });

  it('stays where there is little of it', () => {
    write(1);
    expect(sizeAfter(60_000)).toBeGreaterThan(0);
  });

  it('stays while somebody reads, who is not waited for, until the next time', () => {
    write(3_000);
    const reader = new Connection(join(directory, databaseFile));
    reader.execute('BEGIN');
    reader.prepare('SELECT count(*) FROM heap').all();
    write(1);
    expect(sizeAfter(10_000)).toBeGreaterThan(3_000_000);
    expect(connection.pragma('busy_timeout')).toBe(5_000);
    reader.execute('COMMIT');
    reader.close();
    // Nothing has to be changed for it.
    expect(sizeAfter(9_999)).toBeGreaterThan(3_000_000);
    expect(sizeAfter(1)).toBe(0);
  });
});
