import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DiskBlobs } from '../../src/engine/disk-blobs.js';
import type { Engine } from '../../src/engine/engine.js';
import { isPlaceOf } from '../../src/engine/lives.js';
import { openPostgresEngine } from '../../src/engine/postgres/postgres-engine.js';
import type { Position } from '../../src/protocol/cursor.js';
import { openOptions } from '../contracts/engine.suite.js';
import { aJob, aSubmission } from '../contracts/jobs-at-hand.js';
import { startPgbouncer, withoutPgbouncer } from '../helpers/pgbouncer.js';
import { openPostgresRelay, type PostgresRelay } from '../helpers/postgres-relay.js';
import { type PostgresServer, startPostgres, withoutPostgres } from '../helpers/postgres-server.js';
import { scratchDirectory } from './scratch.js';

/** A server that follows another one takes over, where nodes find it under the same address. */
describe.skipIf(withoutPostgres)('when a standby takes over', () => {
  let primary: PostgresServer;
  let standby: PostgresServer;
  let relay: PostgresRelay;
  let directory: string;
  let closing: (() => Promise<void>)[] = [];
  beforeEach(async () => {
    closing = [];
    const scratch = await scratchDirectory();
    closing.push(scratch.remove);
    directory = scratch.directory;
    primary = await startPostgres({ durable: true });
    closing.push(() => primary.close());
    standby = await primary.standby();
    closing.push(() => standby.close());
    relay = await openPostgresRelay(primary);
    closing.push(() => relay.close());
  });
  afterEach(async () => {
    for (const close of closing.reverse()) await close();
  });

  async function open(url = relay.url): Promise<Engine> {
    const engine = await openPostgresEngine({
      ...openOptions,
      url,
      openBlobs: (readSmall) => DiskBlobs.open(directory, readSmall),
    });
    closing.push(() => engine.close());
    return engine;
  }

  async function ask({ url }: PostgresServer, ...texts: readonly string[]): Promise<unknown> {
    const client = new pg.Client(url);
    await client.connect();
    try {
      let answer: unknown;
      // Each by itself: some of them may not be in a transaction.
      for (const text of texts) answer = (await client.query({ text, rowMode: 'array' })).rows[0]?.[0];
      return answer;
    } finally {
      await client.end();
    }
  }

  const set = (setting: string): readonly string[] => [
    `ALTER SYSTEM SET ${setting}`,
    'SELECT pg_reload_conf()',
  ];

  async function submitThree(node: Engine): Promise<readonly Position[]> {
    const places: Position[] = [];
    for (let n = 0; n < 3; n += 1) {
      const outcome = await node.store.submit(aSubmission(aJob()));
      if (outcome.type === 'created') places.push(outcome.position);
    }
    return places;
  }

  async function takeOver(): Promise<void> {
    await primary.kill();
    await ask(standby, 'SELECT pg_promote()');
    relay.turnTo(standby);
  }

  it('with all commits, nothing is lost and every place holds', async () => {
    await ask(primary, ...set(`synchronous_standby_names = '*'`));
    await expect.poll(() => ask(primary, 'SELECT sync_state FROM pg_stat_replication')).toBe('sync');
    const node = await open();
    const before = await submitThree(node);
    await takeOver();
    const again = (): Promise<unknown> => node.store.submit(aSubmission(aJob())).catch(() => undefined);
    await expect.poll(again).toMatchObject({ type: 'created' });
    const log = await node.store.log();
    expect(before.map((place) => isPlaceOf(log, place))).toEqual([true, true, true]);
    const { facts } = await node.store.everyFact(0, 100);
    expect(facts.map(({ seq }) => seq)).toEqual(facts.map((_, at) => at + 1));
    expect(facts.length).toBeGreaterThanOrEqual(4);
  });

  async function loseTheLast(url: string): Promise<void> {
    const node = await open(url);
    const kept = await submitThree(node);
    const reached = await ask(primary, 'SELECT pg_current_wal_flush_lsn()');
    const behind = `SELECT pg_wal_lsn_diff('${reached}', pg_last_wal_replay_lsn()) <= 0`;
    await expect.poll(() => ask(standby, behind)).toBe(true);
    await ask(standby, ...set(`primary_conninfo = ''`));
    await expect.poll(() => ask(standby, 'SELECT count(*)::int FROM pg_stat_wal_receiver')).toBe(0);
    const lost = await submitThree(node);
    await takeOver();
    expect(await node.failure).toMatchObject({ code: 'history-lost' });
    const next = await open(url);
    const others = await submitThree(next);
    expect(others.map(({ seq }) => seq)).toEqual(lost.map(({ seq }) => seq));
    const log = await next.store.log();
    const holds = (places: readonly Position[]): readonly boolean[] =>
      places.map((place) => isPlaceOf(log, place));
    expect([holds(kept), holds(lost), holds(others)]).toEqual([
      [true, true, true],
      [false, false, false],
      [true, true, true],
    ]);
  }

  it('without the last commits, nobody goes on from a place in them, though others have their numbers', () =>
    loseTheLast(relay.url));

  it.skipIf(withoutPgbouncer)('the same behind a pooler, which keeps its connections', async () => {
    const pooler = await startPgbouncer(relay);
    closing.push(() => pooler.close());
    await loseTheLast(pooler.url);
  });
});
