import { existsSync, statSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DiskBlobs } from '../../src/engine/disk-blobs.js';
import { createFetchGuard, type FetchGuard } from '../../src/fetch/fetch-guard.js';
import { UploadedFile } from '../../src/render/kind.js';
import type { Outcome } from '../../src/render/outcome.js';
import type { RenderPool } from '../../src/render/pool.js';
import type { PoolState } from '../../src/render/pool-state.js';
import type { Task } from '../../src/render/task.js';
import { SyncRenderer } from '../../src/work/run/sync-renderer.js';
import { BodyReader } from '../../src/work/submit/body-reader.js';
import { noDesigns } from '../helpers/work-rig.js';

interface Started {
  readonly task: Task;
  readonly settle: (outcome: Outcome) => void;
}

/** A pool that begins a task, and ends it, when the test says so; one whose signal fires is cancelled. */
class FakePool implements Pick<RenderPool, 'run' | 'state'> {
  readonly tasks: Started[] = [];
  state: PoolState = { threads: 2, starting: 0, idle: 2, busy: 0, waiting: 0, respawns: 0, failing: 0 };

  run(task: Task): Promise<Outcome> {
    if (task.signal.aborted) return Promise.resolve({ type: 'cancelled' });
    return new Promise((settle) => {
      this.tasks.push({ task, settle });
      task.signal.addEventListener('abort', () => settle({ type: 'cancelled' }));
    });
  }
}

