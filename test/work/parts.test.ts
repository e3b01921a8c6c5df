import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { claimOf } from '../../src/jobs/transition.js';
import { openWorkRig, type WorkRig } from '../helpers/work-rig.js';

/** Artifacts before the end: the kinds `sheets` (begins anew) and `leaves` (goes on) of `unruly-thread.mjs`. */
describe('parts of a job', () => {
  let rig: WorkRig;
  let folder: string;
  /** While it is there, the kinds stand still where they were told to. */
  let held: string;
  beforeEach(async () => {
    rig = await openWorkRig();
    folder = await mkdtemp(join(tmpdir(), 'inkwire-parts-'));
    held = join(folder, 'held');
    await writeFile(held, '');
  });
  afterEach(async () => {
    await rig.close();
    await rm(folder, { recursive: true, force: true });
    expect(rig.errors).toEqual([]);
  });

  const names = async (id: string): Promise<readonly string[] | undefined> =>
    (await rig.service.reader.artifacts('ann', id, { from: 0, limit: 1_000 }))?.map(({ name }) => name);
  const text = async (id: string, name: string): Promise<string> => {
    const artifact = await rig.service.reader.artifact('ann', id, name);
    const chunks: Buffer[] = [];
    for await (const chunk of await rig.service.reader.read(artifact ?? { blob: '' })) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  };
  const leaf = (number: number): string => `leaf-${number}.txt`;
  const untilProduced = (id: string, count: number): Promise<void> =>
    vi.waitFor(async () => expect(await names(id)).toHaveLength(count), { timeout: 60_000, interval: 5 });

  it('can be had while it runs, each told of before', async () => {
    const id = await rig.submit('sheets', { count: 5, held });
    await untilProduced(id, 5);
    const view = await rig.service.reader.view('ann', id);
    expect(view?.record).toMatchObject({ status: 'running', artifact_count: 5 });
    expect(await text(id, leaf(3))).toBe('leaf 3 made after 0\n');
    await rm(held);
    const end = await rig.end(id);
    expect(end?.record).toMatchObject({ status: 'completed', artifact_count: 6 });
    expect(end?.record.artifacts?.[0]?.name).toBe('book.txt');
    expect(await text(id, 'book.txt')).toBe('5 leaves, 0 of them from before');
    const facts = await rig.facts(id);
    expect(facts.at(-1)).toMatch(/job\.completed$/);
    expect(facts.filter((fact) => fact.endsWith('job.produced')).length).toBeGreaterThan(0);
  });

  it('are told of in few facts, however many they are', async () => {
    const id = await rig.submit('sheets', { count: 300 });
    const end = await rig.end(id);
    expect(end?.record).toMatchObject({ status: 'completed', artifact_count: 301 });
    expect(end?.record.artifacts).toHaveLength(100);
    const told = (await rig.facts(id)).filter((fact) => fact.endsWith('job.produced')).length;
    // At most four a second after the first eight, however long it took.
    const { started_at: from = '', completed_at: to = '' } = end?.record ?? {};
    expect(told).toBeLessThanOrEqual(8 + (4 * (Date.parse(to) - Date.parse(from) + 100)) / 1000);
  });

  it('of an attempt that lost its thread are there for the next one, which makes the others', async () => {
    const id = await rig.submit('leaves', { count: 6, dieAt: 4, held });
    await untilProduced(id, 4);
    await rm(held);
    const end = await rig.end(id);
    expect(end?.record).toMatchObject({ status: 'completed', attempt: 2, artifact_count: 7 });
    expect(await names(id)).toEqual([...Array.from({ length: 6 }, (_, at) => leaf(at)), 'book.txt']);
    expect(await text(id, 'book.txt')).toBe('6 leaves, 4 of them from before');
    expect(await text(id, leaf(5))).toBe('leaf 5 made after 4\n');
    expect(await readdir(dirname(rig.engine.blobs.aside()))).toEqual([]);
  });

  it('go before the next attempt of a kind that begins anew', async () => {
    const id = await rig.submit('sheets', { count: 6, dieAt: 4, held });
    await untilProduced(id, 4);
    const { blob = '' } = (await rig.service.reader.artifact('ann', id, leaf(0))) ?? {};
    const [job] = await rig.engine.store.list({ owner: 'ann', limit: 1 }).then(({ jobs }) => jobs);
    if (job === undefined) throw new Error('The job is not there');
    // The next attempt finds nothing of this one, and dies again: there it is cancelled.
    await rm(held);
    await vi.waitFor(
      async () => {
        const now = await rig.engine.store.get('ann', id);
        expect(now === undefined ? 0 : claimOf(now)).toBeGreaterThan(claimOf(job));
        await expect(rig.engine.blobs.read(blob)).rejects.toThrow();
      },
      { timeout: 60_000, interval: 5 },
    );
    const end = await rig.end(id);
    expect(end?.record).toMatchObject({ status: 'failed', error_code: 'crashed', attempt: 3 });
  });

  it('stay with a job that is cancelled, and no other file does', async () => {
    const id = await rig.submit('sheets', { count: 4, held });
    await untilProduced(id, 4);
    await rig.service.remover.cancel('ann', id);
    const end = await rig.end(id);
    expect(end?.record).toMatchObject({ status: 'cancelled', artifact_count: 4 });
    expect(end?.record.expires_at).toBeDefined();
    expect(await text(id, leaf(2))).toBe('leaf 2 made after 0\n');
    await vi.waitFor(async () => expect(await readdir(dirname(rig.engine.blobs.aside()))).toEqual([]));
    await rig.service.remover.remove('ann', id);
    expect(await names(id)).toBeUndefined();
  });
});
