import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import type { Key } from '../../src/engine/keys.js';
import { openDatabase } from '../../src/engine/sqlite/database.js';
import { openSqliteKeys } from '../../src/engine/sqlite/keys.js';
import { openSqliteEngine } from '../../src/engine/sqlite/sqlite-engine.js';
import { openOptions } from '../contracts/engine.suite.js';
import { aJob, aSubmission, completed, start, started, submitted } from '../contracts/jobs-at-hand.js';
import { aKey } from '../contracts/keys.suite.js';
import { openIn, scratchDirectory } from './scratch.js';

/** What a data directory goes through: several processes, restarts and crashes. */
describe('data directory of the SQLite engine', () => {
  let directory = '';
  let remove: () => Promise<void> = async () => {};
  const opened: Engine[] = [];

  async function open(options = openOptions): Promise<Engine> {
    const engine = await openIn(directory, options);
    opened.push(engine);
    return engine;
  }

  beforeEach(async () => {
    ({ directory, remove } = await scratchDirectory());
  });

  afterEach(async () => {
    for (const engine of opened.splice(0)) await engine.close();
    await remove();
  });

  it('tells of the end of an attempt before the fact that it is', async () => {
    const engine = await open();
    const job = await submitted(engine);
    await started(engine);
    const heard: string[] = [];
    engine.bus.onEnding?.(({ jobId, rev }) => heard.push(`${jobId} ends as ${rev}`));
    engine.bus.onHint(({ facts }) => heard.push(...facts.map(({ type }) => type)));
    await engine.store.apply(job.id, { type: 'cancel' }, start);
    expect(heard).toEqual([`${job.id} ends as 3`, 'job.cancelled']);
  });

  it('keeps everything over a restart', async () => {
    const before = await open();
    const idempotency = { key: 'k', fingerprint: 'f', expiresAt: start + 1_000 };
    const done = await completed(before, { group: 'g' });
    const waiting = await submitted(before, { owner: 'bob', readyAt: start + 500 });
    await submitted(before, { owner: 'carol' });
    const [running] = await started(before, 1);
    const first = await before.store.submit(aSubmission(aJob({ group: 'g' }), { idempotency }));
    await before.keys.put(aKey('aaaaaaaa'));
    const blob = await before.blobs.put(Buffer.from('hello'), done.id);
    const log = await before.store.log();
    const { facts } = await before.store.facts({ owner: 'alice', after: 0, limit: 100 });
    await before.close();

    const after = await open();
    const life = { life: expect.any(String), first: log.last + 1 };
    expect(await after.store.log()).toEqual({ ...log, lives: [...log.lives, life] });
    expect(await after.store.facts({ owner: 'alice', after: 0, limit: 100 })).toMatchObject({ facts });
    expect(await after.store.get('alice', done.id)).toEqual(done);
    expect(await after.store.get('carol', running?.id ?? '')).toEqual(running);
    expect(await after.store.depth()).toMatchObject({ pending: 2, running: 1, oldestPendingAt: start });
    expect(await after.store.group('alice', 'g')).toMatchObject({ jobs: 2, completed: 1, pending: 1 });
    expect(await after.store.nextReadyAt()).toBe(waiting.readyAt);
    expect(await after.keys.list()).toEqual([aKey('aaaaaaaa')]);
    await after.blobs.read(blob).then((stream) => stream.resume());
    const again = await after.store.submit(aSubmission(aJob(), { idempotency }));
    if (first.type !== 'created') throw new Error(first.type);
    expect(again).toMatchObject({ type: 'replayed', position: first.position, job: { id: first.job.id } });
    await submitted(after);
    expect((await after.store.log()).last).toBe(log.last + 1);
  });

  it('counts what runs and waits against its limits after a restart', async () => {
    const options = { ...openOptions, fairness: { maxRunningPerOwner: 2, weights: {} } };
    const before = await open(options);
    for (let n = 0; n < 5; n += 1) await submitted(before);
    expect(await started(before, 1)).toHaveLength(1);
    await before.close();
    const after = await open(options);
    expect(await started(after, 5)).toHaveLength(1);
    const limits = { maxPending: 3, maxPendingPerOwner: 100 };
    expect(await after.store.submit(aSubmission(aJob(), { limits }))).toMatchObject({
      type: 'full',
      pending: 3,
    });
  });

  it('gives no number of the log twice, also when all of it was trimmed before a restart', async () => {
    const before = await open();
    await submitted(before);
    await before.store.sweep({ now: start, limit: 9, recordTtlMs: 9, logTtlMs: 9, logMaxFacts: 0 });
    await before.close();
    const after = await open();
    expect(await after.store.log()).toMatchObject({ last: 1, trimmedTo: 1 });
    await submitted(after);
    expect((await after.store.log()).last).toBe(2);
  });

  it('loses nothing that was acknowledged when the process is killed amid commits', async () => {
    const script = fileURLToPath(new URL('./steady-submitter.mjs', import.meta.url));
    const child = spawn(process.execPath, [script, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exit = once(child, 'exit');
    const acknowledged: [word: string, id: string, number: number][] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      const [word, id, number] = line.split(' ');
      if (!word || !id || !number) continue;
      acknowledged.push([word, id, Number(number)]);
      if (acknowledged.length === 600) child.kill('SIGKILL');
    }
    await exit;
    expect(acknowledged.length).toBeGreaterThanOrEqual(600);

    const engine = await open();
    const revs = new Map<string, number>();
    const places = new Map<number, string>();
    const { last } = await engine.store.log();
    for (let after = 0; after < last; ) {
      const { facts, reached } = await engine.store.facts({ owner: 'alice', after, limit: 1_000 });
      for (const { seq, jobId, rev } of facts.filter((fact) => fact.jobId !== '')) {
        expect(rev).toBe((revs.get(jobId) ?? 0) + 1);
        revs.set(jobId, rev);
        if (rev === 1) places.set(seq, jobId);
      }
      after = reached;
    }
    for (const [word, id, number] of acknowledged) {
      if (word === 'submitted') expect(places.get(number)).toBe(id);
      else expect(revs.get(id)).toBeGreaterThanOrEqual(number);
    }
    const group = await engine.store.group('alice', 'g');
    expect(group?.jobs).toBe(revs.size);
    expect(await engine.store.depth()).toMatchObject({ pending: group?.pending, running: group?.running });
  });

  it('is for one server at a time', async () => {
    const first = await open();
    await expect(open()).rejects.toMatchObject({ name: 'StoreFailed', code: 'directory-in-use' });
    await first.store.ping();
    await first.close();
    await (await open()).store.ping();
  });

  it('lets the keys be changed beside a running server, which hears of it', async () => {
    const server = await open();
    let heard = (_keys: readonly Key[]): void => {};
    const told = new Promise<readonly Key[]>((resolve) => {
      heard = resolve;
    });
    await server.keys.watch((keys) => {
      if (keys.length > 0) heard(keys);
    });
    const keys = await openSqliteKeys(directory);
    await keys.put(aKey('aaaaaaaa'));
    expect(await told).toEqual([aKey('aaaaaaaa')]);
    await keys.put(aKey('aaaaaaaa', { disabledAt: 5 }));
    expect(await server.keys.list()).toEqual([aKey('aaaaaaaa', { disabledAt: 5 })]);
    await keys.close();
    await keys.close();
  });

  it('can be given keys before the first server', async () => {
    const keys = await openSqliteKeys(directory);
    await keys.put(aKey('aaaaaaaa'));
    await keys.close();
    expect(await (await open()).keys.list()).toEqual([aKey('aaaaaaaa')]);
  });

  it('is refused when a newer program has changed it', async () => {
    await (await open()).close();
    const connection = openDatabase(directory);
    connection.execute('PRAGMA user_version = 999');
    connection.close();
    await expect(open()).rejects.toMatchObject({ name: 'StoreFailed', code: 'schema-too-new' });
    await expect(openSqliteKeys(directory)).rejects.toMatchObject({ code: 'schema-too-new' });
  });

  it('fails every call and says so when the thread of the store ends', async () => {
    const thread = `import { parentPort } from 'node:worker_threads';
      parentPort.on('message', () => process.exit(3));
      parentPort.postMessage({ type: 'opened', epoch: 'none', last: 0 });`;
    const threadEntry = new URL(`data:text/javascript,${encodeURIComponent(thread)}`);
    const engine = await openSqliteEngine({ ...openOptions, directory, threadEntry });
    const calls = [engine.store.log(), engine.store.ping()];
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'thread-ended' });
    expect(await engine.failure).toMatchObject({ name: 'StoreFailed', code: 'thread-ended' });
    await expect(engine.store.ping()).rejects.toMatchObject({ code: 'thread-ended' });
    await engine.close();
  });

  it('refuses calls past 20,000 that wait for the store, and takes more when some were answered', async () => {
    const thread = `import { parentPort } from 'node:worker_threads';
      const waiting = [];
      parentPort.on('message', ({ type, calls = [] }) => {
        if (type === 'close') process.exit();
        waiting.push(...calls);
        if (waiting.length < 20_000) return;
        const answers = waiting.splice(0).map(({ number }) => ({ number }));
        parentPort.postMessage({ type: 'answers', answers, facts: [], commit: { operations: 0, ms: 0 } });
      });
      parentPort.postMessage({ type: 'opened', epoch: 'none', last: 0 });`;
    const threadEntry = new URL(`data:text/javascript,${encodeURIComponent(thread)}`);
    const engine = await openSqliteEngine({ ...openOptions, directory, threadEntry });
    opened.push(engine);
    const calls = Array.from({ length: 20_000 }, () => engine.store.ping());
    await expect(engine.store.ping()).rejects.toMatchObject({ name: 'StoreFailed', code: 'overloaded' });
    await Promise.all(calls);
    const more = Array.from({ length: 20_000 }, () => engine.store.ping());
    await Promise.all(more);
  });
});
