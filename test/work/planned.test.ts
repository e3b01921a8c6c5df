import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PlanInput } from '../../src/render/kind.js';
import type { JobOptions, PlannedBody } from '../../src/work/service.js';
import { stored } from '../contracts/library.suite.js';
import { uploaded } from '../helpers/uploaded.js';
import { openWorkRig, type WorkRig } from '../helpers/work-rig.js';

/** Requests that were read by their sender: a dialect's, and those with things of the library. */
describe('a planned request', () => {
  let rig: WorkRig;
  let letterhead: string;
  const place = { owner: 'ann', collection: 'designs', name: 'letter' };
  beforeEach(async () => {
    rig = await openWorkRig();
    letterhead = await rig.engine.blobs.put(Buffer.from('letterhead '), 'lib');
    await stored(rig.engine, { ...place, blobs: [letterhead], now: Date.now() });
  });
  afterEach(() => rig.close());

  const members = { design: 'letter', lines: ['a', 'b'] };

  function planned(inputs: readonly PlanInput[], change: Partial<PlannedBody> = {}): PlannedBody {
    const options: JobOptions = { description: { title: 'Letters' }, priority: 3 };
    return {
      plan: { request: { inputs: inputs.length }, inputs },
      options,
      members: { ...members },
      ...change,
    };
  }

  const head = (): PlanInput => ({ blob: letterhead, pointer: '/design' });

  const submit = (body: PlannedBody, more: { readonly idempotencyKey?: string } = {}) =>
    rig.service.submitter.submit({ owner: 'ann', kind: 'read', body, requestId: 'r-1', ...more });

  async function accepted(body: PlannedBody): Promise<string> {
    const answer = await submit(body);
    if (!answer.ok) throw new Error(answer.problem.detail);
    return answer.record.job_id;
  }

  async function resultOf(id: string): Promise<string> {
    expect((await rig.end(id))?.record).toMatchObject({ status: 'completed' });
    const artifact = await rig.service.reader.artifact('ann', id, 'read.txt');
    let text = '';
    for await (const chunk of await rig.service.reader.read(artifact ?? { blob: '' })) text += chunk;
    return text;
  }

  it('has inputs of all sorts in the order of its plan, and the options that it names', async () => {
    const file = await uploaded(rig.engine.blobs, 'uploaded ');
    const bytes = Buffer.from('base64');
    const id = await accepted(
      planned([head(), { file, pointer: '/file' }, { bytes, pointer: '/lines/1' }], {
        members: { ...members, file },
      }),
    );
    expect((await rig.service.reader.view('ann', id))?.record).toMatchObject({
      kind: 'read',
      title: 'Letters',
      priority: 3,
    });
    expect(await resultOf(id)).toBe('letterhead uploaded base64');
    expect(await readdir(dirname(rig.engine.blobs.aside()))).toEqual([]);
  });

  it('is told back in the words of its sender', async () => {
    const id = await accepted(planned([head(), { bytes: Buffer.from('base64'), pointer: '/lines/1' }]));
    const answer = await rig.service.reader.input('ann', id);
    const lines = ['a', Buffer.from('base64').toString('base64')];
    expect(answer.ok && JSON.parse(answer.request)).toEqual({ kind: 'read', design: 'letter', lines });
  });

  it('holds what it took of the library as long as it is there, and leaves it to the library', async () => {
    const { store, library } = rig.engine;
    const id = await accepted(planned([head()]));
    await library.retire({ ...place, now: Date.now(), keptMs: 0 });
    const sweep = { limit: 100, logTtlMs: 1e9, logMaxFacts: 1e6, recordTtlMs: 1e9 };
    expect(await store.sweep({ ...sweep, now: Date.now() + 1 })).toMatchObject({ removed: [] });
    expect(await resultOf(id)).toBe('letterhead ');
    const again = await rig.service.submitter.retry({ owner: 'ann', id, requestId: 'r-2' });
    if (!again.ok) throw new Error(again.problem.detail);
    await rig.service.remover.remove('ann', id);
    expect(await store.unused([letterhead])).toEqual([letterhead]);
    expect(await resultOf(again.record.job_id)).toBe('letterhead ');
  });

  it('is refused when a thing was removed meanwhile, and takes what others hold from nobody', async () => {
    const { library, store, blobs } = rig.engine;
    const other = await blobs.put(Buffer.from('other'), 'lib');
    await stored(rig.engine, { ...place, name: 'other', blobs: [other], now: Date.now() });
    await library.retire({ ...place, now: Date.now(), keptMs: 0 });
    await store.sweep({ limit: 100, logTtlMs: 1e9, logMaxFacts: 1e6, recordTtlMs: 1e9, now: Date.now() + 1 });
    const answer = await submit(planned([head(), { blob: other, pointer: '/lines/0' }]));
    expect(answer).toMatchObject({ ok: false, problem: { slug: 'input-gone' } });
    expect(await store.unused([other])).toEqual([]);
    expect(await resultOf(await accepted(planned([{ blob: other, pointer: '/design' }])))).toBe('other');
  });

  it('is the same under an idempotency key while its sender asks for the same', async () => {
    const idempotencyKey = 'k';
    expect(await submit(planned([head()]), { idempotencyKey })).toMatchObject({ created: true });
    expect(await submit(planned([head()]), { idempotencyKey })).toMatchObject({ created: false });
    const changed = planned([head()], { members: { ...members, lines: ['c'] } });
    expect(await submit(changed, { idempotencyKey })).toMatchObject({
      problem: { slug: 'idempotency-conflict' },
    });
    expect(await rig.engine.store.unused([letterhead])).toEqual([]);
  });

  it('has the result of a job that was completed, without an attempt', async () => {
    const first = await accepted(planned([head()]));
    await rig.end(first);
    const answer = await submit(planned([head()], { resultOf: first }));
    expect(answer).toMatchObject({ created: true, record: { status: 'completed', attempt: 0 } });
    const id = answer.ok ? answer.record.job_id : '';
    expect(id).not.toBe(first);
    await rig.service.remover.remove('ann', first);
    expect(await resultOf(id)).toBe('letterhead ');
  });

  it('is known by its key and fingerprint before it is made again, and refused with another one', async () => {
    const key = { owner: 'ann', kind: 'read', idempotencyKey: 'k' };
    const { submitter } = rig.service;
    const known = (fingerprint: string) => submitter.known({ ...key, fingerprint });
    expect(await known('f')).toEqual({ ok: true, accepted: undefined });
    const made = await submit(planned([head()], { fingerprint: 'f' }), key);
    const id = made.ok ? made.record.job_id : 'refused';
    expect(await known('f')).toMatchObject({ accepted: { created: false, record: { job_id: id } } });
    expect(await known('g')).toMatchObject({ ok: false, problem: { slug: 'idempotency-conflict' } });
    expect((await rig.engine.store.depth()).pending + (await rig.engine.store.depth()).running).toBe(1);
    await rig.end(id);
  });

  it('whose file the operator has lost is told as gone', async () => {
    const bytes = Buffer.from('base64');
    const id = await accepted(planned([{ bytes, pointer: '/lines/1' }]));
    const input = await rig.engine.store.input('ann', id);
    await rig.engine.blobs.remove((input?.inputs ?? []).flatMap((one) => ('blob' in one ? [one.blob] : [])));
    expect(await rig.service.reader.input('ann', id)).toMatchObject({ problem: { slug: 'input-gone' } });
  });

  it('has its addresses judged, and no file that nothing becomes of', async () => {
    const url = 'http://127.0.0.1/logo.png';
    const address = { url, pointer: '/logo', accept: ['image/png'], maxBytes: 1000 };
    expect(await submit(planned([address]))).toMatchObject({ problem: { errors: [{ pointer: '/logo' }] } });
    const stray = planned([head()], { members: { ...members, file: await uploaded(rig.engine.blobs, 'x') } });
    expect(await submit(stray)).toMatchObject({ problem: { errors: [{ pointer: '/file' }] } });
  });

  it('is rendered without a job as well', async () => {
    const answer = await rig.service.syncRenderer.run({
      owner: 'ann',
      kind: 'read',
      body: planned([head(), { bytes: Buffer.from('now'), pointer: '/lines/0' }]),
      requestId: 'r-1',
      signal: new AbortController().signal,
    });
    if (!answer.ok) throw new Error(answer.problem.detail);
    const [file] = answer.files;
    expect(file && 'bytes' in file && Buffer.from(file.bytes).toString()).toBe('letterhead now');
    await answer.dispose();
  });

  it('of a kind that nobody has is a defect of its sender', async () => {
    const request = { owner: 'ann', kind: 'no such', body: planned([head()]), requestId: 'r-1' };
    await expect(rig.service.submitter.submit(request)).rejects.toThrow(
      'A plan of the unknown kind "no such"',
    );
  });
});
