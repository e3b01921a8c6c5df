import { createHash } from 'node:crypto';
import { access, readdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type SmallBlob, smallBlobMaxBytes, smallBlobName } from '../../src/engine/blobs.js';
import type { Engine } from '../../src/engine/engine.js';
import type { Job } from '../../src/jobs/job.js';
import { claimOf } from '../../src/jobs/transition.js';
import { freshEngine, type OpenEngine } from './engine.suite.js';
import { anArtifact, aSweep, day, start, started, submitted } from './jobs-at-hand.js';
import { invoice, stored } from './library.suite.js';

/** A small blob with its bytes. */
export function aSmallBlob(scope: string, content: string | Uint8Array): SmallBlob {
  const bytes = Uint8Array.from(typeof content === 'string' ? Buffer.from(content) : content);
  return { name: smallBlobName(createHash('sha256').update(bytes).digest('hex'), scope), bytes };
}

/** Completes a running job with this one artifact. */
export function completeWith({ store }: Engine, job: Job, blob: SmallBlob) {
  const result = { artifacts: [anArtifact(blob.name)] };
  const command = { type: 'complete', claim: claimOf(job), result } as const;
  return store.apply(job.id, command, start + 10, { blobs: [blob] });
}

export async function bytesOf({ blobs }: Engine, name: string, range?: { start: number; end: number }) {
  const chunks: Buffer[] = [];
  for await (const chunk of await blobs.read(name, range)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** Artifacts whose bytes lie in the store, from the commit that names them to the one that takes their last holder. */
export function smallBlobsSuite(name: string, open: OpenEngine): void {
  describe(`small blobs of ${name}`, () => {
    const engine = freshEngine(open);
    const missing = { code: 'ENOENT' };
    const aside = async (): Promise<readonly string[]> => readdir(dirname(engine().blobs.aside()));

    async function running(): Promise<Job> {
      await submitted(engine());
      const [job] = await started(engine());
      if (job === undefined) throw new Error('A job was submitted');
      return job;
    }

    const produce = (job: Job, names: readonly (readonly [string, SmallBlob])[]) =>
      engine().store.apply(
        job.id,
        {
          type: 'produce',
          claim: claimOf(job),
          parts: names.map(([artifact, blob]) => ({ ...anArtifact(blob.name), name: artifact })),
        },
        start,
        { blobs: names.map(([, blob]) => blob) },
      );

    it('are there from the commit that names them: of a result, and of parts', async () => {
      const job = await running();
      const [part, result] = [aSmallBlob('s-0', 'a part'), aSmallBlob('s-1', 'the result')];
      await expect(engine().blobs.read(part.name)).rejects.toMatchObject(missing);
      expect(await produce(job, [['part', part]])).toMatchObject({ ok: true });
      expect((await bytesOf(engine(), part.name)).toString()).toBe('a part');
      expect(await completeWith(engine(), job, result)).toEqual({ ok: true, removed: [] });
      expect((await bytesOf(engine(), result.name)).toString()).toBe('the result');
      expect((await bytesOf(engine(), part.name)).toString()).toBe('a part');
      expect(await engine().store.unused([part.name, result.name])).toEqual([]);
    });

    it.each([
      ['none', 0],
      ['one', 1],
      ['as many as may be', smallBlobMaxBytes],
    ])('hold bytes of every value: %s', async (_, length) => {
      const bytes = Uint8Array.from({ length }, (_value, at) => at * 7);
      const blob = aSmallBlob('s', bytes);
      // A view of a larger buffer: what lies around it is none of the blob's.
      const large = new Uint8Array(length + 20).fill(255);
      large.set(bytes, 10);
      const view = large.subarray(10, 10 + length);
      await completeWith(engine(), await running(), { ...blob, bytes: view });
      expect((await bytesOf(engine(), blob.name)).equals(bytes)).toBe(true);
    });

    it('are read in ranges, both ends inclusive', async () => {
      const blob = aSmallBlob('s', 'hello');
      await completeWith(engine(), await running(), blob);
      expect((await bytesOf(engine(), blob.name, { start: 1, end: 3 })).toString()).toBe('ell');
      expect((await bytesOf(engine(), blob.name, { start: 4, end: 4 })).toString()).toBe('o');
    });

    it('are opened as a file, which goes when it is released', async () => {
      const blob = aSmallBlob('s', 'hello');
      await completeWith(engine(), await running(), blob);
      const [one, two] = await Promise.all([engine().blobs.open(blob.name), engine().blobs.open(blob.name)]);
      expect(one.path).not.toBe(two.path);
      await one.release();
      await one.release();
      await expect(access(one.path)).rejects.toMatchObject(missing);
      expect(await readFile(two.path, 'utf8')).toBe('hello');
      await two.release();
      expect(await aside()).toEqual([]);
    });

    it('are not stored when the command is refused', async () => {
      const job = await running();
      const blob = aSmallBlob('s', 'late');
      await engine().store.apply(job.id, { type: 'interrupt', claim: claimOf(job) }, start);
      expect(await completeWith(engine(), job, blob)).toMatchObject({ ok: false });
      const nobody = { ...job, id: `${job.id.slice(0, -1)}x` };
      expect(await completeWith(engine(), nobody, blob)).toEqual({ ok: false, refusal: 'not-found' });
      expect(await engine().store.unused([blob.name])).toEqual([blob.name]);
      await expect(engine().blobs.read(blob.name)).rejects.toMatchObject(missing);
      await expect(engine().blobs.open(blob.name)).rejects.toMatchObject(missing);
      expect(await engine().blobs.copy(blob.name, 'other')).toBeUndefined();
      expect(await aside()).toEqual([]);
    });

    it('of a part that the job has already are left out with it', async () => {
      const job = await running();
      const [first, again, fresh] = [
        aSmallBlob('a', 'made'),
        aSmallBlob('b', 'again'),
        aSmallBlob('c', 'new'),
      ];
      await produce(job, [['part', first]]);
      const doubled = await produce(job, [
        ['part', again],
        ['other', fresh],
      ]);
      expect(doubled).toEqual({ ok: true, removed: [again.name] });
      await expect(engine().blobs.read(again.name)).rejects.toMatchObject(missing);
      for (const { name: kept, bytes } of [first, fresh])
        expect((await bytesOf(engine(), kept)).equals(bytes)).toBe(true);
    });

    it('go with the command that takes their holder: a new start, an end of retention, a delete', async () => {
      const { store } = engine();
      const job = await running();
      const part = aSmallBlob('s-0', 'of an attempt that is given up');
      await produce(job, [['part', part]]);
      await store.apply(job.id, { type: 'interrupt', claim: claimOf(job) }, start);
      const [again] = await started(engine(), 1, start + 60_000);
      if (again === undefined) throw new Error('The job waits again');
      await expect(engine().blobs.read(part.name)).rejects.toMatchObject(missing);
      const result = aSmallBlob('s-1', 'of the next');
      await completeWith(engine(), again, result);
      const swept = await store.sweep(aSweep(start + 2 * day));
      expect(swept).toMatchObject({ expired: 1, removed: [result.name] });
      await expect(engine().blobs.read(result.name)).rejects.toMatchObject(missing);

      const second = await running();
      const other = aSmallBlob('s-2', 'deleted');
      await completeWith(engine(), second, other);
      expect(await store.apply(second.id, { type: 'delete' }, start)).toMatchObject({
        removed: [other.name],
      });
      await expect(engine().blobs.read(other.name)).rejects.toMatchObject(missing);
    });

    it('stay for as long as a version of the library holds them', async () => {
      const { store, library } = engine();
      const job = await running();
      const blob = aSmallBlob('s', 'kept on');
      await completeWith(engine(), job, blob);
      await stored(engine(), { blobs: [blob.name], shared: [blob.name] });
      expect(await store.apply(job.id, { type: 'delete' }, start)).toEqual({ ok: true, removed: [] });
      expect((await bytesOf(engine(), blob.name)).toString()).toBe('kept on');
      await library.retire({ ...invoice, now: start, keptMs: 0 });
      await store.sweep(aSweep(start));
      await expect(engine().blobs.read(blob.name)).rejects.toMatchObject(missing);
    });

    it('are no files: what removes files leaves them, and a copy of one is a file', async () => {
      const { store, blobs } = engine();
      const job = await running();
      const blob = aSmallBlob('s', 'hello');
      await completeWith(engine(), job, blob);
      await blobs.remove([blob.name]);
      const asked: string[] = [];
      const copy = (await blobs.copy(blob.name, 'other')) ?? '';
      await blobs.cleanUp(async (names) => {
        asked.push(...names);
        return [];
      }, Date.now() + 60_000);
      expect(asked).toEqual([copy]);
      expect((await bytesOf(engine(), blob.name)).toString()).toBe('hello');
      await store.apply(job.id, { type: 'delete' }, start);
      expect((await bytesOf(engine(), copy)).toString()).toBe('hello');
    });
  });
}
