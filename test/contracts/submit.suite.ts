import { describe, expect, it } from 'vitest';
import { positionAt } from '../../src/engine/lives.js';
import { freshEngine, type OpenEngine } from './engine.suite.js';
import { aJob, aSubmission, aSweep, blobName, day, start, started, submitted } from './jobs-at-hand.js';

/** What `Store.submit` means. */
export function submitSuite(name: string, open: OpenEngine): void {
  describe(`store of ${name}: submit`, () => {
    const engine = freshEngine(open);
    const once = (key: string, fingerprint = 'f', expiresAt = start + day) => ({
      idempotency: { key, fingerprint, expiresAt },
    });

    it('keeps the job, its input and its first fact', async () => {
      const { store } = engine();
      const job = aJob({ group: 'g', requestId: 'r1' });
      const input = {
        request: { blob: blobName('in', '1') },
        inputs: [
          { blob: blobName('in', '2') },
          { url: 'http://x/', accept: ['image/png', 'application/pdf'], maxBytes: 5_000_000_000 },
        ],
      };
      const outcome = await store.submit(aSubmission(job, { input }));
      expect(outcome).toMatchObject({ type: 'created', job });
      expect(await store.get('alice', job.id)).toEqual(job);
      expect(await store.input('alice', job.id)).toEqual(input);
      const { facts } = await store.facts({ owner: 'alice', after: 0, limit: 10 });
      expect(facts).toHaveLength(1);
      expect(facts[0]).toMatchObject({
        type: 'job.created',
        jobId: job.id,
        owner: 'alice',
        kind: 'document',
        group: 'g',
        rev: 1,
        at: start,
      });
      expect(JSON.parse(facts[0]?.record ?? '')).toMatchObject({ job_id: job.id, status: 'pending', rev: 1 });
    });

    it('answers with the position of the first fact', async () => {
      const { store } = engine();
      await submitted(engine());
      const job = aJob();
      const outcome = await store.submit(aSubmission(job));
      if (outcome.type !== 'created') throw new Error(outcome.type);
      const { facts } = await store.facts({ owner: 'alice', after: outcome.position.seq - 1, limit: 1 });
      expect(facts[0]).toMatchObject({ jobId: job.id, type: 'job.created' });
      expect(outcome.position).toEqual(positionAt(await store.log(), outcome.position.seq));
    });

    it('answers the same key and body with the first job as it is now', async () => {
      const { store } = engine();
      const first = await store.submit(aSubmission(aJob(), once('k')));
      const [running] = await started(engine());
      const again = await store.submit(aSubmission(aJob(), once('k')));
      if (first.type !== 'created') throw new Error(first.type);
      expect(again).toEqual({ type: 'replayed', job: running, position: first.position });
      expect(await store.depth()).toMatchObject({ pending: 0, running: 1 });
    });

    it('refuses the same key with another body', async () => {
      const { store } = engine();
      await store.submit(aSubmission(aJob(), once('k', 'one')));
      expect(await store.submit(aSubmission(aJob(), once('k', 'two')))).toEqual({ type: 'conflict' });
    });

    it('keeps the keys of owners apart', async () => {
      const { store } = engine();
      await store.submit(aSubmission(aJob(), once('k', 'one')));
      const other = await store.submit(aSubmission(aJob({ owner: 'bob' }), once('k', 'two')));
      expect(other.type).toBe('created');
    });

    it('forgets a key at its time', async () => {
      const { store } = engine();
      await store.submit(aSubmission(aJob(), once('k', 'one', start + 10)));
      const before = await store.submit(aSubmission(aJob({ createdAt: start + 9 }), once('k', 'one')));
      const after = await store.submit(aSubmission(aJob({ createdAt: start + 10 }), once('k', 'two')));
      expect([before.type, after.type]).toEqual(['replayed', 'created']);
    });

    it('forgets a key with its job', async () => {
      const { store } = engine();
      const job = aJob();
      await store.submit(aSubmission(job, once('k')));
      await store.apply(job.id, { type: 'cancel' }, start);
      await store.apply(job.id, { type: 'delete' }, start);
      expect((await store.submit(aSubmission(aJob(), once('k')))).type).toBe('created');
    });

    it('makes one job of simultaneous submits with one key', async () => {
      const { store } = engine();
      const submits = Array.from({ length: 20 }, () => store.submit(aSubmission(aJob(), once('k'))));
      const outcomes = await Promise.all(submits);
      expect(outcomes.filter(({ type }) => type === 'created')).toHaveLength(1);
      expect(outcomes.filter(({ type }) => type === 'replayed')).toHaveLength(19);
      expect((await store.list({ owner: 'alice', limit: 50 })).jobs).toHaveLength(1);
    });

    it('stores nothing when the queue or the owner is full', async () => {
      const { store } = engine();
      const limits = { maxPending: 3, maxPendingPerOwner: 2 };
      await submitted(engine());
      await submitted(engine());
      const ofOwner = await store.submit(aSubmission(aJob(), { limits, ...once('k') }));
      expect(ofOwner).toEqual({ type: 'full', scope: 'owner', pending: 2 });
      await submitted(engine(), { owner: 'bob' });
      const ofAll = await store.submit(aSubmission(aJob({ owner: 'carol' }), { limits }));
      expect(ofAll).toEqual({ type: 'full', scope: 'queue', pending: 3 });
      await started(engine(), 1);
      expect((await store.submit(aSubmission(aJob(), { limits, ...once('k') }))).type).toBe('created');
      expect(await store.depth()).toMatchObject({ pending: 3, running: 1 });
    });

    it('answers a replay also when the queue is full', async () => {
      const { store } = engine();
      await store.submit(aSubmission(aJob(), once('k')));
      const limits = { maxPending: 1, maxPendingPerOwner: 1 };
      expect((await store.submit(aSubmission(aJob(), { limits, ...once('k') }))).type).toBe('replayed');
    });

    it('makes the job of a submit whose answer was lost once, and answers as the first time', async () => {
      const { store } = engine();
      const submission = aSubmission(aJob());
      const again = { ...submission, limits: { maxPending: 1, maxPendingPerOwner: 1 }, repeated: true };
      const first = await store.submit(again);
      expect(first).toMatchObject({ type: 'created', job: submission.job, position: { seq: 1 } });
      await submitted(engine());
      expect(await store.submit(again)).toEqual(first);
      await started(engine());
      const later = await store.submit(again);
      expect(later).toMatchObject({ type: 'created', job: { status: 'running' }, position: { seq: 1 } });
      expect(await store.depth()).toMatchObject({ pending: 1, running: 1 });
    });

    it('does not make it again when it was deleted since', async () => {
      const { store } = engine();
      const submission = { ...aSubmission(aJob(), once('k')), repeated: true };
      const first = await store.submit(submission);
      await store.apply(submission.job.id, { type: 'cancel' }, start);
      await store.apply(submission.job.id, { type: 'delete' }, start);
      expect(await store.submit(submission)).toEqual(first);
      expect(await store.get('alice', submission.job.id)).toBeUndefined();
      expect((await store.log()).last).toBe(3);
    });

    it('finds it also when its first fact was trimmed', async () => {
      const { store } = engine();
      const submission = aSubmission(aJob());
      await store.submit(submission);
      await started(engine());
      await store.sweep(aSweep(start, { logMaxFacts: 1 }));
      const again = await store.submit({ ...submission, repeated: true });
      expect(again).toMatchObject({ type: 'created', job: { status: 'running' }, position: { seq: 1 } });
    });
  });
}
