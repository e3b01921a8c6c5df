import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openWorkRig, type WorkRig } from '../helpers/work-rig.js';

describe('running jobs', () => {
  let rig: WorkRig;
  const open = async (options: Parameters<typeof openWorkRig>[0] = {}): Promise<WorkRig> => {
    rig = await openWorkRig(options);
    return rig;
  };
  const left = async (): Promise<readonly string[]> => readdir(dirname(rig.engine.blobs.aside()));
  /** A job of the kind `held` runs until this is called. */
  const hold = async (): Promise<{ readonly file: string; release(): Promise<void> }> => {
    folder = await mkdtemp(join(tmpdir(), 'inkwire-held-'));
    const file = join(folder, 'held');
    await writeFile(file, '');
    return { file, release: () => rm(file) };
  };
  let folder: string | undefined;

  afterEach(async () => {
    await rig.close();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    folder = undefined;
    expect(rig.errors).toEqual([]);
  });

  it('completes a job with a result that can be read, and tells each step once', async () => {
    const { service, submit, end, facts } = await open();
    const id = await submit('write', { text: 'hello' });
    const view = await end(id);
    expect(view?.record).toMatchObject({
      status: 'completed',
      progress: 100,
      attempt: 1,
      rev: 3,
      size_bytes: 5,
      pages: 1,
    });
    expect(await facts(id)).toEqual(['1 job.created', '2 job.started', '3 job.completed']);
    const blob = (await service.reader.job('ann', id))?.artifacts?.[0]?.blob ?? '';
    const chunks: Buffer[] = [];
    for await (const chunk of await service.reader.read({ blob }, { start: 1, end: 3 })) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe('ell');
    expect(await service.reader.view('bob', id)).toBe(undefined);
    expect(await left()).toEqual([]);
  });

  it('tells progress between the facts, with a version of its own', async () => {
    const { service, submit, progressed } = await open();
    const id = await submit('hang');
    await progressed(id);
    const view = await service.reader.view('ann', id);
    expect(view).toMatchObject({
      version: '2.1',
      record: { status: 'running', progress: 10, message: 'hanging' },
    });
    expect(await service.remover.remove('ann', id)).toBe(true);
  });

  it.each(['loop', 'hang'])('really stops a running job when it is cancelled (%s)', async (kind) => {
    const { service, submit, end, progressed, pool, facts } = await open();
    const id = await submit(kind);
    await progressed(id);
    expect(await service.remover.remove('ann', id)).toBe(true);
    expect((await end(id))?.record).toMatchObject({ status: 'cancelled', error_code: 'cancelled' });
    const next = await end(await submit('write', { text: 'x' }));
    expect(next?.record.status).toBe('completed');
    expect(pool.state.respawns).toBe(1);
    expect(await facts(id)).toEqual(['1 job.created', '2 job.started', '3 job.cancelled']);
    expect(await left()).toEqual([]);
  });

  it.each(['for good', 'for its end'])(
    'keeps nothing of a cancelled job whose thread stops by itself and stays (it waits %s)',
    async (wait) => {
      const { service, submit, end, progressed, pool, facts } = await open();
      const id = await submit('looks', { wait });
      await progressed(id);
      expect(await service.remover.remove('ann', id)).toBe(true);
      expect((await end(id))?.record).toMatchObject({ status: 'cancelled', error_code: 'cancelled' });
      expect((await end(await submit('write', { text: 'x' })))?.record.status).toBe('completed');
      expect(pool.state.respawns).toBe(0);
      expect(await facts(id)).toEqual(['1 job.created', '2 job.started', '3 job.cancelled']);
      expect(await left()).toEqual([]);
    },
  );

  it('deletes a job that has ended, and its files', async () => {
    const { service, submit, end } = await open();
    const id = await submit('write', { text: 'x' });
    await end(id);
    expect(await service.remover.remove('bob', id)).toBe(false);
    expect(await service.remover.remove('ann', id)).toBe(true);
    expect(await service.reader.view('ann', id)).toBe(undefined);
    expect(await service.remover.remove('ann', id)).toBe(false);
  });

  it('parks a job that kills its thread every time', async () => {
    const { submit, end, facts } = await open();
    const id = await submit('exit');
    expect((await end(id))?.record).toMatchObject({ status: 'failed', error_code: 'crashed', attempt: 3 });
    expect(await facts(id)).toEqual([
      '1 job.created',
      '2 job.started',
      '3 job.requeued',
      '4 job.started',
      '5 job.requeued',
      '6 job.started',
      '7 job.failed',
    ]);
  });

  it('tries a job that ran out of memory once more, with the raised limit', async () => {
    const { submit, end } = await open();
    const id = await submit('eat');
    expect((await end(id))?.record).toMatchObject({
      status: 'failed',
      error_code: 'out_of_memory',
      attempt: 2,
    });
    expect(await left()).toEqual([]);
  });

  it.each([
    ['refuse', 'invalid_input'],
    ['defect', 'render_failed'],
  ])('never tries again what another try cannot mend (%s)', async (kind, code) => {
    const { submit, end } = await open();
    expect((await end(await submit(kind)))?.record).toMatchObject({
      status: 'failed',
      error_code: code,
      attempt: 1,
    });
  });

  it('tells the place in the request that made a job fail, and no place of one that was mended since', async () => {
    const { submit, end, engine } = await open();
    const id = await submit('refuse');
    expect((await end(id))?.record).toMatchObject({
      error_code: 'invalid_input',
      error_pointer: '/operations/3',
    });
    expect((await engine.store.get('ann', id))?.error).toMatchObject({ pointer: '/operations/3' });
    expect((await end(await submit('defect')))?.record).not.toHaveProperty('error_pointer');
  });

  it('stops an attempt at its limit', async () => {
    const { submit, end } = await open();
    const id = await submit('loop', { timeout: 1 });
    expect((await end(id))?.record).toMatchObject({ status: 'failed', error_code: 'timed_out', attempt: 1 });
  });

  it('hands back what does not end before the deadline of a shutdown', async () => {
    const { submit, progressed, runner, service, facts, engine } = await open();
    const id = await submit('hang');
    await progressed(id);
    await runner.drain(1);
    expect((await service.reader.view('ann', id))?.record).toMatchObject({ status: 'pending', attempt: 1 });
    expect((await engine.store.get('ann', id))?.failures).toBe(0);
    expect(await facts(id)).toEqual(['1 job.created', '2 job.started', '3 job.requeued']);
  });

  it('stops an attempt that lost its claim, and runs the job again', async () => {
    const { submit, progressed, engine, end, facts, pool } = await open();
    const { file, release } = await hold();
    const id = await submit('held', { file });
    await progressed(id);
    await engine.store.apply(id, { type: 'interrupt', claim: 1 }, Date.now());
    // Not before: the first attempt could have ended by itself.
    await expect.poll(() => pool.state.respawns).toBe(1);
    await release();
    expect((await end(id))?.record).toMatchObject({ status: 'completed', attempt: 2 });
    expect(pool.state.respawns).toBe(1);
    expect(await facts(id)).toEqual([
      '1 job.created',
      '2 job.started',
      '3 job.requeued',
      '4 job.started',
      '5 job.completed',
    ]);
    expect(await left()).toEqual([]);
  });

  it('keeps the leases of what runs', async () => {
    const { submit, end, engine } = await open({ leaseMs: 150 });
    const { file, release } = await hold();
    const id = await submit('held', { file });
    await rig.progressed(id);
    const expiry = async () => (await engine.store.get('ann', id))?.lease?.expiresAt ?? 0;
    const first = await expiry();
    await expect.poll(() => Date.now()).toBeGreaterThan(first);
    // It was good until then, and it is good again.
    await expect.poll(expiry).toBeGreaterThan(first + 150);
    await release();
    expect((await end(id))?.record).toMatchObject({ status: 'completed', attempt: 1 });
    const page = await engine.store.facts({ owner: 'ann', jobId: id, after: 0, limit: 10 });
    expect(page.facts.at(-1)?.at).toBeGreaterThan(first);
  });

  it('ends a wait at a change, at its time and with its caller', async () => {
    const { service, submit, progressed } = await open();
    const id = await submit('hang');
    await progressed(id);
    const gone = new AbortController();
    const version = (await service.reader.view('ann', id))?.version ?? '';
    const options = { version, waitMs: 20_000, signal: gone.signal };
    const waits = [
      service.reader.wait('ann', id, options),
      service.reader.wait('ann', id, { ...options, waitMs: 1 }),
    ];
    expect((await waits[1])?.version).toBe(version);
    gone.abort();
    expect((await waits[0])?.version).toBe(version);
    const changed = service.reader.wait('ann', id, { ...options, signal: new AbortController().signal });
    await service.remover.remove('ann', id);
    expect((await changed)?.record.status).toBe('cancelled');
  });

  it('answers who waits for the end with the record that the last fact has, without another read', async () => {
    const { engine, service, submit, progressed } = await open();
    const id = await submit('hang');
    await progressed(id);
    const reads = vi.spyOn(engine.store, 'get');
    const ended = service.reader.wait('ann', id, { waitMs: 100_000, signal: new AbortController().signal });
    await service.remover.remove('ann', id);
    const view = await ended;
    expect(reads).toHaveBeenCalledTimes(1);
    expect(view?.record.status).toBe('cancelled');
    expect(view).toEqual(await service.reader.view('ann', id));
  });

  it('never waits for a job that has ended, also where its end is known', async () => {
    const { service, submit, end } = await open();
    const id = await submit('write');
    const ended = await end(id);
    const options = {
      version: ended?.version ?? '',
      waitMs: 1_000_000,
      signal: new AbortController().signal,
    };
    expect(await service.reader.wait('ann', id, options)).toEqual(ended);
  });
});

