import pg from 'pg';
import {
  asOne,
  connectionOf,
  failureOf,
  isLost,
  type Manners,
  readerManners,
  StatementNames,
  type Way,
} from './connection.js';

/** Asks for the rows of a statement, each as the list of its columns. */
export type Asking = (text: string, values?: readonly unknown[]) => Promise<readonly (readonly unknown[])[]>;

/** Readings of one node at once; others wait for their turn. */
const connections = 6;
/** Longer than any reading takes; shorter than a caller waits. */
const answerMs = 5_000;
/** Past it a reading is asked again where it is known that others come through. */
const overtakenMs = 1_000;

/** The connections of a node that only read. */
export class ReadPool {
  readonly #pool: pg.Pool;
  readonly #names: StatementNames;
  readonly #manners: Manners;
  readonly #isWhole: boolean;
  /** Connections that are in use, each with when that began, by the monotonic clock. */
  readonly #used = new Map<pg.PoolClient, number>();
  #closed: Promise<void> | undefined;

  constructor(way: Way) {
    this.#isWhole = way.isWhole;
    this.#names = new StatementNames(way);
    this.#manners = readerManners(way);
    const { first } = this.#manners;
    this.#pool = new pg.Pool({
      ...connectionOf(way),
      max: connections,
      query_timeout: answerMs,
      pipeline: !way.isWhole,
      onConnect: async (client) => {
        if (first !== '') await client.query(first);
      },
    });
    // A connection that ends while nobody uses it: the next reading makes another one.
    this.#pool.on('error', () => undefined);
    // One that ends while it is used: what was asked rejects.
    this.#pool.on('connect', (client) => client.on('error', () => undefined));
    this.#pool.on('acquire', (client) => this.#used.set(client, performance.now()));
    this.#pool.on('release', (_error, client) => this.#used.delete(client));
  }

  /** A reading whose connection was lost is made once more. */
  readonly ask: Asking = async (text, values = []) => {
    const query = this.#names.prepared({ text, values: values.map(askable) });
    try {
      return await this.#rowsOf(query);
    } catch (error) {
      if (!isLost(error)) throw failureOf(error);
    }
    try {
      return await this.#rowsOf(query);
    } catch (error) {
      throw failureOf(error);
    }
  };

  async #rowsOf(query: pg.QueryArrayConfig): Promise<readonly (readonly unknown[])[]> {
    if (this.#isWhole) return (await this.#pool.query<unknown[]>(query)).rows;
    const client = await this.#pool.connect();
    try {
      const [, { rows }] = await asOne(client, () =>
        Promise.all([
          client.query(this.#manners.begin),
          client.query<unknown[]>(query),
          client.query('COMMIT'),
        ]),
      );
      client.release();
      return rows;
    } catch (error) {
      // Answers to what was sent with it may still come.
      client.release(true);
      throw error;
    }
  }

  /** A new connection gets through: what still waits for an answer waits for a network that has dropped it. */
  renew(): void {
    const since = performance.now() - overtakenMs;
    for (const [client, from] of this.#used) if (from < since) client.connection.stream.destroy();
  }

  close(): Promise<void> {
    this.#closed ??= this.#pool.end();
    return this.#closed;
  }
}

/** The server refuses a text with a NUL, and so has none: in its place goes what is no character, and stands in no name. */
function askable(value: unknown): unknown {
  return typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\uffff') : value;
}
