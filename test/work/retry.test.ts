import { access, readdir, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { positionAt } from '../../src/engine/lives.js';
import { formatCursor } from '../../src/protocol/cursor.js';
import { openWorkRig, type WorkRig } from '../helpers/work-rig.js';

/** A new job from the input of one that has ended. Every request of the rig has one binary input. */
describe('trying a job again', () => {
  let rig: WorkRig;
  beforeEach(async () => {
    rig = await openWorkRig();
  });
  afterEach(async () => {
    await rig.close();
    expect(rig.errors).toEqual([]);
  });

  const retry = (id: string, more: { owner?: string; idempotencyKey?: string } = {}) =>
    rig.service.submitter.retry({ owner: 'ann', id, requestId: 'r-2', ...more });

  async function retried(id: string, more: { idempotencyKey?: string } = {}): Promise<string> {
    const answer = await retry(id, more);
    if (!answer.ok) throw new Error(answer.problem.detail);
    return answer.record.job_id;
  }

  async function blobsOf(id: string): Promise<readonly string[]> {
    const input = await rig.engine.store.input('ann', id);
    return input === undefined
      ? []
      : [...input.inputs, input.request].flatMap((one) => ('blob' in one ? [one.blob] : []));
  }

  const aside = async (): Promise<readonly string[]> => readdir(dirname(rig.engine.blobs.aside()));

  it('makes a job of the same request and options, of which nothing has happened yet', async () => {
    const options = {
      group: 'g',
      priority: 3,
      expires_in: 90,
      timeout: 5,
      wait_timeout: 33,
      max_attempts: 1,
    };
    const id = await rig.submit('defect', options);
    await rig.end(id);
    const answer = await retry(id);
    if (!answer.ok) throw new Error(answer.problem.detail);
    expect(answer).toMatchObject({ created: true, record: { kind: 'defect', status: 'pending', rev: 1 } });
    const again = answer.record.job_id;
    expect(again).not.toBe(id);
    const [before, after] = [
      await rig.service.reader.job('ann', id),
      await rig.service.reader.job('ann', again),
    ];
    for (const member of ['group', 'priority', 'resultTtlMs', 'runTimeoutMs', 'maxAttempts'] as const)
      expect(after?.[member], member).toBe(before?.[member]);
    expect((after?.waitDeadline ?? 0) - (after?.createdAt ?? 0)).toBe(33_000);
    expect(after?.requestId).toBe('r-2');
    const told = await rig.service.reader.input('ann', again);
    expect(told).toEqual(await rig.service.reader.input('ann', id));
    expect(told.ok && JSON.parse(told.request)).toEqual({ kind: 'defect', ...options });
    expect((await rig.end(again))?.record).toMatchObject({ status: 'failed', attempt: 1 });
  });

  /** The body is short, the request that is kept of it is not: it becomes a file. */
  async function submitLarge(): Promise<string> {
    const numbers = Array.from({ length: 10_000 }, () => '1e20').join();
    const body = { json: Buffer.from(`{"kind":"write","text":"large","numbers":[${numbers}]}`) };
    const answer = await rig.service.submitter.submit({
      owner: 'ann',
      kind: 'write',
      body,
      requestId: 'r-1',
    });
    if (!answer.ok) throw new Error(answer.problem.detail);
    return answer.record.job_id;
  }

  it.each([
    ['small', 1, () => rig.submit('write', { text: 'small' })],
    ['large', 2, () => submitLarge()],
  ] as const)(
    'owns its inputs: what becomes of the other job is nothing to it (a %s request)',
    async (_size, files, submit) => {
      const id = await submit();
      await rig.end(id);
      const again = await retried(id);
      expect((await rig.end(again))?.record).toMatchObject({ status: 'completed', size_bytes: 5 });
      const [first, second] = [await blobsOf(id), await blobsOf(again)];
      expect([first.length, second.length]).toEqual([files, files]);
      expect(second.filter((blob) => first.includes(blob))).toEqual([]);
      await rig.service.remover.remove('ann', id);
      const third = await retried(again);
      expect((await rig.end(third))?.record.size_bytes).toBe(5);
      await rig.service.remover.remove('ann', again);
      await rig.service.remover.remove('ann', third);
      for (const blob of [...first, ...second])
        await expect(access((await rig.engine.blobs.open(blob)).path)).rejects.toThrow();
      expect(await aside()).toEqual([]);
    },
  );

  it('is refused while the job has not ended, for jobs of others, and for none', async () => {
    const id = await rig.submit('hang');
    await rig.progressed(id);
    expect(await retry(id)).toMatchObject({ ok: false, problem: { slug: 'job-not-ended', retryAfter: 2 } });
    await rig.service.remover.cancel('ann', id);
    expect(await retry(id, { owner: 'bob' })).toMatchObject({ problem: { slug: 'not-found' } });
    expect(await retry('nonsense')).toMatchObject({ problem: { slug: 'not-found' } });
    expect((await retry(id)).ok).toBe(true);
  });

  it('makes one job per idempotency key, and keeps no inputs beside it', async () => {
    const id = await rig.submit('write', { text: 'x' });
    await rig.end(id);
    const other = await rig.submit('write', { text: 'x' });
    await rig.end(other);
    const idempotencyKey = 'again';
    const again = await retried(id, { idempotencyKey });
    await rig.end(again);
    const shelf = dirname((await rig.engine.blobs.open((await blobsOf(id))[0] ?? '')).path);
    const files = (await readdir(shelf)).length;
    expect(await retry(id, { idempotencyKey })).toMatchObject({
      ok: true,
      created: false,
      record: { job_id: again },
    });
    expect(await retry(other, { idempotencyKey })).toMatchObject({
      problem: { slug: 'idempotency-conflict' },
    });
    expect(await readdir(shelf)).toHaveLength(files);
  });

  it('is refused by a full queue as a submit is, and keeps no inputs', async () => {
    const id = await rig.submit('write', { text: 'x' });
    await rig.end(id);
    const blocker = await rig.submit('hang');
    await rig.progressed(blocker);
    const shelf = dirname((await rig.engine.blobs.open((await blobsOf(id))[0] ?? '')).path);
    let answer = await retry(id);
    while (answer.ok) answer = await retry(id);
    expect(answer.problem.slug).toBe('queue-full');
    const { pending, running } = await rig.engine.store.depth();
    expect(await readdir(shelf)).toHaveLength(1 + pending + running);
  });

  it('says that the input is gone when its file is', async () => {
    const id = await submitLarge();
    await rig.end(id);
    const [, large = ''] = await blobsOf(id);
    await unlink((await rig.engine.blobs.open(large)).path);
    const shelf = dirname((await rig.engine.blobs.open((await blobsOf(id))[0] ?? '')).path);
    expect(await retry(id)).toMatchObject({ ok: false, problem: { slug: 'input-gone' } });
    expect([await aside(), await readdir(shelf)]).toEqual([[], [(await blobsOf(id))[0]]]);
  });
});

describe('cancelling', () => {
  let rig: WorkRig;
  beforeEach(async () => {
    rig = await openWorkRig();
  });
  afterEach(() => rig.close());

  it('really stops what runs, answers with the record after it, and leaves what has ended', async () => {
    const id = await rig.submit('loop');
    await rig.progressed(id);
    expect(await rig.service.remover.cancel('bob', id)).toBeUndefined();
    const view = await rig.service.remover.cancel('ann', id);
    expect(view?.record).toMatchObject({ status: 'cancelled', rev: 3 });
    expect(await rig.service.remover.cancel('ann', id)).toEqual(view);
    const next = await rig.submit('write', { text: 'x' });
    expect((await rig.end(next))?.record.status).toBe('completed');
    expect((await rig.service.remover.cancel('ann', next))?.record).toMatchObject({
      status: 'completed',
      rev: 3,
    });
    expect(rig.pool.state.respawns).toBe(1);
    expect(await rig.service.remover.cancel('ann', 'nonsense')).toBeUndefined();
  });
});

describe('the history of a job', () => {
  let rig: WorkRig;
  beforeEach(async () => {
    rig = await openWorkRig();
  });
  afterEach(() => rig.close());

  const typesOf = (events: readonly string[]) => events.map((text) => JSON.parse(text).type);

  it('P-2 P-6 is its facts in order, as the stream tells them', async () => {
    const id = await rig.submit('write', { text: 'x' });
    await rig.end(id);
    const history = await rig.service.reader.history('ann', id);
    expect(history?.complete).toBe(true);
    expect(typesOf(history?.events ?? [])).toEqual(['job.created', 'job.started', 'job.completed']);
    const log = await rig.engine.store.log();
    expect(JSON.parse(history?.events[2] ?? '')).toMatchObject({
      id: formatCursor(positionAt(log, 3)),
      type: 'job.completed',
      at: expect.stringMatching(/Z$/),
      job: (await rig.service.reader.view('ann', id))?.record,
    });
    expect(await rig.service.reader.history('bob', id)).toBeUndefined();
    expect(await rig.service.reader.history('ann', 'nonsense')).toBeUndefined();
  });

  it('says when its beginning is not kept any more, and when nothing is', async () => {
    const { store } = rig.engine;
    const id = await rig.submit('write', { text: 'x' });
    await rig.end(id);
    const trim = (logMaxFacts: number) =>
      store.sweep({ now: 0, limit: 100, recordTtlMs: 1e9, logTtlMs: 1e15, logMaxFacts });
    await trim(2);
    const history = await rig.service.reader.history('ann', id);
    expect([history?.complete, typesOf(history?.events ?? [])]).toEqual([
      false,
      ['job.started', 'job.completed'],
    ]);
    await trim(0);
    expect(await rig.service.reader.history('ann', id)).toEqual({ events: [], complete: false });
  });
});