describe('renders while the caller waits', () => {
  const large = new Uint8Array(1024 * 1024);
  let directory = '';
  let blobs: DiskBlobs;
  let guard: FetchGuard;
  let pool: FakePool;
  let renderer: SyncRenderer;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'inkwire-sync-'));
    pool = new FakePool();
    guard = createFetchGuard({ allowPrivate: false });
    const kind = {
      name: 'document',
      schema: {},
      parse: () => ({ ok: true, plan: { request: {}, inputs: [] } }) as const,
    };
    const both = [
      { bytes: large, pointer: '/one' },
      { blob: 'other', pointer: '/two' },
    ];
    const stored = { ...kind, parse: () => ({ ok: true, plan: { request: {}, inputs: both } }) as const };
    blobs = await DiskBlobs.open(directory);
    renderer = new SyncRenderer({
      blobs,
      pool: pool as unknown as RenderPool,
      guard,
      bodyReader: new BodyReader({
        kinds: [kind, { ...kind, name: 'merge' }, { ...stored, name: 'stored' }],
        allowPrivate: false,
        designs: noDesigns,
        threadEntry: new URL('file:///none'),
      }),
      timeoutMs: 60_000,
      maxWaiting: 4,
      expectedWait: (jobs) => jobs,
      kinds: [{ name: 'document', previewed: true }],
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    });
  });
  afterEach(async () => {
    await guard.close();
    await rm(directory, { recursive: true, force: true });
  });

  const ask = (owner: string, body: object = {}) =>
    renderer.run({
      owner,
      kind: 'document',
      body: { json: Buffer.from(JSON.stringify(body)) },
      requestId: 'r-1',
      signal: new AbortController().signal,
    });
  const done: Outcome = { type: 'done', files: [], warnings: [], runMs: 1 };
  const inPool = (count: number) => expect.poll(() => pool.tasks.length, { interval: 2 }).toBe(count);

  it('D14 one owner may have all places, and is told to come back past them', async () => {
    const asked = Array.from({ length: 6 }, () => ask('ann'));
    await inPool(6);
    expect(await ask('ann')).toMatchObject({ ok: false, problem: { slug: 'queue-full', retryAfter: 6 } });
    for (const { settle } of pool.tasks) settle(done);
    for (const one of asked) expect((await one).ok).toBe(true);
    expect(renderer.shares.held).toBe(0);
  });

  const preview = (body: object, signal = new AbortController().signal) =>
    renderer.run({
      owner: 'ann',
      kind: 'document',
      body: { json: Buffer.from(JSON.stringify(body)) },
      preview: { page: 2, width: 300 },
      requestId: 'r-1',
      signal,
    });

  it('a preview is a task of its own, with the checked request in it', async () => {
    const asked = preview({});
    await inPool(1);
    expect(pool.tasks[0]?.task).toMatchObject({
      kind: 'draft_preview',
      request: { inline: '{"kind":"document","page":2,"width":300,"request":{}}' },
    });
    pool.tasks[0]?.settle(done);
    expect(await asked).toMatchObject({ ok: true });
  });

  it("work of the server's own is run by the back that it names, over files and bytes, and takes a place", async () => {
    const file = new UploadedFile({
      path: '/aside/form',
      sizeBytes: 3,
      sha256: '',
      fileName: undefined,
      contentType: 'application/pdf',
      head: Buffer.from('PDF'),
    });
    const asked = renderer.task({
      owner: 'ann',
      back: 'inspect',
      request: { page: 1 },
      inputs: [file, Buffer.from('bytes')],
      signal: new AbortController().signal,
    });
    await inPool(1);
    const { task } = pool.tasks[0] ?? {};
    expect(task).toMatchObject({
      kind: 'inspect',
      owner: 'ann',
      request: { inline: '{"page":1}' },
      urgent: true,
    });
    expect(task?.inputPaths[0]).toBe('/aside/form');
    expect(await readFile(task?.inputPaths[1] ?? '', 'utf8')).toBe('bytes');
    expect(renderer.shares.held).toBe(1);
    pool.tasks[0]?.settle(done);
    expect(await asked).toMatchObject({ ok: true });
    expect(renderer.shares.held).toBe(0);
  });

  it('files of a request of which one cannot be laid out are removed when all are written', async () => {
    const seen: (number | false)[] = [];
    vi.spyOn(blobs, 'open').mockRejectedValue(new Error('the disk is away'));
    const discard = blobs.discard.bind(blobs);
    vi.spyOn(blobs, 'discard').mockImplementation(async (path, count) => {
      seen.push(existsSync(path) && statSync(path).size);
      return discard(path, count);
    });
    await expect(ask('ann', { kind: 'stored' })).rejects.toThrow('the disk is away');
    expect(seen).toEqual([large.length]);
  });

  it('the preview of a caller that has gone is stopped, and holds no place', async () => {
    const gone = new AbortController();
    const asked = preview({}, gone.signal);
    await inPool(1);
    gone.abort();
    expect((await asked).ok).toBe(false);
    expect(pool.tasks[0]?.task.signal.aborted).toBe(true);
    expect(renderer.shares.held).toBe(0);
  });

  it('a request of a kind without previews is checked, and nothing is run', async () => {
    expect(await preview({ kind: 'merge' })).toMatchObject({ ok: true, files: [] });
    expect(await preview({ kind: 'melt' })).toMatchObject({
      ok: false,
      problem: { slug: 'validation-failed' },
    });
    expect(pool.tasks).toEqual([]);
  });

  it('D14 of who has most the newest that waits gives way to another owner, never one that a thread has', async () => {
    const flood = Array.from({ length: 6 }, () => ask('ann'));
    await inPool(6);
    // Threads have the first and, out of turn, the last.
    for (const index of [0, 5]) pool.tasks[index]?.task.onStart?.();
    const bobs = [ask('bob'), ask('bob'), ask('bob')];
    await inPool(9);
    expect(await ask('bob').then(({ ok }) => ok)).toBe(false);
    const refused = await Promise.all(flood.slice(2, 5));
    for (const one of refused) expect(one).toMatchObject({ ok: false, problem: { slug: 'queue-full' } });
    for (const { settle } of pool.tasks) settle(done);
    for (const one of [...flood.slice(0, 2), flood[5], ...bobs]) expect((await one)?.ok).toBe(true);
  });
});
