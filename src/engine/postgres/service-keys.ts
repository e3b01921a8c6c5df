import type { Keys } from '../keys.js';
import { ReadPool } from './pool.js';
import { PostgresKeys } from './postgres-keys.js';
import { presentRows } from './presence.js';
import { lockOf, prepareService, standardSchema } from './service.js';

/** The keys of a service, and what its operator may have to hear of it. */
export interface ServiceKeys extends Keys {
  /** Whether a node works on it now. */
  inUse(): Promise<boolean>;
  hasJobsOf(owner: string): Promise<boolean>;
  close(): Promise<void>;
}

/** The keys of a service alone, beside nodes that may run: for the command line. Makes the tables where they are not there. */
export async function openServiceKeys(url: string, schema = standardSchema): Promise<ServiceKeys> {
  const way = await prepareService({ url, schema });
  const pool = new ReadPool(way);
  const keys = new PostgresKeys(pool.ask, `inkwire_${schema}_keys`);
  return {
    put: (key) => keys.put(key),
    list: () => keys.list(),
    watch: (listener) => keys.watch(listener),
    async inUse() {
      const presence = lockOf(way, 'presence');
      const [row] = await pool.ask(
        `SELECT NOT pg_try_advisory_xact_lock(${presence}) OR EXISTS (SELECT ${presentRows})`,
      );
      return row?.[0] === true;
    },
    hasJobsOf: async (owner) =>
      (await pool.ask('SELECT 1 FROM jobs WHERE owner = $1 LIMIT 1', [owner])).length > 0,
    async close() {
      keys.close();
      await pool.close();
    },
  };
}
