import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Key, Keys } from '../keys.js';
import { databaseFile, openDatabase } from './database.js';
import { isInUse } from './inspection.js';
import { KeyRows } from './key-rows.js';

const pollMs = 300;

/** The keys of a data directory, and what its operator may have to hear of it. */
export interface DirectoryKeys extends Keys {
  /** Whether a server works in the directory now. */
  inUse(): boolean;
  hasJobsOf(owner: string): boolean;
  close(): Promise<void>;
}

/** Whether no server has worked in the directory yet, or it is not there; false for what is no directory. */
export function isWithoutData(directory: string): boolean {
  const found = statSync(directory, { throwIfNoEntry: false });
  if (found === undefined) return true;
  return (
    found.isDirectory() && statSync(join(directory, databaseFile), { throwIfNoEntry: false }) === undefined
  );
}

/**
 * The keys of a data directory alone, beside a server that may run on it: for the command line. Makes the directory and
 * its database where they are not there. Works on the calling thread.
 */
export async function openSqliteKeys(directory: string): Promise<DirectoryKeys> {
  const connection = openDatabase(directory);
  const rows = new KeyRows(connection);
  const jobsOf = connection.prepare('SELECT 1 FROM jobs WHERE owner = ? LIMIT 1');
  const watches = new Set<NodeJS.Timeout>();
  let open = true;
  return {
    async put(key: Key): Promise<void> {
      rows.put(key);
    },
    async list(): Promise<readonly Key[]> {
      return rows.list();
    },
    async watch(listener: (keys: readonly Key[]) => void): Promise<() => void> {
      let seen = '';
      const look = (): void => {
        const keys = rows.list();
        const text = JSON.stringify(keys);
        if (text === seen) return;
        seen = text;
        listener(keys);
      };
      seen = JSON.stringify(rows.list());
      listener(rows.list());
      const timer = setInterval(look, pollMs).unref();
      watches.add(timer);
      return () => {
        clearInterval(timer);
        watches.delete(timer);
      };
    },
    inUse: () => isInUse(directory),
    hasJobsOf: (owner) => jobsOf.one(owner) !== undefined,
    async close(): Promise<void> {
      if (!open) return;
      open = false;
      for (const timer of watches) clearInterval(timer);
      connection.close();
    },
  };
}
