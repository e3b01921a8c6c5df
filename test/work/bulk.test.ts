import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { problem } from '../../src/protocol/problem.js';
import { BulkRunner } from '../../src/work/bulk.js';
import type { BulkAction, BulkChoice } from '../../src/work/bulk-shelf.js';
import { everyPage } from '../../src/work/every-page.js';
import { openWorkRig, type WorkRig } from '../helpers/work-rig.js';

describe('the same for many jobs', () => {
  let rig: WorkRig;
  let bulk: BulkRunner;
  let count = 0;
  beforeEach(async () => {
    rig = await openWorkRig();
    count = 0;
    bulk = runner();
  });
  afterEach(async () => {
    await bulk.close();
    await rig.close();
  });

  function runner(parts: Partial<ConstructorParameters<typeof BulkRunner>[0]> = {}): BulkRunner {
    const { reader, submitter, remover } = rig.service;
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const random = (): string => {
      count += 1;
      return `${count}`;
    };
    const { library } = rig.engine;
    const keyHolds = (): boolean => true;
    const own = { reader, submitter, remover, library, keyHolds, clock: Date.now, random, log };
    return new BulkRunner({ ...own, holder: 'one', exclusive: true, ...parts });
  }

  const start = (action: BulkAction, choice: BulkChoice = { filter: {} }, owner = 'ann', by = bulk) =>
    by.start({ owner, keyId: 'k', action, choice, requestId: 'r-1' });
  const ended = async (id = 'bulk_1', owner = 'ann') => {
    await expect.poll(async () => (await bulk.get(owner, id))?.state).not.toBe('running');
    return bulk.get(owner, id);
  };
  const all = async (owner = 'ann') => {
    const page = await rig.service.reader.list({ owner, limit: 200 });
    return page.ok ? page.jobs : [];
  };
  const failed = async (count: number): Promise<readonly string[]> => {
    const ids: string[] = [];
    // No more at a time than a queue holds.
    while (ids.length < count) {
      const some = Array.from({ length: Math.min(40, count - ids.length) }, () => rig.submit('refuse'));
      const made = await Promise.all(some);
      await Promise.all(made.map((id) => rig.end(id)));
      ids.push(...made);
    }
    return ids;
  };

  test('retries what failed, each once and none of those that it makes', async () => {
    const ids = await failed(5);
    expect(await start('retry', { filter: { status: 'failed' } })).toMatchObject({
      ok: true,
      bulk: { state: 'running' },
    });
    expect(await ended()).toMatchObject({ state: 'ended', done: 5, refused: 0, action: 'retry' });
    const retries = (await all()).flatMap(({ retry_of }) => (retry_of === undefined ? [] : [retry_of]));
    expect(retries.sort()).toEqual([...ids].sort());
  });

  test('takes those that a filter lets through, of this owner', async () => {
    await failed(2);
    const other = await rig.submit('refuse', {}, 'bob');
    await rig.end(other, 'bob');
    const grouped = await rig.submit('refuse', { group: 'g' });
    await rig.end(grouped);
    await start('delete', { filter: { group: 'g' } });
    expect(await ended()).toMatchObject({ state: 'ended', done: 1 });
    expect((await all()).map(({ job_id }) => job_id)).not.toContain(grouped);
    expect(await all('bob')).toHaveLength(1);
    expect(await bulk.get('bob', 'bulk_1')).toBeUndefined();
  });

  test('leaves alone what is in another state, and says of named jobs why', async () => {
    const [done = ''] = await failed(1);
    const running = await rig.submit('hang');
    await rig.progressed(running).catch(() => undefined);
    await start('delete', { filter: {} });
    expect(await ended()).toMatchObject({ done: 1, refused: 0 });
    await start('cancel', { jobs: [done, running] });
    expect(await ended('bulk_2')).toMatchObject({
      done: 1,
      refused: 1,
      refusals: [{ job_id: done, reason: 'There is no such job.' }],
    });
    expect((await rig.end(running))?.record.status).toBe('cancelled');
  });

  test('waits where the queue is full, and goes on', async () => {
    const ids = await failed(3);
    let refusals = 3;
    const { submitter } = rig.service;
    bulk = runner({
      submitter: {
        retry: async (request) => {
          refusals -= 1;
          if (refusals >= 0) return { ok: false, problem: problem('queue-full', 'Full.', { retryAfter: 0 }) };
          return submitter.retry(request);
        },
      },
    });
    await start('retry', { jobs: ids });
    expect(await ended()).toMatchObject({ state: 'ended', done: 3, refused: 0 });
  });

  test('is one at a time for an owner, and can be stopped', async () => {
    const ids = await failed(10);
    let letGo: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const { submitter } = rig.service;
    let asked = 0;
    bulk = runner({
      submitter: {
        retry(request) {
          asked += 1;
          return held.then(() => submitter.retry(request));
        },
      },
    });
    await start('retry', { jobs: ids });
    expect(await start('delete', { jobs: ids })).toMatchObject({
      ok: false,
      problem: { slug: 'client-rate-exceeded' },
    });
    expect(await bulk.stop('carol', 'bulk_1')).toBeUndefined();
    await expect.poll(() => asked).toBe(8);
    await bulk.stop('ann', 'bulk_1');
    letGo();
    // Those that were under way: eight.
    expect(await ended()).toMatchObject({ state: 'stopped', done: 8 });
    expect((await bulk.list('ann')).map(({ bulk_id }) => bulk_id)).toEqual(['bulk_1']);
  });

  test('is one at a time for an owner who asks twice at one moment', async () => {
    const ids = await failed(2);
    const answers = await Promise.all([start('retry', { jobs: ids }), start('retry', { jobs: ids })]);
    expect(answers.map(({ ok }) => ok).sort()).toEqual([false, true]);
    await ended();
    expect((await all()).filter(({ retry_of }) => retry_of !== undefined)).toHaveLength(2);
  });

  test('is one at a time for an owner who asks two nodes at one moment', async () => {
    const ids = await failed(2);
    const other = runner({ holder: 'two', exclusive: false });
    const asked = [bulk, other].map((by) => start('retry', { jobs: ids }, 'ann', by));
    const answers = await Promise.all(asked);
    expect(answers.map(({ ok }) => ok).sort()).toEqual([false, true]);
    expect(answers.find(({ ok }) => !ok)).toMatchObject({ problem: { slug: 'client-rate-exceeded' } });
    await expect.poll(async () => (await bulk.list('ann')).map(({ state }) => state)).toEqual(['ended']);
    await other.close();
    expect((await all()).filter(({ retry_of }) => retry_of !== undefined)).toHaveLength(2);
  });

  test('is under way until its end is stored: who is told of the end may begin another', async () => {
    const { library } = rig.engine;
    let store: () => void = () => undefined;
    const mayStore = new Promise<void>((resolve) => {
      store = resolve;
    });
    let isAsked = false;
    const slow: typeof library = {
      put: (stored) => library.put(stored),
      get: (...what) => library.get(...what),
      versions: (what) => library.versions(what),
      list: (what) => library.list(what),
      retire: async (what) => {
        isAsked = true;
        await mayStore;
        return library.retire(what);
      },
    };
    bulk = runner({ library: slow });
    await start('delete', { jobs: [] });
    await expect.poll(() => isAsked).toBe(true);
    const told = await bulk.get('ann', 'bulk_1');
    const another = await start('delete', { jobs: [] });
    store();
    expect(told).toMatchObject({ state: 'running' });
    expect(another).toMatchObject({ ok: false });
    expect(await ended()).toMatchObject({ state: 'ended' });
    expect(await start('delete', { jobs: [] })).toMatchObject({ ok: true });
  });

  test('ends with the process, and says so to whoever asks afterwards', async () => {
    await bulk.close();
    expect(await start('delete')).toMatchObject({ ok: false, problem: { slug: 'shutting-down' } });
    await bulk.close();
  });

  test('fails with a reason where the store does', async () => {
    bulk = runner({
      reader: {
        ...rig.service.reader,
        list: () => Promise.reject(new Error('the disk is gone')),
        view: async () => undefined,
      },
    });
    await start('delete', { filter: {} });
    expect(await ended()).toMatchObject({ state: 'failed', error: 'The server failed; the log says more.' });
  });

  describe('goes on where a process left it', () => {
    const forever = new Promise<never>(() => undefined);
    /** Retries so many, and then answers no more, as a process that was killed. */
    const dying = (count: number): Pick<typeof rig.service.submitter, 'retry'> => {
      let left = count;
      return {
        retry: async (request) => {
          left -= 1;
          if (left < 0) return forever;
          const answer = await rig.service.submitter.retry(request);
          // A queue that is full, as on a slow machine, has retried nothing: it is asked again.
          if (!answer.ok) left += 1;
          return answer;
        },
      };
    };

    test('each job is retried once, whatever was done since the last note', async () => {
      const ids = await failed(130);
      const first = runner({ submitter: dying(75) });
      const begun = await first.start({
        ...{ owner: 'ann', keyId: 'k', action: 'retry', choice: { filter: { status: 'failed' } } },
        ...{ query: { status: 'failed' }, requestId: 'r-1' },
      });
      expect(begun).toMatchObject({ ok: true, bulk: { chosen: { status: 'failed' } } });
      await expect.poll(async () => (await everyJob()).filter(({ retry_of }) => retry_of).length).toBe(75);
      bulk = runner({ holder: 'two' });
      await bulk.open();
      expect(await ended()).toMatchObject({ state: 'ended', done: 130, refused: 0 });
      const retries = (await everyJob()).flatMap(({ retry_of }) =>
        retry_of === undefined ? [] : [retry_of],
      );
      expect(retries.sort()).toEqual([...ids].sort());
      expect(await bulk.list('ann')).toHaveLength(1);
    });

    test('an end in order counts each job once, named ones among them', async () => {
      const ids = await failed(60);
      let letGo: () => void = () => undefined;
      const held = new Promise<void>((resolve) => {
        letGo = resolve;
      });
      let removed = 0;
      const { remover } = rig.service;
      const slow = {
        cancel: remover.cancel.bind(remover),
        remove: async (owner: string, id: string) => {
          removed += 1;
          if (removed > 20) await held;
          return remover.remove(owner, id);
        },
      };
      bulk = runner({ remover: slow });
      await start('delete', { jobs: ids });
      await expect.poll(() => removed).toBeGreaterThan(20);
      const closed = bulk.close();
      letGo();
      await closed;
      bulk = runner({ holder: 'two' });
      expect(await bulk.get('ann', 'bulk_1')).toMatchObject({ state: 'running' });
      await bulk.open();
      expect(await ended()).toMatchObject({ state: 'ended', done: 60, refused: 0 });
      expect(await all()).toEqual([]);
    });

    test('where processes share an engine, only once its lease is over, and one of them alone', async () => {
      await failed(60);
      const first = runner({ submitter: dying(55) });
      await start('retry', { filter: { status: 'failed' } }, 'ann', first);
      let now = Date.now();
      const sharing = { exclusive: false, clock: () => now };
      const second = runner({ ...sharing, holder: 'two' });
      const third = runner({ ...sharing, holder: 'three' });
      await second.open();
      expect(await second.get('ann', 'bulk_1')).toMatchObject({ state: 'running' });
      now += 120_000;
      await second.open();
      await third.open();
      bulk = second;
      expect(await ended()).toMatchObject({ done: 60, refused: 0 });
      await Promise.all([second.close(), third.close()]);
    });

    test('a stop is heard by the process that does it, and by the one after it', async () => {
      await failed(120);
      const asked: string[] = [];
      let letGo: () => void = () => undefined;
      const held = new Promise<void>((resolve) => {
        letGo = resolve;
      });
      const first = runner({
        submitter: {
          async retry(request) {
            asked.push(request.id);
            await held;
            return rig.service.submitter.retry(request);
          },
        },
      });
      bulk = first;
      await start('retry', { filter: { status: 'failed' } });
      await expect.poll(() => asked.length).toBe(8);
      const other = runner({ holder: 'two', exclusive: false });
      await other.stop('ann', 'bulk_1');
      letGo();
      // It hears of it as it notes its first step.
      expect(await ended()).toMatchObject({ state: 'stopped', done: 50 });
      expect(await other.get('ann', 'bulk_1')).toMatchObject({ state: 'stopped' });
    });

    test('not without the key that began it', async () => {
      await failed(60);
      const first = runner({ submitter: dying(55) });
      await start('retry', { filter: { status: 'failed' } }, 'ann', first);
      bulk = runner({ holder: 'two', keyHolds: () => false });
      await bulk.open();
      expect(await ended()).toMatchObject({
        state: 'failed',
        error: 'The key that began it may not be used any more.',
      });
      expect(await start('delete', { jobs: [] })).toMatchObject({ ok: true });
    });

    async function everyJob() {
      const jobs = [];
      for await (const page of everyPage(rig.service.reader, { owner: 'ann' })) jobs.push(...page);
      return jobs;
    }
  });
});
