import type pg from 'pg';
import type { Database } from './connection.js';
import type { Asking } from './pool.js';
import { presentRows } from './presence.js';
import { lockOf } from './service.js';

const lookMs = 5_000;

/**
 * How many nodes there are, and how many of them answer callers. Each holds a share of a lock for as long as its connection lasts, so that one that was
 * killed is not counted any more as soon as the database knows; behind a pooler of transactions it has a row in its place.
 */
export class Gateways {
  readonly #ask: Asking;
  readonly #lock: string;
  readonly #presence: string;
  readonly #timer: NodeJS.Timeout;
  #count = 1;
  #nodes = 1;

  constructor(ask: Asking, database: Database) {
    this.#ask = ask;
    this.#lock = lockOf(database, 'gateways');
    this.#presence = lockOf(database, 'presence');
    // While the database is away they are as many as before.
    this.#timer = setInterval(() => void this.look().catch(() => undefined), lookMs).unref();
  }

  /** At the last look; at least 1. */
  get count(): number {
    return this.#count;
  }

  /** The others, too. */
  get nodes(): number {
    return this.#nodes;
  }

  /** With each connection anew. */
  async join(client: pg.Client): Promise<void> {
    await client.query(`SELECT pg_advisory_lock_shared(${this.#lock})`);
  }

  async look(): Promise<void> {
    const [row] = await this.#ask(
      `SELECT count(*) FILTER (WHERE lock = $1) + (SELECT count(*) ${presentRows} AND gateway),
         count(*) FILTER (WHERE lock = $2) + (SELECT count(*) ${presentRows})
       FROM (SELECT (classid::bigint << 32) | objid::bigint AS lock FROM pg_locks
         WHERE locktype = 'advisory' AND granted AND objsubid = 1
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) held`,
      [this.#lock, this.#presence],
    );
    [this.#count, this.#nodes] = [Math.max(1, Number(row?.[0])), Math.max(1, Number(row?.[1]))];
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
