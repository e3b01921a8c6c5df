import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { expect } from 'vitest';
import { DiskBlobs } from '../../src/engine/disk-blobs.js';
import type { Engine, EngineOptions, Fact, SubmitOutcome } from '../../src/engine/engine.js';
import { openPostgresEngine, type PostgresEngineOptions } from '../../src/engine/postgres/postgres-engine.js';
import { aJob, aSubmission } from '../contracts/jobs-at-hand.js';
import { inTurn } from '../contracts/openings.js';
import type { PostgresServer } from '../helpers/postgres-server.js';
import { scratchDirectory } from './scratch.js';

type Opening = EngineOptions &
  Pick<PostgresEngineOptions, 'isGateway' | 'openFanout' | 'selects' | 'onFanned'>;

export interface Service {
  /** @param by another way to the server */
  readonly open: (options: Opening, by?: string) => Promise<Engine>;
  /** A connection beside those of the nodes, which sees its tables. */
  readonly connect: () => Promise<pg.Client>;
  /** A statement about its tables. */
  readonly ask: (text: string) => Promise<void>;
  /** After its nodes were closed. */
  readonly remove: () => Promise<void>;
}

/** Schemas of services that are gone, empty as on the first day: to make the tables takes longer than most tests. */
const free = new Map<string, string[]>();

export function submitTo({ store }: Engine): Promise<SubmitOutcome> {
  return store.submit(aSubmission(aJob()));
}

/** The whole log, which has no gap. */
export async function everyFact({ store }: Engine): Promise<readonly Fact[]> {
  const { facts } = await store.everyFact(0, 10_000);
  expect(facts.map(({ seq }) => seq)).toEqual(facts.map((_, at) => at + 1));
  return facts;
}

/**
 * Has eight callers submit to a node without a pause, through outages with fifty jobs before each of them and behind the last.
 * @returns the places of what was accepted, by job
 */
export async function acceptedThrough(
  node: Engine,
  outages: number,
  outage: () => Promise<void>,
): Promise<ReadonlyMap<string, number>> {
  const accepted = new Map<string, number>();
  let isOver = false;
  const submitOn = async (): Promise<void> => {
    while (!isOver) {
      const outcome = await submitTo(node).catch(() => undefined);
      if (outcome?.type === 'created') accepted.set(outcome.job.id, outcome.position.seq);
    }
  };
  const fiftyMore = async (): Promise<void> => {
    const before = accepted.size;
    await expect.poll(() => accepted.size).toBeGreaterThan(before + 50);
  };
  const load = Promise.all(Array.from({ length: 8 }, submitOn));
  for (let n = 0; n < outages; n += 1) {
    await fiftyMore();
    await outage();
  }
  await fiftyMore();
  isOver = true;
  await load;
  return accepted;
}

/** A service of its own on a server; each call opens a node of it. */
export async function aService({ url }: PostgresServer): Promise<Service> {
  const schema = free.get(url)?.pop() ?? `t_${randomBytes(8).toString('hex')}`;
  const { directory, remove } = await scratchDirectory();
  let removed: Promise<void> | undefined;
  const giveBack = async (): Promise<void> => {
    await empty(url, schema);
    free.set(url, [...(free.get(url) ?? []), schema]);
    await remove();
  };
  const connect = async (): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: url, options: `-c search_path=${schema}` });
    await client.connect();
    return client;
  };
  return {
    open: (options, by = url) =>
      openPostgresEngine({
        ...options,
        url: by,
        schema,
        openBlobs: (readSmall) => DiskBlobs.open(directory, readSmall),
      }),
    connect,
    async ask(text) {
      const client = await connect();
      await client.query(text).finally(() => client.end());
    },
    remove() {
      removed ??= giveBack();
      return removed;
    },
  };
}

async function empty(url: string, schema: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      'SELECT tablename AS name FROM pg_tables WHERE schemaname = $1',
      [schema],
    );
    const tables = rows.map(({ name }) => name).filter((name) => !['schema_version', 'head'].includes(name));
    await client.query(tables.map((name) => `DELETE FROM ${schema}.${name}`).join(';'));
    await client.query(
      `UPDATE ${schema}.head SET epoch = $1, life = DEFAULT, lives = DEFAULT, last = DEFAULT,
      trimmed_to = DEFAULT, pending = DEFAULT, running = DEFAULT, scheduled = DEFAULT, pass = DEFAULT, came = DEFAULT,
      change = DEFAULT, settings = DEFAULT`,
      [randomBytes(8).toString('hex')],
    );
  } finally {
    await client.end();
  }
}

/** So many nodes of a new service: each call goes to the next one. */
export function openNodes(server: PostgresServer, options: EngineOptions, nodes: number): Promise<Engine> {
  return openWays(server, options, Array<string>(nodes).fill(server.url));
}

/** A node of a new service for each way to its server. */
export async function openWays(
  server: PostgresServer,
  options: EngineOptions,
  [way, ...ways]: readonly string[],
): Promise<Engine> {
  const { open, remove } = await aService(server);
  const first = await open(options, way);
  const others: Engine[] = [];
  for (const other of ways) others.push(await open(options, other));
  const engine = others.length === 0 ? first : inTurn([first, ...others]);
  return {
    ...engine,
    async close(): Promise<void> {
      await engine.close();
      await remove();
    },
  };
}
