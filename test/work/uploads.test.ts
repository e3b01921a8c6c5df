import { access, readdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StoreFailed } from '../../src/engine/engine.js';
import type { UploadedFile } from '../../src/render/kind.js';
import { uploaded } from '../helpers/uploaded.js';
import { openWorkRig, type WorkRig } from '../helpers/work-rig.js';

/** What becomes of a file between its upload and the commit of its job. */
describe('an uploaded file', () => {
  let rig: WorkRig;
  beforeEach(async () => {
    rig = await openWorkRig();
  });
  afterEach(() => rig.close());

  const aside = async (): Promise<readonly string[]> => readdir(dirname(rig.engine.blobs.aside()));

  const filesIn = async (folder: string): Promise<readonly string[]> => {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  };

  const upload = (text: string): Promise<UploadedFile> => uploaded(rig.engine.blobs, text);

  const submit = (file: UploadedFile, more: { readonly idempotencyKey?: string } = {}) => {
    const form = [
      { name: 'upload', file },
      { name: 'text', text: 'x' },
    ];
    return rig.service.submitter.submit({
      owner: 'ann',
      kind: 'write',
      body: { form },
      requestId: 'r-1',
      ...more,
    });
  };

  async function blobsOf(id: string): Promise<readonly string[]> {
    const input = await rig.engine.store.input('ann', id);
    return (input?.inputs ?? []).flatMap((one) => ('blob' in one ? [one.blob] : []));
  }

  it('is an input of its job, in the order of the plan', async () => {
    const answer = await submit(await upload('uploaded'));
    if (!answer.ok) throw new Error(answer.problem.detail);
    const [bytes = '', file = ''] = await blobsOf(answer.record.job_id);
    const read = async (blob: string) => readFile((await rig.engine.blobs.open(blob)).path, 'utf8');
    expect([await read(bytes), await read(file)]).toEqual(['input', 'uploaded']);
    expect((await rig.end(answer.record.job_id))?.record.status).toBe('completed');
    expect(await aside()).toEqual([]);
    await rig.service.remover.remove('ann', answer.record.job_id);
    for (const blob of [bytes, file])
      await expect(access((await rig.engine.blobs.open(blob)).path)).rejects.toThrow();
  });

  it('is not kept for a job that was there, nor for one that is none', async () => {
    const idempotencyKey = 'k';
    const first = await submit(await upload('uploaded'), { idempotencyKey });
    if (!first.ok) throw new Error(first.problem.detail);
    const shelf = dirname((await rig.engine.blobs.open((await blobsOf(first.record.job_id))[1] ?? '')).path);
    const before = await readdir(shelf);
    expect(await submit(await upload('uploaded'), { idempotencyKey })).toMatchObject({ created: false });
    expect(await submit(await upload('others'), { idempotencyKey })).toMatchObject({
      problem: { slug: 'idempotency-conflict' },
    });
    expect(await readdir(shelf)).toEqual(before);
  });

  it.each([
    ['the store', 0],
    ['the disk, for a later file', 1],
  ])('is not kept for a job that could not be stored: a fault of %s', async (_what, fails) => {
    const { blobs, store } = rig.engine;
    const shelves = dirname(dirname(blobs.aside()));
    const full = new StoreFailed('SQLITE_FULL', 'database or disk is full', { unavailable: true });
    vi.spyOn(store, 'submit').mockRejectedValueOnce(full);
    const keep = blobs.keep.bind(blobs);
    if (fails > 0)
      vi.spyOn(blobs, 'keep').mockImplementation(async (file, scope) => {
        if (scope.endsWith('-1')) throw full;
        return keep(file, scope);
      });
    const file = await upload('uploaded');
    await expect(submit(file)).rejects.toBe(full);
    await blobs.discard(file.path);
    expect(await filesIn(shelves)).toEqual([]);
  });

  it('is kept where it is not known whether its job was stored', async () => {
    const { blobs, store } = rig.engine;
    const shelves = dirname(dirname(blobs.aside()));
    const lost = new StoreFailed('unavailable', 'The database is away', { answerLost: true });
    const away = new StoreFailed('unavailable', 'The database is away', { unavailable: true });
    vi.spyOn(store, 'submit').mockRejectedValueOnce(lost).mockRejectedValueOnce(away);
    await expect(submit(await upload('uploaded'))).rejects.toBe(away);
    expect(await filesIn(shelves)).toHaveLength(2);
  });

  it('whose commit never comes is found by the clean-up, and not before it is old', async () => {
    const { blobs, store } = rig.engine;
    const commit = vi.spyOn(store, 'submit').mockImplementation(() => new Promise(() => undefined));
    void submit(await upload('uploaded'));
    await vi.waitFor(() => expect(commit).toHaveBeenCalled());
    expect(await aside()).toEqual([]);
    expect(await blobs.cleanUp(store.unused)).toBe(0);
    expect(await blobs.cleanUp(store.unused, Date.now() + 60_000)).toBe(2);
  });
});
