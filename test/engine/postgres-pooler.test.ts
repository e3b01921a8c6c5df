import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AttemptEnding } from '../../src/engine/ending.js';
import type { Engine, SubmitOutcome } from '../../src/engine/engine.js';
import { isWhole } from '../../src/engine/postgres/service.js';
import type { JobProgress } from '../../src/engine/progress.js';
import { claimSuite } from '../contracts/claim.suite.js';
import { commandSuite } from '../contracts/command.suite.js';
import { openOptions } from '../contracts/engine.suite.js';
import { aJob, start, started, submitted } from '../contracts/jobs-at-hand.js';
import { keysSuite } from '../contracts/keys.suite.js';
import { logSuite } from '../contracts/log.suite.js';
import { nodesSuite } from '../contracts/nodes.suite.js';
import { settingsSuite } from '../contracts/settings.suite.js';
import { submitSuite } from '../contracts/submit.suite.js';
import { type Pgbouncer, startPgbouncer, withoutPgbouncer } from '../helpers/pgbouncer.js';
import { openPostgresRelay } from '../helpers/postgres-relay.js';
import { usePostgres, withoutPostgres } from '../helpers/postgres-server.js';
import {
  acceptedThrough,
  aService,
  everyFact,
  openWays,
  type Service,
  submitTo,
} from './postgres-fixture.js';

const suites = [submitSuite, claimSuite, commandSuite, logSuite, settingsSuite, keysSuite];

describe.skipIf(withoutPostgres || withoutPgbouncer)('behind a pooler of transactions', () => {
  const server = usePostgres();
  let pooler: Pgbouncer;
  beforeAll(async () => {
    pooler = await startPgbouncer(server());
  });
  afterAll(() => pooler.close());

  // One node behind it, and one that reaches the server itself.
  for (const suite of suites)
    suite('the PostgreSQL engine', (options) => openWays(server(), options, [pooler.url, server().url]));

  nodesSuite('the PostgreSQL engine', async () => {
    const { open } = await aService(server());
    return (options) => open(options, pooler.url);
  });
});

