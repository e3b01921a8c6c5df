import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DiskBlobs } from '../../src/engine/disk-blobs.js';
import type { Outcome } from '../../src/render/outcome.js';
import type { PoolState, RenderPool, Task } from '../../src/render/pool.js';
import { Thumbnailer } from '../../src/work/run/thumbnailer.js';

interface Started {
  readonly task: Task;
  readonly settle: (outcome: Outcome) => void;
}

/** A pool whose tasks end when the test says so, or when their signal fires. */
class FakePool implements Pick<RenderPool, 'run' | 'state'> {
  readonly started: Started[] = [];
  state: PoolState = { threads: 4, starting: 0, idle: 4, busy: 0, waiting: 0, respawns: 0, failing: 0 };

  run(task: Task): Promise<Outcome> {
    return new Promise((settle) => {
      this.started.push({ task, settle });
      task.signal.addEventListener('abort', () => settle({ type: 'cancelled' }));
    });
  }
}

describe('pictures of pages', () => {
  let directory = '';
  let blobs: DiskBlobs;
  let pool: FakePool;
  let thumbnailer: Thumbnailer;
  const told: unknown[] = [];
  const log = {
    info: () => undefined,
    warn: () => undefined,
    error: (fields: unknown) => told.push(fields),
  };
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'inkwire-thumbnails-'));
    blobs = await DiskBlobs.open(directory);
    pool = new FakePool();
    const parts = { blobs, pool: pool as unknown as RenderPool };
    thumbnailer = new Thumbnailer({ ...parts, timeoutMs: 20_000, maxWaiting: 2, log });
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    expect(await readdir(join(directory, 'aside'))).toEqual([]);
    await rm(directory, { recursive: true, force: true });
  });

  const blob = `a-${'0'.repeat(64)}`;
  const ask = (signal = new AbortController().signal, owner = 'ann') =>
    thumbnailer.thumbnail({ owner, content: { blob }, page: 2, width: 99, signal });
  const turns = async () => {
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };

  async function done({ task, settle }: Started): Promise<void> {
    const path = `${task.asidePrefix}.0`;
    await writeFile(path, 'png');
    const file = { name: 'page.png', contentType: 'image/png', sizeBytes: 3, sha256: '', path };
    settle({ type: 'done', files: [file], warnings: [], runMs: 1 });
  }

  async function started(count: number): Promise<readonly Started[]> {
    await expect.poll(() => pool.started.length, { interval: 2 }).toBeGreaterThanOrEqual(count);
    return pool.started;
  }

  it('are made by a render thread, before the jobs that wait, and kept nowhere', async () => {
    const asked = ask();
    const [first] = await started(1);
    if (first === undefined) throw new Error('One was started');
    expect(first.task).toMatchObject({
      kind: 'thumbnail',
      urgent: true,
      request: { inline: '{"page":2,"width":99}' },
      inputPaths: [(await blobs.open(blob)).path],
    });
    await done(first);
    expect(await asked).toEqual({ ok: true, png: Buffer.from('png') });
  });

  it('take half of the threads at most; others wait, and past a bound are told to come back', async () => {
    const asked = [ask(), ask(), ask(), ask()];
    await started(2);
    await turns();
    expect(pool.started).toHaveLength(2);
    expect(await ask()).toMatchObject({ ok: false, problem: { slug: 'queue-full', retryAfter: 1 } });
    for (let index = 0; index < 4; index += 1) {
      const next = (await started(index + 1))[index];
      if (next === undefined) throw new Error('One was started');
      await done(next);
    }
    for (const answer of asked) expect((await answer).ok).toBe(true);
  });

  it('D14 owners take turns, and one who floods the line gives way to another', async () => {
    const flood = [ask(), ask(), ask(), ask()];
    await started(2);
    const asked = ask(undefined, 'bob');
    expect((await flood[3])?.ok).toBe(false);
    await done((await started(2))[0] as Started);
    const third = (await started(3))[2];
    if (third === undefined) throw new Error('One was started');
    expect(third.task.owner).toBe('bob');
    await done(third);
    expect((await asked).ok).toBe(true);
    for (let index = 1; index < 4; index += 1) {
      const next = (await started(index + 1))[index];
      if (next !== undefined && index !== 2) await done(next);
    }
    expect((await flood[2])?.ok).toBe(true);
  });

  it('are not made for who left while waiting; what is being made is not stopped', async () => {
    const [running, leaving] = [new AbortController(), new AbortController()];
    const asked = [ask(running.signal), ask(), ask(leaving.signal)];
    await started(2);
    running.abort();
    leaving.abort();
    expect((await asked[2])?.ok).toBe(false);
    await turns();
    expect(pool.started.map(({ task }) => task.signal.aborted)).toEqual([false, false]);
    // Its place is free again.
    const next = ask();
    for (const one of await started(2)) await done(one);
    const third = (await started(3))[2];
    if (third === undefined) throw new Error('One was started');
    await done(third);
    expect((await next).ok).toBe(true);
    expect((await asked[0])?.ok).toBe(true);
  });

  it('end at their deadline, waiting or not, and give their places back', async () => {
    const deadlines: AbortController[] = [];
    vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => {
      const deadline = new AbortController();
      deadlines.push(deadline);
      return deadline.signal;
    });
    const asked = [ask(), ask(), ask()];
    await started(2);
    for (const deadline of deadlines) deadline.abort();
    for (const answer of asked)
      expect(await answer).toMatchObject({ ok: false, problem: { slug: 'request-timeout' } });
    const next = ask();
    const third = (await started(3))[2];
    if (third === undefined) throw new Error('One was started');
    await done(third);
    expect((await next).ok).toBe(true);
  });

  it.each([
    [
      { type: 'failed', code: 'invalid_input', message: '3 pages', pointer: '/page', warnings: [] },
      'not-found',
    ],
    [
      { type: 'failed', code: 'invalid_input', message: 'encrypted', pointer: '', warnings: [] },
      'render-failed',
    ],
    [{ type: 'failed', code: 'crashed', message: 'crashed', warnings: [] }, 'render-failed'],
    [{ type: 'failed', code: 'timed_out', message: 'slow', warnings: [] }, 'request-timeout'],
    [{ type: 'cancelled' }, 'shutting-down'],
  ] as const)('tell what came in their place: %j', async (outcome, slug) => {
    const asked = ask();
    (await started(1))[0]?.settle(outcome);
    expect(await asked).toMatchObject({ ok: false, problem: { slug } });
  });
});
