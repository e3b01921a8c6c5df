import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setEnvironmentData } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Progress } from '../../src/render/kind.js';
import type { Outcome } from '../../src/render/outcome.js';
import { type PoolOptions, RenderPool } from '../../src/render/pool.js';
import type { Task } from '../../src/render/task.js';
import { textOf } from '../helpers/finished-file.js';

const entry = new URL('../helpers/unruly-thread.mjs', import.meta.url);

describe('render pool', () => {
  let directory: string;
  let pool: RenderPool;
  let serial = 0;

  const open = async (options: Partial<PoolOptions> = {}): Promise<RenderPool> => {
    pool = new RenderPool({
      entry,
      threads: 1,
      heapLimitMb: 64,
      raisedHeapLimitMb: 96,
      recycleAfter: 1000,
      nice: 5,
      readyTimeoutMs: 60_000,
      ...options,
    });
    await pool.ready();
    return pool;
  };

  const task = (kind: string, request: unknown = {}, change: Partial<Task> = {}): Task => ({
    kind,
    owner: 'ann',
    request: { inline: JSON.stringify(request) },
    inputPaths: [],
    fetched: {},
    asidePrefix: join(directory, `task-${serial++}`),
    timeoutMs: 60_000,
    memoryRetry: false,
    urgent: false,
    signal: new AbortController().signal,
    onProgress: () => undefined,
    ...change,
  });

  const written = (outcome: Outcome): string => {
    if (outcome.type !== 'done') throw new Error(`expected a result, got ${JSON.stringify(outcome)}`);
    return textOf(outcome.files[0]);
  };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'inkwire-pool-'));
  });
  afterEach(async () => {
    await pool.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('hands small artifacts over as bytes and writes others to files, numbered without gaps', async () => {
    await open();
    const sizes = [5, 65_536, 65_537, 0, 300_000];
    const given = task('many', { sizes });
    const outcome = await pool.run(given);
    if (outcome.type !== 'done') throw new Error(JSON.stringify(outcome));
    const where = outcome.files.map((file) =>
      'bytes' in file ? 'bytes' : file.path.slice(given.asidePrefix.length),
    );
    expect(where).toEqual(['bytes', 'bytes', '.0', 'bytes', '.1']);
    for (const [index, file] of outcome.files.entries()) {
      const bytes = Buffer.alloc(sizes[index] ?? 0, index);
      expect('bytes' in file ? Buffer.from(file.bytes) : readFileSync(file.path)).toEqual(bytes);
      expect(file.sizeBytes).toBe(bytes.length);
      expect(file.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
    }
    expect(readdirSync(directory)).toHaveLength(2);
  });

  it('holds 4 MiB of a task in memory at most: what comes after lies in files', async () => {
    await open();
    const kept: string[] = [];
    const onPart: NonNullable<Task['onPart']> = (file) => kept.push('bytes' in file ? 'bytes' : 'file');
    const sizes = Array.from({ length: 70 }, () => 65_536);
    for (const inParts of [true, false]) {
      const outcome = await pool.run(task('many', { sizes, inParts }, { onPart }));
      if (outcome.type !== 'done') throw new Error(JSON.stringify(outcome));
      kept.push(...outcome.files.map((file) => ('bytes' in file ? 'bytes' : 'file')));
      expect(kept.splice(0)).toEqual(sizes.map((_, index) => (index < 64 ? 'bytes' : 'file')));
    }
  });

  it('makes the result and tells its digest', async () => {
    await open();
    const outcome = await pool.run(task('write', { text: 'hello' }));
    expect(outcome).toMatchObject({
      type: 'done',
      pages: 1,
      files: [
        {
          name: 'out.txt',
          sizeBytes: 5,
          sha256: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
        },
      ],
    });
    expect(written(outcome)).toBe('hello');
  });

  it.each([
    ['is not there', undefined],
    ['is broken', '{"text":'],
  ])(
    'fails the task alone when the file of its request %s, for a reason that a retry may mend',
    async (_, text) => {
      await open();
      const path = join(directory, 'request');
      if (text !== undefined) writeFileSync(path, text);
      expect(await pool.run(task('write', {}, { request: { path } }))).toMatchObject({
        type: 'failed',
        code: 'storage_failed',
        message: `The request of the job could not be read (${text === undefined ? 'ENOENT' : 'it is broken'})`,
      });
      expect(pool.state).toMatchObject({ respawns: 0, idle: 1 });
      expect(written(await pool.run(task('write', { text: 'next' })))).toBe('next');
    },
  );

  it('fails the task alone when its kind throws before it promises anything', async () => {
    await open();
    expect(await pool.run(task('throw'))).toMatchObject({ code: 'render_failed', message: 'thrown at once' });
    expect(pool.state.respawns).toBe(0);
  });

  it('tells why a task failed, also when its files are gone or cannot be removed', async () => {
    await open();
    for (const instead of ['nothing', 'a folder']) {
      const outcome = await pool.run(task('sweep', { instead }));
      expect(outcome).toMatchObject({ type: 'failed', code: 'invalid_input', message: 'cannot be drawn' });
    }
    expect(readdirSync(directory).filter((name) => name.endsWith('.1'))).toEqual([]);
    expect(pool.state.respawns).toBe(0);
  });

  it('fails the task alone when the request cannot be rendered, and leaves no file', async () => {
    await open();
    expect(await pool.run(task('refuse'))).toMatchObject({
      type: 'failed',
      code: 'invalid_input',
      message: 'cannot be drawn',
      pointer: '/operations/3',
      warnings: [{ code: 'odd' }],
    });
    expect(readdirSync(directory)).toEqual([]);
    expect(await pool.run(task('defect'))).toMatchObject({
      type: 'failed',
      code: 'render_failed',
      message: 'a defect',
    });
    expect(pool.state.respawns).toBe(0);
  });

  it.each([
    ['exit', 'crashed'],
    ['throw-later', 'crashed'],
    ['eat', 'out_of_memory'],
  ])('heals after a task that kills its thread (%s)', async (kind, code) => {
    await open();
    expect(await pool.run(task(kind))).toMatchObject({ type: 'failed', code });
    expect(written(await pool.run(task('write', { text: 'still here' })))).toBe('still here');
    expect(pool.state.respawns).toBe(1);
  });

  it('stops an endless loop at the deadline', async () => {
    await open();
    expect(await pool.run(task('loop', {}, { timeoutMs: 100 }))).toMatchObject({
      type: 'failed',
      code: 'timed_out',
    });
    expect(written(await pool.run(task('write', { text: 'free' })))).toBe('free');
  });

  /** A machine that is busy may keep a thread waiting for longer than a pool does. */
  const patientMs = 60_000;
  const cancelled = async (kind: string, request = {}): Promise<Outcome> => {
    const stop = new AbortController();
    return pool.run(task(kind, request, { signal: stop.signal, onProgress: () => stop.abort() }));
  };

  it('keeps the thread of a task that looks whether it is to stop, and nothing of the task', async () => {
    await open({ stopMs: patientMs });
    for (let round = 0; round < 3; round += 1) {
      expect(await cancelled('looks')).toEqual({ type: 'cancelled' });
      expect(pool.state).toMatchObject({ respawns: 0, idle: 1, busy: 0 });
      expect(readdirSync(directory)).toEqual([]);
      expect(written(await pool.run(task('write', { text: 'next' })))).toBe('next');
    }
  });

  it('gives no result of a task that was asked to stop and came to its end', async () => {
    await open({ stopMs: patientMs });
    expect(await cancelled('looks', { wait: 'for its end' })).toEqual({ type: 'cancelled' });
    expect(pool.state).toMatchObject({ respawns: 0, idle: 1 });
    expect(written(await pool.run(task('write', { text: 'next' })))).toBe('next');
  });

  it('ends the thread of a task that was to look and does not', async () => {
    await open();
    expect(await cancelled('does not look')).toEqual({ type: 'cancelled' });
    expect(written(await pool.run(task('write', { text: 'next' })))).toBe('next');
    expect(pool.state.respawns).toBe(1);
  });

  it('ends the thread of a task that took too long, also where that looks', async () => {
    await open();
    const outcome = await pool.run(task('looks', {}, { timeoutMs: 100 }));
    expect(outcome).toMatchObject({ type: 'failed', code: 'timed_out' });
    expect(written(await pool.run(task('write', { text: 'next' })))).toBe('next');
    expect(pool.state.respawns).toBe(1);
  });

  it.each(['loop', 'hang'])('stops a running task when it is cancelled (%s)', async (kind) => {
    await open();
    const stop = new AbortController();
    const outcome = new Promise<Outcome>((resolve) => {
      const onProgress = (): void => stop.abort();
      void pool.run(task(kind, {}, { signal: stop.signal, onProgress })).then(resolve);
    });
    expect(await outcome).toEqual({ type: 'cancelled' });
    expect(pool.state.busy).toBe(0);
    expect(written(await pool.run(task('write', { text: 'next' })))).toBe('next');
  });

  it('takes a waiting task out of the queue when it is cancelled', async () => {
    await open();
    const first = new AbortController();
    const second = new AbortController();
    const running = pool.run(task('hang', {}, { signal: first.signal }));
    const waiting = pool.run(task('write', { text: 'never' }, { signal: second.signal }));
    expect(pool.state).toMatchObject({ busy: 1, waiting: 1 });
    second.abort();
    expect(await waiting).toEqual({ type: 'cancelled' });
    expect(pool.state).toMatchObject({ busy: 1, waiting: 0, respawns: 0 });
    first.abort();
    expect(await running).toEqual({ type: 'cancelled' });
  });

  it('runs urgent tasks before the others that wait', async () => {
    await open();
    const order: string[] = [];
    const note = (name: string) => (outcome: Outcome) => order.push(`${name} ${outcome.type}`);
    await Promise.all([
      pool.run(task('write', { text: 'a' })).then(note('first')),
      pool.run(task('write', { text: 'b' })).then(note('second')),
      pool.run(task('write', { text: 'c' }, { urgent: true })).then(note('urgent')),
    ]);
    expect(order).toEqual(['first done', 'urgent done', 'second done']);
  });

  it('D14 lets owners take turns with urgent tasks, too', async () => {
    await open();
    const order: string[] = [];
    const urgent = (name: string, owner: string) =>
      pool.run(task('write', { text: name }, { owner, urgent: true })).then(() => order.push(name));
    await Promise.all([
      ...['a1', 'a2', 'a3', 'a4'].map((name) => urgent(name, 'ann')),
      urgent('b1', 'bob'),
      urgent('b2', 'bob'),
    ]);
    expect(order).toEqual(['a1', 'b1', 'a2', 'b2', 'a3', 'a4']);
  });

  it('D14 lets the jobs of others have their turns between many urgent tasks of one owner', async () => {
    await open();
    const order: string[] = [];
    const run = (name: string, owner: string, urgent: boolean) =>
      pool.run(task('write', { text: name }, { owner, urgent })).then(() => order.push(name));
    await Promise.all([
      ...['a1', 'a2', 'a3', 'a4', 'a5'].map((name) => run(name, 'ann', true)),
      ...['b1', 'b2'].map((name) => run(name, 'bob', false)),
      run('a6', 'ann', false),
      run('c1', 'cem', true),
    ]);
    expect(order).toEqual(['a1', 'c1', 'a2', 'b1', 'a3', 'b2', 'a4', 'a5', 'a6']);
  });

  it('tells progress that never falls, and little of it', async () => {
    await open();
    const seen: Progress[] = [];
    const ratios = [0, 0.1, 0.1, 0.105, 0.5, 0.3, Number.NaN, 2];
    await pool.run(task('steps', { ratios }, { onProgress: (progress) => seen.push(progress) }));
    expect(seen.map(({ ratio }) => ratio)).toEqual([0, 0.1, 0.5, 1]);
  });

  it('loads what a task needs with the first one, the kind of most jobs in the other threads and a spare, too', async () => {
    const loads = join(directory, 'loads');
    setEnvironmentData('loads', loads);
    writeFileSync(loads, '');
    await open({ threads: 2 });
    await vi.waitFor(() => expect(pool.state.idle).toBe(2), { timeout: 20_000 });
    const loaded = () => readFileSync(loads, 'utf8').split('\n').filter(Boolean);
    await pool.run(task('cold'));
    expect(loaded()).toEqual(['cold']);
    await pool.run(task('warm'));
    await vi.waitFor(() => expect(loaded()).toEqual(['cold', 'warm', 'warm', 'warm']), { timeout: 20_000 });
  });

  it('loads what a task needs that is on its way, once, in the thread that will have it', async () => {
    const loads = join(directory, 'expected');
    setEnvironmentData('loads', loads);
    writeFileSync(loads, '');
    await open({ threads: 2 });
    await vi.waitFor(() => expect(pool.state.idle).toBe(2), { timeout: 20_000 });
    const loaded = () => readFileSync(loads, 'utf8').split('\n').filter(Boolean);
    pool.expect('cold');
    pool.expect('warm');
    await vi.waitFor(() => expect(loaded()).toEqual(['warm']), { timeout: 20_000 });
    pool.expect('warm');
    await pool.run(task('cold'));
    expect(loaded()).toEqual(['warm', 'cold']);
  });

  it('loads in the other threads what a job of many tasks needs once the last of them has ended', async () => {
    const loads = join(directory, 'chunked');
    setEnvironmentData('loads', loads);
    writeFileSync(loads, '');
    await open({ threads: 2 });
    await vi.waitFor(() => expect(pool.state.idle).toBe(2), { timeout: 20_000 });
    const loaded = () => readFileSync(loads, 'utf8').split('\n').filter(Boolean).length;
    const after = { plan: {}, prepared: {}, createdAt: 0 };
    expect(await pool.run(task('chunked', {}, { step: { type: 'prepare' } }))).toMatchObject({
      type: 'done',
    });
    expect(
      await pool.run(task('chunked', {}, { step: { type: 'chunk', units: { from: 0, to: 1 }, ...after } })),
    ).toMatchObject({ type: 'done' });
    expect(loaded()).toBe(1);
    expect(
      await pool.run(task('chunked', {}, { step: { type: 'finish', lost: [], ...after } })),
    ).toMatchObject({ type: 'done' });
    await vi.waitFor(() => expect(loaded()).toBe(3), { timeout: 20_000 });
  });

  it('replaces a thread after its share of tasks', async () => {
    await open({ recycleAfter: 3 });
    for (let index = 0; index < 7; index += 1) await pool.run(task('write', { text: String(index) }));
    expect(pool.state.respawns).toBe(2);
  });

  it('replaces a thread that has met a fault of the machine: what it then failed to load it would miss for good', async () => {
    await open();
    const missing = join(directory, 'missing');
    writeFileSync(missing, '');
    expect(await pool.run(task('import', { missing }))).toMatchObject({ type: 'failed', fault: 'EMFILE' });
    rmSync(missing);
    expect(await pool.run(task('import', { missing }))).toMatchObject({ type: 'done' });
    expect(pool.state.respawns).toBe(1);
  });

  it('runs a task with the raised memory limit on a thread that has it, and goes back', async () => {
    await open({ threads: 2 });
    const raised = pool.run(task('heap', {}, { memoryRetry: true }));
    const normal = pool.run(task('heap'));
    expect(written(await raised)).toBe('96');
    expect(written(await normal)).toBe('64');
    expect(written(await pool.run(task('heap')))).toBe('64');
  });

  it('cancels everything at close, and takes nothing afterwards', async () => {
    await open();
    const running = pool.run(task('loop'));
    const waiting = pool.run(task('write', { text: 'x' }));
    await Promise.all([pool.close(), pool.close()]);
    expect(await Promise.all([running, waiting])).toEqual([{ type: 'cancelled' }, { type: 'cancelled' }]);
    expect(await pool.run(task('write', { text: 'late' }))).toEqual({ type: 'cancelled' });
  });

  it('does not spin when threads cannot start, and says why', async () => {
    pool = new RenderPool({
      entry: new URL('data:text/javascript,throw new Error("broken")'),
      threads: 1,
      heapLimitMb: 64,
      raisedHeapLimitMb: 96,
      recycleAfter: 10,
      nice: 0,
      // A thread that is slow to start would be given up with another reason.
      readyTimeoutMs: 60_000,
    });
    const stop = new AbortController();
    const outcome = pool.run(task('write', {}, { signal: stop.signal }));
    const ready = expect(pool.ready()).rejects.toThrow('The render thread died: broken');
    const startedAt = performance.now();
    await vi.waitFor(() => expect(pool.state.respawns).toBeGreaterThan(1), { timeout: 60_000 });
    // The pauses double: 200 ms after the first failed start, 400 ms after the second.
    expect(performance.now() - startedAt).toBeGreaterThan(550);
    await ready;
    stop.abort();
    expect(await outcome).toEqual({ type: 'cancelled' });
  });
});
