import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { problem } from '../../src/protocol/problem.js';
import { type BulkAction, type BulkChoice, BulkRunner } from '../../src/work/bulk.js';
import { openWorkRig, type WorkRig } from '../helpers/work-rig.js';

describe('the same for many jobs', () => {
  let rig: WorkRig;
  let bulk: BulkRunner;
  beforeEach(async () => {
    rig = await openWorkRig();
    bulk = runner();
  });
  afterEach(async () => {
    await bulk.close();
    await rig.close();
  });

  function runner(parts: Partial<ConstructorParameters<typeof BulkRunner>[0]> = {}): BulkRunner {
    const { reader, submitter, remover } = rig.service;
    let count = 0;
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const random = (): string => {
      count += 1;
      return `${count}`;
    };
    return new BulkRunner({ reader, submitter, remover, clock: Date.now, random, log, ...parts });
  }

  const start = (action: BulkAction, choice: BulkChoice = { filter: {} }, owner = 'ann') =>
    bulk.start({ owner, action, choice, requestId: 'r-1' });
  const ended = async (id = 'bulk_1', owner = 'ann') => {
    await expect.poll(() => bulk.get(owner, id)?.state).not.toBe('running');
    return bulk.get(owner, id);
  };
  const all = async (owner = 'ann') => {
    const page = await rig.service.reader.list({ owner, limit: 200 });
    return page.ok ? page.jobs : [];
  };
  const failed = async (count: number): Promise<readonly string[]> => {
    const ids = await Promise.all(Array.from({ length: count }, () => rig.submit('refuse')));
    await Promise.all(ids.map((id) => rig.end(id)));
    return ids;
  };

  test('retries what failed, each once and none of those that it makes', async () => {
    const ids = await failed(5);
    expect(start('retry', { filter: { status: 'failed' } })).toMatchObject({
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
    start('delete', { filter: { group: 'g' } });
    expect(await ended()).toMatchObject({ state: 'ended', done: 1 });
    expect((await all()).map(({ job_id }) => job_id)).not.toContain(grouped);
    expect(await all('bob')).toHaveLength(1);
    expect(bulk.get('bob', 'bulk_1')).toBeUndefined();
  });

  test('leaves alone what is in another state, and says of named jobs why', async () => {
    const [done = ''] = await failed(1);
    const running = await rig.submit('hang');
    await rig.progressed(running).catch(() => undefined);
    start('delete', { filter: {} });
    expect(await ended()).toMatchObject({ done: 1, refused: 0 });
    start('cancel', { jobs: [done, running] });
    expect(await ended('bulk_2')).toMatchObject({ done: 1, refused: 1, refusal: 'There is no such job.' });
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
    start('retry', { jobs: ids });
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
    start('retry', { jobs: ids });
    expect(start('delete', { jobs: ids })).toMatchObject({
      ok: false,
      problem: { slug: 'client-rate-exceeded' },
    });
    expect(bulk.stop('carol', 'bulk_1')).toBeUndefined();
    await expect.poll(() => asked).toBe(8);
    bulk.stop('ann', 'bulk_1');
    letGo();
    // Those that were under way: eight.
    expect(await ended()).toMatchObject({ state: 'stopped', done: 8 });
    expect(bulk.list('ann').map(({ bulk_id }) => bulk_id)).toEqual(['bulk_1']);
  });

  test('ends with the process, and says so to whoever asks afterwards', async () => {
    await bulk.close();
    expect(start('delete')).toMatchObject({ ok: false, problem: { slug: 'shutting-down' } });
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
    start('delete', { filter: {} });
    expect(await ended()).toMatchObject({ state: 'failed', error: 'The server failed; the log says more.' });
  });
});
