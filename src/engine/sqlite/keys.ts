import type { Key, Keys } from '../keys.js';
import { openDatabase } from './database.js';
import { KeyRows } from './key-rows.js';

const pollMs = 300;

/**
 * The keys of a data directory alone, beside a server that may run on it: for the command line. Works on the calling
 * thread.
 */
export async function openSqliteKeys(
  directory: string,
): Promise<Keys & { readonly close: () => Promise<void> }> {
  const connection = openDatabase(directory);
  const rows = new KeyRows(connection);
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
    async close(): Promise<void> {
      if (!open) return;
      open = false;
      for (const timer of watches) clearInterval(timer);
      connection.close();
    },
  };
}
