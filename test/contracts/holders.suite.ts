import { utimes } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import type { Job } from '../../src/jobs/job.js';
import { freshEngine, type OpenEngine } from './engine.suite.js';
import { aJob, aSubmission, aSweep, blobName, day, start } from './jobs-at-hand.js';
import { aVersion, invoice, stored } from './library.suite.js';

/** Blobs go with their last holder: a job, or a version of the library. */
export function holdersSuite(name: string, open: OpenEngine): void {
  describe(`holders of blobs of ${name}`, () => {
    const engine = freshEngine(open);
    const [design, logo, own] = ['d', '1', '2'].map((digit) => blobName('scope', digit)) as [
      string,
      string,
      string,
    ];

    /** A job with an input of its own, made from a stored version. */
    async function submit(shared: readonly string[], job = aJob()) {
      const input = { request: { inline: '{}' }, inputs: [...shared, own].map((blob) => ({ blob })) };
      return engine().store.submit(aSubmission(job, { input, shared }));
    }

    async function end({ store }: Engine, { id }: Job): Promise<readonly string[]> {
      const removed: string[] = [];
      for (const type of ['cancel', 'delete'] as const) {
        const outcome = await store.apply(id, { type }, start);
        if (!outcome.ok) throw new Error(outcome.refusal);
        removed.push(...outcome.removed);
      }
      return removed;
    }

    it('are versions of the library as well as jobs', async () => {
      const { store, library } = engine();
      await stored(engine(), { blobs: [design, logo] });
      expect(await store.unused([design, own, logo])).toEqual([own]);
      await library.retire({ ...invoice, now: start, keptMs: day });
      // Its versions can be read, so it holds what they need.
      expect(await store.unused([design, logo])).toEqual([]);
      const { removed } = await store.sweep(aSweep(start + day));
      expect([...removed].sort()).toEqual([design, logo].sort());
      expect(await store.unused([design, logo])).toEqual([design, logo]);
    });

    it('keep a blob of a version that is over for as long as a job needs it', async () => {
      const { store, library } = engine();
      await stored(engine(), { blobs: [design, logo] });
      const job = aJob();
      expect(await submit([design], job)).toMatchObject({ type: 'created' });
      await library.retire({ ...invoice, now: start, keptMs: 0 });
      expect((await store.sweep(aSweep(start))).removed).toEqual([logo]);
      expect(await store.unused([design, logo, own])).toEqual([logo]);
      expect([...(await end(engine(), job))].sort()).toEqual([design, own].sort());
      expect(await store.unused([design])).toEqual([design]);
    });

    it('keep a blob of a deleted job for as long as a version has it', async () => {
      const { store } = engine();
      await stored(engine(), { blobs: [design] });
      const [first, second] = [aJob(), aJob()];
      await submit([design], first);
      await submit([design], second);
      expect(await end(engine(), first)).toEqual([]);
      expect(await end(engine(), second)).toEqual([own]);
      expect(await store.unused([design, own])).toEqual([own]);
    });

    it('of a version that newer ones push out are named with the put', async () => {
      const limits = { entries: 9, versions: 1 };
      await stored(engine(), { blobs: [design, logo], limits });
      const next = await stored(engine(), { blobs: [logo, own], shared: [logo], limits });
      expect(next.removed).toEqual([design]);
      expect(await engine().store.unused([design, logo, own])).toEqual([design]);
      // A blob that a version names twice is held once.
      await stored(engine(), { blobs: [design, design], limits });
      expect((await stored(engine(), { limits })).removed).toEqual([design]);
    });

    it('are not told apart by their names alone', async () => {
      const { store, library } = engine();
      await stored(engine(), { owner: 'a', name: 'b/c', blobs: [design] });
      await stored(engine(), { owner: 'a/b', name: 'c', blobs: [design], shared: [design] });
      await library.retire({ collection: 'designs', owner: 'a', name: 'b/c', now: start, keptMs: 0 });
      expect((await store.sweep(aSweep(start))).removed).toEqual([]);
      expect(await store.unused([design])).toEqual([]);
    });

    it('come about only while what they share is held: nothing refers to a file that goes', async () => {
      const { store, library } = engine();
      await stored(engine(), { blobs: [design] });
      await library.retire({ ...invoice, now: start, keptMs: 0 });
      await store.sweep(aSweep(start));
      const job = aJob();
      expect(await submit([design], job)).toEqual({ type: 'gone', blobs: [design] });
      expect(await store.get('alice', job.id)).toBeUndefined();
      expect(await store.depth()).toEqual({ pending: 0, running: 0 });
      const put = { name: 'other', blobs: [logo, design], shared: [design] };
      expect(await library.put(aVersion(put))).toEqual({ type: 'gone', blobs: [design] });
      expect(await library.get({ ...invoice, name: 'other' })).toBeUndefined();
      expect(await store.unused([design, logo, own])).toEqual([design, logo, own]);
      // A blob of its own needs no other holder.
      expect(await library.put(aVersion({ ...put, shared: [] }))).toMatchObject({ type: 'stored' });
    });

    it('keep their files over a clean-up, which removes the files of nobody', async () => {
      const { store, library, blobs } = engine();
      const [held, shared, orphan] = [
        await blobs.put(Buffer.from('held'), 'v1'),
        await blobs.put(Buffer.from('shared'), 'v1'),
        await blobs.put(Buffer.from('orphan'), 'v1'),
      ];
      for (const blob of [held, shared, orphan]) await utimes((await blobs.open(blob)).path, 1, 1);
      await stored(engine(), { blobs: [held] });
      await stored(engine(), { name: 'brief', blobs: [shared] });
      await submit([shared]);
      await library.retire({ ...invoice, name: 'brief', now: start, keptMs: 0 });
      await blobs.remove((await store.sweep(aSweep(start))).removed);
      expect(await blobs.cleanUp((names) => store.unused(names))).toBe(1);
      for (const blob of [held, shared]) (await blobs.read(blob)).resume();
      await expect(blobs.read(orphan)).rejects.toMatchObject({ code: 'ENOENT' });
    });
  });
}
