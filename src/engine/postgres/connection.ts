import { Socket } from 'node:net';
import pg from 'pg';
import { StoreFailed } from '../engine.js';
import type { Query } from './shape.js';

/** Where the tables of a service are. */
export interface Database {
  /** `postgres://user:password@host:port/database`, with the parameters that the `pg` package knows. */
  readonly url: string;
  /** A plain name: several services may share a database. */
  readonly schema: string;
}

/** Attempts to reach the server; longer than a fail-over of the network, shorter than a call waits. */
const connectMs = 3_000;
/** A network that drops what is sent is tried so often: the system's own tries come ever later. */
const reachMs = 1_000;
/** A process that is stopped while it holds the lock gives it up after so long. */
const idleInLockMs = 2_000;
/** No statement of a batch takes so long unless the server hangs. */
const statementMs = 30_000;

const int8 = 20;
const types: pg.CustomTypesConfig = {
  // Places and times: all of them are safe integers.
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === int8 ? Number : pg.types.getTypeParser(oid, format as 'text'),
};

/** How the server is reached. What holds for the connection is said over it (`open`). */
export function connectionOf({ url }: Database): pg.ClientConfig {
  return {
    connectionString: url,
    types,
    connectionTimeoutMillis: connectMs,
    stream: reaching,
    keepAlive: true,
    application_name: 'inkwire',
  };
}

/** A socket that ends when nobody is reached with it. */
function reaching(): Socket {
  const socket = new Socket();
  // In the next turn: this process may have stood while the answer came.
  const late = setTimeout(
    () => setImmediate(() => socket.connecting && socket.destroy(new Error('timeout expired'))),
    reachMs,
  );
  for (const event of ['connect', 'close']) socket.once(event, () => clearTimeout(late));
  return socket;
}

/**
 * What holds for a connection. A statement of its own: poolers of sessions take no `options` with its first message.
 *
 * Statements are written for an index that has their order. What a table holds is not known before the first ANALYZE, and
 * for a small one it changes fast: it would be read whole, joined by hashing, or gathered and sorted to find the first 50.
 */
export function settingsOf({ schema }: Database): string {
  const plans = ['enable_seqscan', 'enable_bitmapscan', 'enable_hashjoin', 'enable_mergejoin', 'jit'];
  return [
    `SET search_path = ${schema}`,
    `SET statement_timeout = ${statementMs}`,
    ...plans.map((name) => `SET ${name} = off`),
  ].join('; ');
}

/** For the one who writes, whose plans are made once. */
export function writerSettingsOf(database: Database): string {
  return [
    settingsOf(database),
    `SET idle_in_transaction_session_timeout = ${idleInLockMs}`,
    `SET default_transaction_isolation = 'read committed'`,
    'SET plan_cache_mode = force_generic_plan',
  ].join('; ');
}

/** Connects. @param settings statements that say what holds from then on */
export async function open(client: pg.Client, settings: string): Promise<void> {
  await client.connect();
  await client.query(settings);
}

/**
 * Ends the connection when what is asked over it takes longer: where a network has lost it without a word, it would be
 * waited on for as long as the system repeats what was sent.
 */
export async function within<T>(client: pg.Client, ms: number, ask: () => Promise<T>): Promise<T> {
  const timer = setTimeout(() => client.connection.stream.destroy(), ms);
  try {
    return await ask();
  } finally {
    clearTimeout(timer);
  }
}

/** Short names for the texts of statements: a server cuts a longer one than 63 characters. */
export class StatementNames {
  readonly #names = new Map<string, string>();

  /** A statement that is prepared on its first use on a connection. */
  prepared({ text, values }: Query): pg.QueryArrayConfig {
    const name = this.#names.get(text) ?? `s${this.#names.size}`;
    this.#names.set(text, name);
    return { name, text, values: [...values], rowMode: 'array' };
  }
}

/** Codes of a server that is going or coming, of a connection that is over, and of a system call that failed. */
const passing = /^(08...|57P0.|25P0[23]|53...|E[A-Z]+)$/;
const lostMessage =
  /connection (terminated|ended|error)|not queryable|timeout expired|query read timeout|closed the connection|client was closed/i;

/** Whether a call failed since the server could not be reached, not because of what was asked. */
export function isLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return passing.test(code) || lostMessage.test(error.message);
}

export function failureOf(error: unknown): StoreFailed {
  if (error instanceof StoreFailed) return error;
  if (!(error instanceof Error)) return new StoreFailed('internal', String(error));
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'internal';
  return new StoreFailed(code, error.message, { unavailable: isLost(error) });
}
