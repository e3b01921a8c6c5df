import { describe, expect, it } from 'vitest';
import type { Artifact, Job } from '../../src/jobs/job.js';
import { blobsOfParts, type Part, wholeBlobsOf } from '../../src/jobs/parts.js';
import { claimOf } from '../../src/jobs/transition.js';
import { maxListedArtifacts } from '../../src/protocol/job-record.js';
import { freshEngine, type OpenEngine } from './engine.suite.js';
import {
  anArtifact,
  aRun,
  artifactsOf,
  aSweep,
  blobName,
  day,
  factsOf,
  start,
  started,
  submitted,
} from './jobs-at-hand.js';

/** What `produce` means: artifacts before the end of a job, and jobs with more of them than a record holds. */
export function partsSuite(name: string, open: OpenEngine): void {
  describe(`store of ${name}: parts`, () => {
    const engine = freshEngine(open);

    const part = (number: number, blob = `part${number}`): Artifact => ({
      ...anArtifact(blobName(blob, 'b')),
      name: `part-${number}.txt`,
    });
    const parts = (from: number, to: number): readonly Artifact[] =>
      Array.from({ length: to - from }, (_, index) => part(from + index));
    const produce = (job: Job, made: readonly Part[]) =>
      engine().store.apply(job.id, { type: 'produce', claim: claimOf(job), parts: made }, start);
    const running = async (): Promise<Job> => {
      await submitted(engine());
      const [job] = await started(engine());
      if (job === undefined) throw new Error('Nothing was ready');
      return job;
    };
    const list = (job: Job, from = 0, limit = 1_000, owner = 'alice') =>
      engine().store.artifacts({ owner, jobId: job.id, from, limit });
    const result = anArtifact(blobName('whole', 'c'));
    const complete = (job: Job, artifacts: readonly Artifact[] = [result]) =>
      engine().store.apply(
        job.id,
        { type: 'complete', claim: claimOf(job), result: { artifacts } },
        start + 10,
      );

    it('are there while the job runs, in their order and by their names', async () => {
      const job = await running();
      await produce(job, parts(0, 2));
      await produce(job, parts(2, 5));
      expect(await list(job)).toEqual(parts(0, 5));
      expect(await list(job, 1, 2)).toEqual(parts(1, 3));
      expect(await list(job, 5)).toEqual([]);
      expect(await engine().store.artifact('alice', job.id, 'part-3.txt')).toEqual(part(3));
      expect(await engine().store.artifact('alice', job.id, 'part-9.txt')).toBeUndefined();
      expect(await list(job, 0, 9, 'bob')).toBeUndefined();
      expect(await engine().store.artifact('bob', job.id, 'part-3.txt')).toBeUndefined();
      expect((await engine().store.get('alice', job.id))?.status).toBe('running');
    });

    it('are told of with one fact for each produce, which says which they are', async () => {
      const job = await running();
      await produce(job, parts(0, 2));
      await produce(job, parts(2, 5));
      expect(await factsOf(engine())).toEqual([
        'job.created 1',
        'job.started 2',
        'job.produced 3',
        'job.produced 4',
      ]);
      const { facts } = await engine().store.facts({ owner: 'alice', after: 0, limit: 10 });
      const records = facts.map(({ record }): Record<string, unknown> => JSON.parse(record));
      expect(records.slice(2)).toMatchObject([
        { status: 'running', artifact_count: 2, produced: { from: 0, to: 2 } },
        { status: 'running', artifact_count: 5, produced: { from: 2, to: 5 } },
      ]);
      await produce(job, []);
      expect(await factsOf(engine())).toHaveLength(4);
    });

    it('are made twice and kept once: what is there already is left out, and its other blob is removed', async () => {
      const job = await running();
      await produce(job, parts(0, 3));
      const again = part(2, 'again');
      const outcome = await produce(job, [again, part(3), part(1)]);
      expect(outcome).toMatchObject({ ok: true, removed: [again.blob] });
      expect(await list(job)).toEqual(parts(0, 4));
      expect(await engine().store.unused(wholeBlobsOf([part(1), again]))).toEqual([again.blob]);
    });

    it('leave the record small: it has the first hundred and how many there are', async () => {
      const job = await running();
      await produce(job, parts(0, 250));
      await complete(job);
      const ended = await engine().store.get('alice', job.id);
      expect(ended?.artifacts).toHaveLength(maxListedArtifacts);
      expect(ended).toMatchObject({ status: 'completed', artifactCount: 251, result });
      expect(await list(job, 248)).toEqual([...parts(248, 250), result]);
      expect(await engine().store.artifact('alice', job.id, result.name)).toEqual(result);
      const { facts } = await engine().store.facts({ owner: 'alice', after: 0, limit: 10 });
      const record = JSON.parse(facts.at(-1)?.record ?? '');
      expect(record).toMatchObject({ artifact_count: 251, size_bytes: result.sizeBytes });
      expect(record.artifacts).toHaveLength(maxListedArtifacts);
      expect(record.artifacts[0]).toMatchObject({ name: result.name });
    });

    it('hold what is too much for a record also where all of it comes at the end', async () => {
      const job = await running();
      await complete(job, parts(0, 130));
      expect(await list(job)).toEqual(parts(0, 130));
      expect((await engine().store.get('alice', job.id))?.artifacts).toEqual(parts(0, 100));
    });

    it('of a job with few artifacts are those artifacts', async () => {
      const job = await running();
      await complete(job, parts(0, 3));
      expect(await list(job, 1)).toEqual(parts(1, 3));
      expect(await engine().store.artifact('alice', job.id, 'part-2.txt')).toEqual(part(2));
    });

    describe('that are runs of artifacts', () => {
      const head = part(0);
      const [rows, more] = [aRun('one', { first: 1, count: 150 }), aRun('two', { first: 151, count: 3 })];
      const all = [head, ...artifactsOf(rows), ...artifactsOf(more)];
      const made = async (): Promise<Job> => {
        const job = await running();
        await produce(job, [head, rows]);
        await produce(job, [more]);
        return job;
      };

      it('are single artifacts to whoever reads: in any part of the list, by name, in record and facts', async () => {
        const job = await made();
        expect(await list(job)).toEqual(all);
        for (const [from, limit] of [
          [0, 1],
          [0, 2],
          [1, 1],
          [99, 60],
          [150, 1],
          [150, 2],
          [151, 9],
          [153, 9],
          [154, 9],
          [900, 9],
        ] as const)
          expect(await list(job, from, limit), `${from}, ${limit}`).toEqual(all.slice(from, from + limit));
        for (const one of all) expect(await engine().store.artifact('alice', job.id, one.name)).toEqual(one);
        const { facts } = await engine().store.facts({ owner: 'alice', after: 0, limit: 10 });
        const records = facts.map(({ record }): Record<string, unknown> => JSON.parse(record));
        expect(records.slice(2)).toMatchObject([
          { artifact_count: 151, produced: { from: 0, to: 151 } },
          { artifact_count: 154, produced: { from: 151, to: 154 } },
        ]);
        expect((await engine().store.get('alice', job.id))?.artifacts).toEqual(
          all.slice(0, maxListedArtifacts),
        );
      });

      it('have no other names than those of their artifacts', async () => {
        const job = await made();
        for (const name of [rows.name, 'row_', 'row_0-x.pdf', 'row_2.pdf', 'row_154-x.pdf', '2-x.pdf', 'x'])
          expect(await engine().store.artifact('alice', job.id, name), name).toBeUndefined();
        expect(await engine().store.artifact('bob', job.id, 'row_1-x.pdf')).toBeUndefined();
      });

      it('are made twice and kept once', async () => {
        const job = await made();
        await produce(job, [rows, aRun('three', { first: 154, count: 2 })]);
        expect(await list(job, 150)).toEqual([
          ...all.slice(150),
          ...artifactsOf(aRun('three', { first: 154, count: 2 })),
        ]);
      });

      it('are handed to the next claim as they are', async () => {
        const job = await made();
        await engine().store.apply(job.id, { type: 'release', claim: 1 }, start);
        const leaseUntil = start + 60_000;
        const [again] = await engine().store.claim({ worker: 'w2', limit: 1, now: start, leaseUntil });
        expect(again?.parts).toEqual([head, rows, more]);
      });

      it('come with the end, too, and go with their blobs', async () => {
        const job = await running();
        const command = {
          type: 'complete',
          claim: 1,
          result: { parts: [rows], artifacts: [result] },
        } as const;
        expect(await engine().store.apply(job.id, command, start + 10)).toMatchObject({ ok: true });
        expect(await list(job, 149)).toEqual([...artifactsOf(rows).slice(149), result]);
        const blobs = blobsOfParts([rows, result]);
        expect(await engine().store.unused(blobs)).toEqual([]);
        const swept = await engine().store.sweep(aSweep(start + 10 + day));
        expect([...swept.removed].sort()).toEqual([...blobs].sort());
        expect(await list(job)).toEqual([]);
      });
    });

    describe("that are for the job's own use", () => {
      const kept = (number: number): Artifact => ({ ...part(number, `kept${number}`), kept: true });
      const cut = (number: number): Artifact => ({
        name: `cut-${number}.pdf`,
        contentType: 'application/pdf',
        sizeBytes: 30,
        sha256: 'd'.repeat(64),
        pieces: [
          { blob: blobName('kept0', 'b'), start: 0, length: 20 },
          { blob: blobName('kept1', 'b'), start: number, length: 10 },
        ],
      });
      const all = { name: 'all.zip', contentType: 'application/zip', sizeBytes: 90, tag: 'e'.repeat(64) };
      const blobs = wholeBlobsOf([kept(0), kept(1)]);

      it('are in no list and under no name, and no fact tells of them alone', async () => {
        const job = await running();
        await produce(job, [kept(0)]);
        expect(await factsOf(engine())).toEqual(['job.created 1', 'job.started 2']);
        await produce(job, [kept(1), cut(0), cut(1)]);
        await produce(job, [cut(2)]);
        expect(await list(job)).toEqual([cut(0), cut(1), cut(2)]);
        expect(await list(job, 1, 1)).toEqual([cut(1)]);
        expect(await engine().store.artifact('alice', job.id, kept(0).name)).toBeUndefined();
        expect(await engine().store.artifact('alice', job.id, cut(1).name)).toEqual(cut(1));
        const { facts } = await engine().store.facts({ owner: 'alice', after: 0, limit: 10 });
        const records = facts.map(({ record }): Record<string, unknown> => JSON.parse(record));
        expect(records.slice(2)).toMatchObject([
          { artifact_count: 2, produced: { from: 0, to: 2 } },
          { artifact_count: 3, produced: { from: 2, to: 3 } },
        ]);
      });

      it('are handed to the next claim before the others, also where there are no others', async () => {
        const claimAgain = async (job: Job, claim: number) => {
          await engine().store.apply(job.id, { type: 'release', claim }, start);
          const leaseUntil = start + 60_000;
          return (await engine().store.claim({ worker: 'w2', limit: 1, now: start, leaseUntil }))[0];
        };
        const job = await running();
        await produce(job, [kept(0)]);
        expect((await claimAgain(job, 1))?.parts).toEqual([kept(0)]);
        const resumed = { type: 'start', claim: 2, resume: true } as const;
        await engine().store.apply(job.id, resumed, start);
        await produce({ ...job, claims: 2 }, [kept(1), cut(0)]);
        expect((await claimAgain(job, 2))?.parts).toEqual([kept(0), kept(1), cut(0)]);
      });

      it('are held with what is cut from them, and go with it', async () => {
        const job = await running();
        await produce(job, [kept(0), kept(1), cut(0)]);
        await produce(job, [cut(0), cut(1)]);
        await complete(job, [{ ...all, layout: { blob: blobs[0] ?? '', sources: blobs.slice(1) } }]);
        expect(await engine().store.unused(blobs)).toEqual([]);
        const swept = await engine().store.sweep(aSweep(start + 10 + day));
        expect([...swept.removed].sort()).toEqual(blobs);
        expect(await engine().store.unused(blobs)).toEqual(blobs);
        expect(await engine().store.get('alice', job.id)).not.toHaveProperty('keptCount');
      });

      it('of a job that failed with nothing else go like a result', async () => {
        const job = await running();
        await produce(job, [kept(0)]);
        const failure = { code: 'invalid_input', message: 'No', details: { reason: 'NO', row: 7 } } as const;
        const command = { type: 'fail', claim: 1, random: 0, ...failure } as const;
        await engine().store.apply(job.id, command, start + 10);
        const { facts } = await engine().store.facts({ owner: 'alice', after: 0, limit: 10 });
        expect(JSON.parse(facts.at(-1)?.record ?? '')).toMatchObject({ error_details: failure.details });
        const swept = await engine().store.sweep(aSweep(start + 10 + day));
        expect(swept.removed).toEqual(blobs.slice(0, 1));
      });

      it('go when the next attempt begins anew', async () => {
        const job = await running();
        await produce(job, [kept(0), kept(1), cut(0)]);
        await engine().store.apply(job.id, { type: 'release', claim: 1 }, start);
        await engine().store.claim({ worker: 'w2', limit: 1, now: start, leaseUntil: start + 60_000 });
        const outcome = await engine().store.apply(job.id, { type: 'start', claim: 2 }, start);
        expect(outcome.ok && [...outcome.removed].sort()).toEqual(blobs);
      });
    });

    it('belong to a claim that holds', async () => {
      const job = await running();
      const command = { type: 'produce', claim: 2, parts: parts(0, 1) } as const;
      const refused = { ok: false, refusal: 'stale-claim' };
      expect(await engine().store.apply(job.id, command, start)).toEqual(refused);
      await complete(job);
      expect(await produce(job, parts(0, 1))).toEqual({ ok: false, refusal: 'not-claimed' });
      expect(await list(job)).toEqual([result]);
    });

    it('are handed to the next claim, and stay when it resumes', async () => {
      const job = await running();
      await produce(job, parts(0, 3));
      await engine().store.apply(job.id, { type: 'release', claim: 1 }, start);
      const [again] = await engine().store.claim({
        worker: 'w2',
        limit: 1,
        now: start,
        leaseUntil: start + 60_000,
      });
      expect(again?.parts).toEqual(parts(0, 3));
      const command = { type: 'start', claim: 2, resume: true } as const;
      expect(await engine().store.apply(job.id, command, start)).toMatchObject({ ok: true, removed: [] });
      expect(await list(job)).toEqual(parts(0, 3));
    });

    it('go when the next attempt begins anew', async () => {
      const job = await running();
      await produce(job, parts(0, 3));
      await engine().store.apply(job.id, { type: 'release', claim: 1 }, start);
      await engine().store.claim({ worker: 'w2', limit: 1, now: start, leaseUntil: start + 60_000 });
      const outcome = await engine().store.apply(job.id, { type: 'start', claim: 2 }, start);
      expect(outcome.ok && [...outcome.removed].sort()).toEqual(parts(0, 3).map(({ blob }) => blob));
      expect(await list(job)).toEqual([]);
      await produce({ ...job, claims: 2 }, parts(0, 1));
      expect(await list(job)).toEqual(parts(0, 1));
    });

    it('of a job that failed or was cancelled are kept for as long as a result, then go', async () => {
      const job = await running();
      await produce(job, parts(0, 3));
      await engine().store.apply(job.id, { type: 'cancel' }, start + 10);
      expect(await list(job)).toEqual(parts(0, 3));
      const early = await engine().store.sweep(aSweep(start + 9 + day));
      expect(early.expired).toBe(0);
      const swept = await engine().store.sweep(aSweep(start + 10 + day));
      expect(swept.expired).toBe(1);
      expect([...swept.removed].sort()).toEqual(parts(0, 3).map(({ blob }) => blob));
      expect(await list(job)).toEqual([]);
      expect((await factsOf(engine())).slice(-2)).toEqual(['job.cancelled 4', 'job.expired 5']);
    });

    it('go with their job', async () => {
      const job = await running();
      await produce(job, parts(0, 150));
      await complete(job);
      const blobs = wholeBlobsOf([...parts(0, 150), result]);
      expect(await engine().store.unused(blobs)).toEqual([]);
      const outcome = await engine().store.apply(job.id, { type: 'delete' }, start + 20);
      expect(outcome.ok && [...outcome.removed].sort()).toEqual([...blobs].sort());
      expect(await engine().store.unused(blobs)).toEqual(blobs);
      expect(await list(job)).toBeUndefined();
    });
  });
}