describe.skipIf(withoutPostgres || withoutPgbouncer)('a node behind a pooler of transactions', () => {
  const server = usePostgres({ durable: true });
  let service: Service;
  let pooler: Pgbouncer;
  let closing: (() => Promise<void>)[] = [];
  beforeEach(async () => {
    service = await aService(server());
    pooler = await startPgbouncer(server());
    closing = [service.remove, () => pooler.close()];
  });
  afterEach(async () => {
    for (const close of closing.reverse()) await close();
  });

  async function open(url = pooler.url, more: Parameters<Service['open']>[0] = openOptions): Promise<Engine> {
    const engine = await service.open(more, url);
    closing.push(() => engine.close());
    return engine;
  }

  async function both(): Promise<readonly [behind: Engine, direct: Engine]> {
    return [await open(), await open(server().url)];
  }

  async function askAt<T>(url: string, ...texts: readonly string[]): Promise<readonly T[]> {
    const client = new pg.Client(url);
    await client.connect();
    try {
      const answers: T[] = [];
      for (const text of texts)
        for (const [value] of (await client.query<T[]>({ text, rowMode: 'array' })).rows)
          answers.push(value as T);
      return answers;
    } finally {
      await client.end();
    }
  }

  function heardAt(node: Engine): readonly number[] {
    const heard: number[] = [];
    node.bus.onHint(({ facts }) => heard.push(...facts.map(({ seq }) => seq)));
    return heard;
  }

  it.each([1, 2])('is found out where it has %s connections, and works with them', async (size) => {
    const small = await startPgbouncer(server(), { size });
    closing.push(() => small.close());
    expect(await isWhole({ url: small.url, schema: 'public' })).toBe(false);
    const node = await open(small.url);
    const made = await Promise.all(Array.from({ length: 20 }, () => submitTo(node)));
    expect(made.map(({ type }) => type)).toEqual(Array(20).fill('created'));
  });

  it('is found out while others use it, who have taken what was used last', async () => {
    const holding = new pg.Client(pooler.url);
    await holding.connect();
    closing.push(() => holding.end());
    let isOver = false;
    const others = (async () => {
      while (!isOver) for (const text of ['BEGIN', 'SELECT 1', 'COMMIT']) await holding.query(text);
    })();
    const found: boolean[] = [];
    for (let n = 0; n < 20; n += 1) found.push(await isWhole({ url: pooler.url, schema: 'public' }));
    isOver = true;
    await others;
    expect(found).toEqual(Array(20).fill(false));
  });

  it('is not taken for one where the pooler gives it a connection of its own', async () => {
    const sessions = await startPgbouncer(server(), { mode: 'session' });
    closing.push(() => sessions.close());
    expect(await isWhole({ url: sessions.url, schema: 'public' })).toBe(true);
    expect(await isWhole({ url: server().url, schema: 'public' })).toBe(true);
  });

  it('leaves nothing behind with the connections that others use next', async () => {
    const small = await startPgbouncer(server(), { size: 1 });
    closing.push(() => small.close());
    const node = await open(small.url);
    await submitTo(node);
    await started(node);
    const settings = [
      'search_path',
      'statement_timeout',
      'idle_in_transaction_session_timeout',
      'enable_seqscan',
    ];
    const show = settings.map((name) => `SHOW ${name}`);
    expect(await askAt(small.url, ...show)).toEqual(await askAt(server().url, ...show));
    expect(await askAt(small.url, 'SELECT name FROM pg_prepared_statements')).toEqual([]);
    const kept = `SELECT mode FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()`;
    expect(await askAt(small.url, kept)).toEqual([]);
  });

  it('hears of progress at other nodes, and tells them of its own', async () => {
    const [behind, direct] = await both();
    const third = await open();
    for (const at of [behind, direct]) await submitted(at);
    const jobs = await started(direct, 2, start);
    const heard = [behind, direct, third].map((node) => {
      const values: string[] = [];
      node.bus.onProgress(({ jobId, ratio }: JobProgress) => values.push(`${jobId} ${ratio}`));
      return values;
    });
    const publish = (node: Engine, at: number, ratio: number): string => {
      const { id, owner, kind } = jobs[at] ?? aJob();
      node.bus.publishProgress({ jobId: id, owner, kind, attempt: 1, ratio, phase: 'render' });
      return `${id} ${ratio}`;
    };
    const first = [publish(direct, 0, 0.25), publish(behind, 1, 0.5)];
    for (const values of heard) await expect.poll(() => [...values].sort()).toEqual([...first].sort());
    const next = publish(direct, 0, 0.75);
    for (const values of heard) await expect.poll(() => values.at(-1)).toBe(next);
    expect(heard.map((values) => values.length)).toEqual([3, 3, 3]);
  });

  it('hears of a cancel at another node, and tells others of its own before it is committed', async () => {
    const [behind, direct] = await both();
    const [hints, endings] = [heardAt(behind), [] as AttemptEnding[]];
    direct.bus.onEnding?.((ending) => endings.push(ending));
    const jobs = [await submitted(direct), await submitted(direct)];
    await started(behind, 2, start);
    await direct.store.apply(jobs[0]?.id ?? '', { type: 'cancel' }, start);
    await expect.poll(() => hints).toEqual([1, 2, 3, 4, 5]);
    await behind.store.apply(jobs[1]?.id ?? '', { type: 'cancel' }, start);
    await expect.poll(() => endings.at(-1)).toEqual({ jobId: jobs[1]?.id, rev: 3 });
  });

  it('is counted as one that answers callers, until it ends', async () => {
    const [behind, direct] = await both();
    await open(pooler.url, { ...openOptions, isGateway: false });
    const gateways = [behind, direct].map((node) => () => node.gateways());
    for (const count of gateways) await expect.poll(count).toBe(2);
    await behind.close();
    await expect.poll(() => direct.gateways()).toBe(1);
  });

  it('begins another life of the log where it is alone, and none beside another node', async () => {
    const lives = async (node: Engine): Promise<number> => {
      await submitTo(node);
      return (await node.store.log()).lives.length;
    };
    const first = await open();
    const before = await lives(first);
    const others = [await open(), await open(server().url)];
    for (const other of others) expect(await lives(other)).toBe(before);
    await first.close();
    for (const other of others) await other.close();
    const alone = await open();
    expect(await lives(alone)).toBe(before + 1);
    await alone.close();
    const direct = await open(server().url);
    expect(await lives(direct)).toBe(before + 2);
    expect(await lives(await open())).toBe(before + 2);
  });

  it.each(['before', 'after'] as const)(
    'gives each change its outcome when the connection is cut %s its commit',
    async (fault) => {
      const cuts = 10;
      const relay = await openPostgresRelay(pooler);
      closing.push(() => relay.close());
      const [cut, other] = [await open(relay.url), await open()];
      const accepted: SubmitOutcome[] = [];
      for (let n = 0; n < cuts; n += 1) {
        relay.fault = fault;
        accepted.push(...(await Promise.all([submitTo(cut), submitTo(cut), submitTo(other)])));
      }
      expect(relay.cuts).toBe(cuts);
      const places = new Map((await everyFact(other)).map(({ jobId, seq }) => [jobId, seq]));
      expect(places.size).toBe(3 * cuts);
      for (const outcome of accepted) {
        expect(outcome.type).toBe('created');
        if (outcome.type === 'created') expect(places.get(outcome.job.id)).toBe(outcome.position.seq);
      }
    },
  );

  it.each(['the pooler', 'the server behind it'])(
    'loses nothing that it has answered when %s is killed, and goes on when it is back',
    async (what) => {
      const killed = what === 'the pooler' ? pooler : server();
      const node = await open();
      const heard = heardAt(node);
      const accepted = await acceptedThrough(node, 3, async () => {
        await killed.kill();
        await killed.start();
      });
      const facts = await everyFact(node);
      const places = new Map(facts.map(({ jobId, seq }) => [jobId, seq]));
      expect([...accepted].filter(([id, seq]) => places.get(id) !== seq)).toEqual([]);
      await expect.poll(() => heard).toEqual(facts.map(({ seq }) => seq));
      expect(await node.store.depth()).toMatchObject({ pending: facts.length });
    },
  );

  it('refuses as unavailable while the pooler is away', async () => {
    const node = await open();
    await pooler.kill();
    await expect(submitTo(node)).rejects.toMatchObject({ name: 'StoreFailed', unavailable: true });
    await expect(node.store.depth()).rejects.toMatchObject({ name: 'StoreFailed', unavailable: true });
    await pooler.start();
    expect(await submitTo(node)).toMatchObject({ type: 'created' });
  });
});
