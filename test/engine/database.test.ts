import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { durabilityOn, openDatabase } from '../../src/engine/sqlite/database.js';
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
});
