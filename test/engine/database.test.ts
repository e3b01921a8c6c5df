import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { databaseFile, durabilityOn, openDatabase } from '../../src/engine/sqlite/database.js';
import { scratchDirectory } from './scratch.js';

describe('the database of the SQLite engine', () => {
  let directory = '';
  let remove: () => Promise<void> = async () => {};

  beforeEach(async () => {
    ({ directory, remove } = await scratchDirectory());
  });

  afterEach(() => remove());

  it('syncs every commit, through a write-ahead log', () => {
    const connection = openDatabase(directory);
    const full = 2;
    expect(connection.pragma('synchronous')).toBe(full);
    expect(connection.pragma('journal_mode')).toBe('wal');
    connection.close();
  });

  it('asks macOS to have the drive write its cache, which a plain sync does not there', () => {
    expect(durabilityOn('darwin')).toEqual([
      'journal_mode = WAL',
      'synchronous = FULL',
      'fullfsync = ON',
      'checkpoint_fullfsync = ON',
    ]);
    for (const platform of ['linux', 'win32', 'freebsd'] as const) {
      expect(durabilityOn(platform)).toEqual(['journal_mode = WAL', 'synchronous = FULL']);
    }
  });

  it('is opened with what the platform needs', () => {
    const connection = openDatabase(directory, 'darwin');
    expect(connection.pragma('fullfsync')).toBe(1);
    expect(connection.pragma('checkpoint_fullfsync')).toBe(1);
    connection.close();
  });

  it('waits for another process that has begun the directory at the same moment', async () => {
    const other = new Worker(beginning, { eval: true, workerData: join(directory, databaseFile) });
    const over = once(other, 'exit');
    await once(other, 'message');
    const connection = openDatabase(directory);
    expect(connection.pragma('journal_mode')).toBe('wal');
    connection.close();
    expect(await over).toEqual([0]);
  });
});

/** Holds a new file as the first writer of it does, for long enough to be met. */
const beginning = `
  const { parentPort, workerData } = require('node:worker_threads');
  const Database = require('libsql');
  const database = new Database(workerData);
  database.exec('BEGIN IMMEDIATE; CREATE TABLE begun (value)');
  parentPort.postMessage('begun');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  database.exec('ROLLBACK');
  database.close();
`;
