import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Engine, SubmitOutcome } from '../../src/engine/engine.js';
import { isPlaceOf } from '../../src/engine/lives.js';
import type { Position } from '../../src/protocol/cursor.js';
import { openOptions } from '../contracts/engine.suite.js';
import { aJob, aSubmission, started } from '../contracts/jobs-at-hand.js';
import { openPostgresRelay } from '../helpers/postgres-relay.js';
import { usePostgres, withoutPostgres } from '../helpers/postgres-server.js';
import { acceptedThrough, aService, everyFact, type Service, submitTo } from './postgres-fixture.js';

/** Around commits, before and after each; `npm run crash:races` cuts a hundred of both. */
const cuts = Number(process.env.CONNECTION_CUTS ?? 40);

describe.skipIf(withoutPostgres)('a node of the PostgreSQL engine', () => {
  const server = usePostgres({ durable: true });
  let service: Service;
  let closing: (() => Promise<void>)[] = [];
  beforeEach(async () => {
    service = await aService(server());
    closing = [service.remove];
  });
  afterEach(async () => {
    for (const close of closing.reverse()) await close();
  });

  async function open(url?: string): Promise<Engine> {
    const engine = await service.open(openOptions, url);
    closing.push(() => engine.close());
    return engine;
  }

  it('knows how many nodes answer callers, whichever end', async () => {
    const first = await open();
    expect(first.gateways()).toBe(1);
    const second = await open();
    expect(second.gateways()).toBe(2);
    const worker = await service.open({ ...openOptions, isGateway: false });
    closing.push(() => worker.close());
    expect(worker.gateways()).toBe(2);
    await expect.poll(() => first.gateways()).toBe(2);
    await second.close();
    await expect.poll(() => worker.gateways()).toBe(1);
  });

  it.each(['before', 'after'] as const)(
    'gives each change its outcome when the connection is cut %s its commit',
    async (fault) => {
      const relay = await openPostgresRelay(server());
      closing.push(() => relay.close());
      const cut = await open(relay.url);
      const other = await open();
      const accepted: SubmitOutcome[] = [];
      for (let n = 0; n < cuts; n += 1) {
        relay.fault = fault;
        // The other node writes at the same time: nothing can be told by how far the log has come.
        accepted.push(...(await Promise.all([submitTo(cut), submitTo(cut), submitTo(other)])));
      }
      expect(relay.cuts).toBe(cuts);
      const jobs = accepted.flatMap((outcome) => (outcome.type === 'created' ? [outcome] : []));
      expect(jobs).toHaveLength(3 * cuts);
      const facts = await everyFact(other);
      // One job each, none twice, at the place that was told, without a gap.
      expect(facts.map(({ seq }) => seq)).toEqual(Array.from({ length: 3 * cuts }, (_, at) => at + 1));
      const places = new Map(facts.map(({ jobId, seq }) => [jobId, seq]));
      for (const { job, position } of jobs) expect(places.get(job.id)).toBe(position.seq);
      expect(await other.store.depth()).toMatchObject({ pending: 3 * cuts, running: 0 });
    },
  );

  it('loses nothing that it has answered when the server is killed, and goes on when it is back', async () => {
    const node = await open();
    const heard: number[] = [];
    node.bus.onHint(({ facts }) => heard.push(...facts.map(({ seq }) => seq)));
    const accepted = await acceptedThrough(node, 2, async () => {
      await server().kill();
      await server().start();
    });
    const facts = await everyFact(node);
    const places = new Map(facts.map(({ jobId, seq }) => [jobId, seq]));
    expect([...accepted].filter(([id, seq]) => places.get(id) !== seq)).toEqual([]);
    expect(facts.map(({ seq }) => seq)).toEqual(facts.map((_, at) => at + 1));
    await expect.poll(() => heard.length).toBe(facts.length);
    expect(heard).toEqual(facts.map(({ seq }) => seq));
    const ids = new Set((await node.store.list({ owner: 'alice', limit: 10_000 })).jobs.map(({ id }) => id));
    expect(await node.store.depth()).toMatchObject({ pending: ids.size });
  });

  it('refuses as unavailable while the server is away, and works again when it is back', async () => {
    const node = await open();
    await server().kill();
    const away = { name: 'StoreFailed', unavailable: true };
    await expect(node.store.submit(aSubmission(aJob()))).rejects.toMatchObject({
      ...away,
      answerLost: false,
    });
    await expect(node.store.depth()).rejects.toMatchObject(away);
    await expect(node.store.ping()).rejects.toMatchObject(away);
    await server().start();
    await node.store.submit(aSubmission(aJob()));
    await node.store.ping();
    expect(await started(node)).toHaveLength(1);
  });

  it('refuses as unavailable while nothing comes through, and goes on over new connections', async () => {
    const relay = await openPostgresRelay(server());
    closing.push(() => relay.close());
    const node = await open(relay.url);
    const heard: number[] = [];
    node.bus.onHint(({ facts }) => heard.push(...facts.map(({ seq }) => seq)));
    const other = await open();
    await node.store.submit(aSubmission(aJob()));
    relay.swallow();
    const away = { name: 'StoreFailed', unavailable: true };
    await expect(node.store.submit(aSubmission(aJob()))).rejects.toMatchObject(away);
    await expect(node.store.depth()).rejects.toMatchObject(away);
    await other.store.submit(aSubmission(aJob()));
    relay.restore();
    const submit = (): Promise<unknown> => node.store.submit(aSubmission(aJob())).catch(() => undefined);
    await expect.poll(submit).toMatchObject({ type: 'created' });
    await other.store.submit(aSubmission(aJob()));
    const facts = await everyFact(other);
    await expect.poll(() => heard).toEqual(facts.map(({ seq }) => seq));
    // Of the one that was refused nobody knows whether it came about; all others are there.
    expect([4, 5]).toContain(facts.length);
    expect(facts.map(({ seq }) => seq)).toEqual(facts.map((_, at) => at + 1));
  });

  it('stores nothing of what it has refused because others held the database for too long', async () => {
    const node = await open();
    await submitTo(node);
    const other = await service.connect();
    closing.push(() => other.end());
    await other.query('BEGIN; LOCK TABLE head');
    const refused = submitTo(node);
    await expect(refused).rejects.toMatchObject({ unavailable: true, answerLost: false });
    await other.query('COMMIT');
    await node.store.ping();
    await submitTo(node);
    expect(await everyFact(node)).toHaveLength(2);
  });

  it('ends when commits that it has told are lost, and makes a place after them one that nobody goes on from', async () => {
    const node = await open();
    const places: Position[] = [];
    for (let n = 0; n < 4; n += 1) {
      const outcome = await node.store.submit(aSubmission(aJob()));
      if (outcome.type === 'created') places.push(outcome.position);
    }
    // As after a server that followed has taken over without the last two; then others have their numbers.
    await service.ask('DELETE FROM facts WHERE seq > 2');
    await service.ask('UPDATE head SET last = 2');
    await service.ask(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()
      AND application_name = 'inkwire'`);
    expect(await node.failure).toMatchObject({ code: 'history-lost' });
    const next = await open();
    await next.store.submit(aSubmission(aJob()));
    await next.store.submit(aSubmission(aJob()));
    const log = await next.store.log();
    expect(log.last).toBe(4);
    expect(places.map((place) => isPlaceOf(log, place))).toEqual([true, true, false, false]);
  });
});