describe('renders while the caller waits', () => {
  let rig: WorkRig;
  const run = (kind: string, signal = new AbortController().signal, request: object = {}) =>
    rig.service.syncRenderer.run({
      owner: 'ann',
      kind,
      body: { json: Buffer.from(JSON.stringify(request)) },
      requestId: 'r',
      signal,
    });
  const slug = async (answer: ReturnType<typeof run>): Promise<string> => {
    const result = await answer;
    return result.ok ? 'ok' : result.problem.slug;
  };

  afterEach(async () => {
    expect(await readdir(dirname(rig.engine.blobs.aside()))).toEqual([]);
    await rig.close();
  });

  it('renders at once and keeps nothing after disposal', async () => {
    rig = await openWorkRig();
    const answer = await run('write', undefined, { text: 'now' });
    expect(answer).toMatchObject({ ok: true, pages: 1, files: [{ name: 'out.txt', sizeBytes: 3 }] });
    if (answer.ok) await answer.dispose();
    expect(await rig.service.reader.list({ owner: 'ann', limit: 10 })).toMatchObject({ jobs: [] });
  });

  it('says what went wrong', async () => {
    rig = await openWorkRig();
    expect(await run('refuse')).toMatchObject({
      problem: { slug: 'validation-failed', errors: [{ pointer: '/operations/3' }] },
    });
    expect(await slug(run('defect'))).toBe('render-failed');
  });

  it('ends at its limit and frees the thread', async () => {
    rig = await openWorkRig({ syncRenderMs: 300 });
    expect(await slug(run('loop'))).toBe('request-timeout');
  });

  it('stops when the caller leaves, and refuses more than can wait', async () => {
    rig = await openWorkRig();
    const gone = new AbortController();
    const first = run('hang', gone.signal);
    const second = run('hang', gone.signal);
    expect(await slug(run('write'))).toBe('queue-full');
    gone.abort();
    expect(await slug(first)).toBe('shutting-down');
    expect(await slug(second)).toBe('shutting-down');
  });
});
