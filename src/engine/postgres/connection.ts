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

/** By what way the tables of a service are reached. */
export interface Way extends Database {
  /**
   * Whether a connection is one process of the server for as long as it lasts. Behind a pooler of transactions it is one for
   * each of them: nothing that was set, no lock, no prepared statement and no message outlasts a transaction.
   */
  readonly isWhole: boolean;
}

/** What is said over a connection beside what is asked. */
export interface Manners {
  /** Once, when it is made; empty where nothing lasts. */
  readonly first: string;
  /** With each transaction: its settings where they hold for it alone. */
  readonly begin: string;
}

type Setting = readonly [name: string, value: string | number];

/** For those who read, and for what is done once. */
export function readerManners(way: Way): Manners {
  return mannersOf(way, readerSettings(way));
}

/** For the one who writes, whose plans are made once. */
export function writerManners(way: Way): Manners {
  return mannersOf(way, [
    ...readerSettings(way),
    ['idle_in_transaction_session_timeout', idleInLockMs],
    ['plan_cache_mode', 'force_generic_plan'],
  ]);
}

/**
 * Statements are written for an index that has their order. What a table holds is not known before the first ANALYZE, and
 * for a small one it changes fast: it would be read whole, joined by hashing, or gathered and sorted to find the first 50.
 */
function readerSettings({ schema }: Database): readonly Setting[] {
  const plans = ['enable_seqscan', 'enable_bitmapscan', 'enable_hashjoin', 'enable_mergejoin', 'jit'];
  return [
    ['search_path', schema],
    ['statement_timeout', statementMs],
    ...plans.map((name) => [name, 'off'] as const),
  ];
}

/** As statements: poolers of sessions take no `options` with the first message of a connection. */
function mannersOf({ isWhole }: Way, settings: readonly Setting[]): Manners {
  const saidBy = (how: string): string =>
    settings.map(([name, value]) => `${how} ${name} = ${value}`).join('; ');
  // Whatever the database's default is: what follows the lock has to see all that was committed before it.
  const begin = 'BEGIN ISOLATION LEVEL READ COMMITTED';
  return isWhole ? { first: saidBy('SET'), begin } : { first: '', begin: `${begin}; ${saidBy('SET LOCAL')}` };
}

/** Connects. */
export async function open(client: pg.Client, { first }: Manners): Promise<void> {
  await client.connect();
  if (first !== '') await client.query(first);
}

/** Connects for what `act` asks. */
export async function withClient<T>(way: Way, act: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(connectionOf(way));
  client.on('error', () => undefined);
  try {
    await open(client, readerManners(way));
    return await act(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** A transaction over a connection of its own: whatever is set for it, nobody else meets it. Rejects with `StoreFailed`. */
export async function once<T>(database: Database, act: (client: pg.Client) => Promise<T>): Promise<T> {
  const way = { ...database, isWhole: false };
  try {
    return await withClient(way, async (client) => {
      await client.query(readerManners(way).begin);
      const value = await act(client);
      await client.query('COMMIT');
      return value;
    });
  } catch (error) {
    throw failureOf(error);
  }
}

/** Which server answers: another one has another number, and so has the same one after it was started anew. */
export const serverStart = '(extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint';

/** What is asked in one step leaves as one write. */
export function asOne<T>({ connection: { stream } }: Pick<pg.Client, 'connection'>, ask: () => T): T {
  stream.cork();
  try {
    return ask();
  } finally {
    stream.uncork();
  }
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
  readonly #areKept: boolean;

  constructor({ isWhole }: Way) {
    this.#areKept = isWhole;
  }

  /** A statement that is prepared on its first use on a connection, where that is the one of its next use. */
  prepared({ text, values }: Query): pg.QueryArrayConfig {
    if (!this.#areKept) return { text, values: [...values], rowMode: 'array' };
    const name = this.#names.get(text) ?? `s${this.#names.size}`;
    this.#names.set(text, name);
    return { name, text, values: [...values], rowMode: 'array' };
  }
}

/** Codes of a server that is going or coming, of a connection that is over, and of a system call that failed. */
const passing = /^(08...|57P0.|25P0[23]|53...|E[A-Z]+)$/;
/** The library's own words; `timeout exceeded` is a turn in the pool that did not come. */
const lostMessage =
  /connection (terminated|ended|error)|not queryable|timeout expired|timeout exceeded|query read timeout|closed the connection|client was closed/i;

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
