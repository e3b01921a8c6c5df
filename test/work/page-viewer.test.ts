import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DiskBlobs } from '../../src/engine/disk-blobs.js';
import type { Outcome } from '../../src/render/outcome.js';
import type { RenderPool } from '../../src/render/pool.js';
import type { PoolState } from '../../src/render/pool-state.js';
import type { Task } from '../../src/render/task.js';
import { PageViewer } from '../../src/work/run/page-viewer.js';

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

describe('views of pages', () => {
  let directory = '';
  let blobs: DiskBlobs;
  let pool: FakePool;
  let viewer: PageViewer;
  const told: unknown[] = [];
  const log = {
    info: () => undefined,
    warn: () => undefined,
    error: (fields: unknown) => told.push(fields),
  };
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'inkwire-views-'));
    blobs = await DiskBlobs.open(directory);
    asked = 0;
    pool = new FakePool();
    const parts = { blobs, pool: pool as unknown as RenderPool };
    const bounds = { timeoutMs: 20_000, maxWaiting: 2, graceMs: 40, cacheBytes: 64 };
    viewer = new PageViewer({ ...parts, ...bounds, log });
  });
  afterEach(async () => {
    vi.useRealTimers();
    vi.restoreAllMocks();
    expect(await readdir(join(directory, 'aside'))).toEqual([]);
    await rm(directory, { recursive: true, force: true });
  });

  /** Each asks for another page. */
  let asked = 0;
  const blob = `a-${'0'.repeat(64)}`;
  const ask = (signal = new AbortController().signal, owner = 'ann') => {
    asked += 1;
    return viewer.show({
      owner,
      content: { blob },
      tag: 'a',
      view: { view: 'picture', page: asked, width: 99, format: 'png' },
      signal,
    });
  };
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

  it('are made by a render thread, before the jobs that wait', async () => {
    const made = ask();
    const [first] = await started(1);
    if (first === undefined) throw new Error('One was started');
    expect(first.task).toMatchObject({
      kind: 'page_view',
      urgent: true,
      request: { inline: '{"view":"picture","page":1,"width":99,"format":"png"}' },
      inputPaths: [(await blobs.open(blob)).path],
    });
    await done(first);
    expect(await made).toEqual({ ok: true, files: [Buffer.from('png')] });
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

  it('are kept for their owner, and for no other one', async () => {
    const view = { view: 'sizes' } as const;
    const { signal } = new AbortController();
    const sizesFor = (owner: string) => viewer.show({ owner, content: { blob }, tag: 'a', view, signal });
    const [first, second] = [sizesFor('ann'), sizesFor('bob')];
    for (const one of await started(2)) await done(one);
    expect((await first).ok && (await second).ok).toBe(true);
    expect(await sizesFor('ann')).toEqual({ ok: true, files: [Buffer.from('png')] });
    expect(pool.started).toHaveLength(2);
  });

  it('that nobody waits for any more are stopped after a moment', async () => {
    const leaving = new AbortController();
    const made = ask(leaving.signal);
    const [first] = await started(1);
    leaving.abort();
    expect(await made).toMatchObject({ ok: false, problem: { slug: 'request-timeout' } });
    expect(first?.task.signal.aborted).toBe(true);
  });

  it('are not made for who left while waiting; what is soon made is not stopped', async () => {
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
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const asked = [ask(), ask(), ask()];
    await started(2);
    await vi.advanceTimersByTimeAsync(20_000);
    vi.useRealTimers();
    for (const answer of asked)
      expect(await answer).toMatchObject({ ok: false, problem: { slug: 'request-timeout' } });
    // The one that waited may have had a place between the two deadlines, or not.
    const before = pool.started.length;
    const next = ask();
    const newest = (await started(before + 1)).at(-1);
    if (newest === undefined) throw new Error('One was started');
    await done(newest);
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
