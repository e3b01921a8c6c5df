import { describe, expect, it } from 'vitest';
import type { Artifact, Job } from '../../src/jobs/job.js';
import { blobsOfParts } from '../../src/jobs/parts.js';
import { claimOf } from '../../src/jobs/transition.js';
import { freshEngine, type OpenEngine } from './engine.suite.js';
import {
  aJob,
  anArtifact,
  aSubmission,
  aSweep,
  blobName,
  factsOf,
  start,
  started,
  submitted,
} from './jobs-at-hand.js';

/** What `Submission.resultOf` means: a job that has the result of another one. */
export function sharedResultsSuite(name: string, open: OpenEngine): void {
  describe(`store of ${name}: results of two jobs`, () => {
    const engine = freshEngine(open);
    const part = (number: number): Artifact => ({
      ...anArtifact(blobName(`part${number}`, 'b')),
      name: `part-${number}.txt`,
    });
    const result = { ...anArtifact(blobName('whole', 'c')), name: 'whole.zip' };
    const index = { ...anArtifact(blobName('index', 'd')), name: 'index.json' };

    /** Completed, with parts that were there before, a result and something beside it. */
    async function former(parts: readonly Artifact[] = [part(0), part(1)]): Promise<Job> {
      await submitted(engine());
      const [job] = await started(engine());
      if (job === undefined) throw new Error('Nothing was ready');
      const { store } = engine();
      if (parts.length > 0) await store.apply(job.id, { type: 'produce', claim: claimOf(job), parts }, start);
      const rows = { total: 1, done: 1, success: 1, partial: 0, failed: 0 };
      const made = { artifacts: [result, index], pages: 4, rows, warnings: [{ code: 'w', message: 'm' }] };
      await store.apply(job.id, { type: 'complete', claim: claimOf(job), result: made }, start + 10);
      return job;
    }

    const submit = (resultOf: string, change: Partial<Job> = {}) =>
      engine().store.submit(aSubmission(aJob({ createdAt: start + 20, ...change }), { resultOf }));

    it('are there at once, with all files in their order, under the new id', async () => {
      const first = await former();
      const outcome = await submit(first.id, { resultTtlMs: 1_000 });
      if (outcome.type !== 'created') throw new Error(outcome.type);
      const { job } = outcome;
      expect(job.id).not.toBe(first.id);
      expect(job).toMatchObject({
        status: 'completed',
        attempt: 0,
        completedAt: start + 20,
        expiresAt: start + 1_020,
        result,
        pages: 4,
        warnings: [{ code: 'w', message: 'm' }],
      });
      expect(await engine().store.get('alice', job.id)).toEqual(job);
      const list = await engine().store.artifacts({ owner: 'alice', jobId: job.id, from: 0, limit: 10 });
      expect(list).toEqual([part(0), part(1), result, index]);
      expect(await engine().store.artifact('alice', job.id, 'part-1.txt')).toEqual(part(1));
      expect((await factsOf(engine())).slice(-2)).toEqual(['job.created 1', 'job.completed 2']);
      expect(await engine().store.depth()).toMatchObject({ pending: 0, running: 0 });
    });

    it('are those that are cut from files which the job keeps, and hold these', async () => {
      const kept: Artifact = { ...anArtifact(blobName('kept', 'e')), name: 'segment', kept: true };
      const cut: Artifact = {
        name: 'row.pdf',
        contentType: 'application/pdf',
        sizeBytes: 2,
        tag: 'f'.repeat(64),
        pieces: [{ blob: kept.blob ?? '', start: 1, length: 2 }],
      };
      const first = await former([kept, cut]);
      const outcome = await submit(first.id);
      if (outcome.type !== 'created') throw new Error(outcome.type);
      const { job } = outcome;
      expect(job).toMatchObject({ status: 'completed', artifactCount: 3, keptCount: 1, result });
      expect(job.rows).toEqual({ total: 1, done: 1, success: 1, partial: 0, failed: 0 });
      const { store } = engine();
      await store.apply(first.id, { type: 'delete' }, start + 30);
      expect(await store.unused([kept.blob ?? ''])).toEqual([]);
      const list = await store.artifacts({ owner: 'alice', jobId: job.id, from: 0, limit: 10 });
      expect(list).toEqual([cut, result, index]);
    });

    it('are those of a job with few files as well', async () => {
      const first = await former([]);
      const outcome = await submit(first.id);
      expect(outcome).toMatchObject({
        type: 'created',
        job: { status: 'completed', artifacts: [result, index] },
      });
    });

    it('are held by both: files go with the last of them', async () => {
      const first = await former();
      const outcome = await submit(first.id);
      if (outcome.type !== 'created') throw new Error(outcome.type);
      const blobs = blobsOfParts([part(0), part(1), result, index]);
      const { store } = engine();
      expect(await store.apply(first.id, { type: 'delete' }, start + 30)).toMatchObject({ ok: true });
      expect(await store.unused(blobs)).toEqual([]);
      expect(await store.artifact('alice', outcome.job.id, 'whole.zip')).toEqual(result);
      const deleted = await store.apply(outcome.job.id, { type: 'delete' }, start + 40);
      expect(deleted.ok && [...deleted.removed].sort()).toEqual(expect.arrayContaining([...blobs].sort()));
      expect([...(await store.unused(blobs))].sort()).toEqual([...blobs].sort());
    });

    it('are made anew where they are not there any more, or belong to another owner', async () => {
      const first = await former();
      const { store } = engine();
      const ofOther = await submit(first.id, { owner: 'bob' });
      expect(ofOther).toMatchObject({ type: 'created', job: { status: 'pending' } });
      await store.sweep(aSweep(start + 1e12, { recordTtlMs: 1e13 }));
      expect((await store.get('alice', first.id))?.expired).toBe(true);
      expect(await submit(first.id)).toMatchObject({ job: { status: 'pending' } });
      expect(await submit('job_000000000000000000000000')).toMatchObject({ job: { status: 'pending' } });
      const running = await submit(ofOther.type === 'created' ? ofOther.job.id : '', { owner: 'bob' });
      expect(running).toMatchObject({ job: { status: 'pending' } });
    });

    it('are found again by the key, and by a submit whose answer was lost', async () => {
      const first = await former();
      const idempotency = { key: 'k', fingerprint: 'f', expiresAt: start + 1e9 };
      const submission = aSubmission(aJob({ createdAt: start + 20 }), { resultOf: first.id, idempotency });
      const made = await engine().store.submit(submission);
      const again = await engine().store.submit({ ...submission, repeated: true });
      expect(again).toEqual(made);
      const other = aSubmission(aJob({ createdAt: start + 30 }), { resultOf: first.id, idempotency });
      const replayed = await engine().store.submit(other);
      expect(replayed).toMatchObject({
        type: 'replayed',
        job: { id: submission.job.id, status: 'completed' },
      });
    });
  });
}
