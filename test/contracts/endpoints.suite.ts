import { describe, expect, it } from 'vitest';
import { deliveryMaxLength, endpointMaxLength, type NewEndpoint } from '../../src/engine/endpoints.js';
import { freshEngine, type OpenEngine } from './engine.suite.js';
import { aSweep, start } from './jobs-at-hand.js';

export function anEndpoint(id: string, change: Partial<NewEndpoint> = {}): NewEndpoint {
  return {
    owner: 'alice',
    id,
    createdAt: start,
    open: true,
    place: 7,
    value: '{"url":"https://example.org/\u{1f514}"}',
    state: '{}',
    maxPerOwner: 100,
    ...change,
  };
}

const place = (id: string, owner = 'alice') => ({ owner, id });
const kept = start + 1_000_000;

/** What endpoints mean. */
export function endpointsSuite(name: string, open: OpenEngine): void {
  describe(`endpoints of ${name}`, () => {
    const engine = freshEngine(open);

    it('keeps an endpoint as it was given, for its owner alone', async () => {
      const { endpoints } = engine();
      const made = await endpoints.put(anEndpoint('a', { expected: 0, keptUntil: kept }));
      const { maxPerOwner: _, ...given } = anEndpoint('a');
      expect(await endpoints.get(place('a'))).toEqual({
        ...given,
        keptUntil: kept,
        change: made.type === 'stored' ? made.change : 0,
      });
      expect(await endpoints.get(place('a', 'bob'))).toBeUndefined();
      expect(await endpoints.list({ owner: 'bob', limit: 10 })).toEqual([]);
      expect(await endpoints.remove(place('a', 'bob'))).toBe(false);
    });

    it('changes one only if it is as the caller has seen it', async () => {
      const { endpoints } = engine();
      const first = await endpoints.put(anEndpoint('a', { expected: 0 }));
      if (first.type !== 'stored') throw new Error('it was not stored');
      expect(await endpoints.put(anEndpoint('a', { expected: 0 }))).toEqual({ type: 'conflict' });
      const { change } = first;
      expect(await endpoints.put(anEndpoint('a', { expected: change, value: '{"b":1}' }))).toMatchObject({
        type: 'stored',
      });
      expect(await endpoints.put(anEndpoint('a', { expected: change }))).toEqual({ type: 'conflict' });
      expect(await endpoints.get(place('a'))).toMatchObject({ value: '{"b":1}' });
      expect(await endpoints.put(anEndpoint('nobody', { expected: change }))).toEqual({ type: 'conflict' });
    });

    it('counts those of an owner that belong to no job', async () => {
      const { endpoints } = engine();
      const put = (id: string, change: Partial<NewEndpoint> = {}) =>
        endpoints.put(anEndpoint(id, { maxPerOwner: 2, ...change })).then(({ type }) => type);
      expect([await put('a'), await put('b'), await put('c')]).toEqual(['stored', 'stored', 'full']);
      expect(await put('a', { value: '{"again":1}' })).toBe('stored');
      expect(await put('c', { owner: 'bob' })).toBe('stored');
      expect(await put('job_1', { job: 'job_1' })).toBe('stored');
      expect(await endpoints.remove(place('a'))).toBe(true);
      expect(await put('c')).toBe('stored');
    });

    it('refuses what is too large', async () => {
      const { endpoints } = engine();
      const value = 'x'.repeat(endpointMaxLength - 2);
      expect((await endpoints.put(anEndpoint('a', { value: `${value}x` }))).type).toBe('too-large');
      expect((await endpoints.put(anEndpoint('a', { value }))).type).toBe('stored');
      const delivery = { id: 'd', keptUntil: kept, value: 'x'.repeat(deliveryMaxLength + 1) };
      await expect(endpoints.settle({ ...place('a'), deliveries: [delivery], keep: 1 })).rejects.toThrow();
    });

    it('lists those of an owner by id, page by page', async () => {
      const { endpoints } = engine();
      for (const id of ['c', 'a', 'b']) await endpoints.put(anEndpoint(id));
      await endpoints.put(anEndpoint('job_1', { job: 'job_1' }));
      await endpoints.put(anEndpoint('a', { owner: 'bob' }));
      const ids = async (after?: string) =>
        (await endpoints.list({ owner: 'alice', limit: 2, ...(after === undefined ? {} : { after }) })).map(
          ({ id }) => id,
        );
      expect(await ids()).toEqual(['a', 'b']);
      expect(await ids('b')).toEqual(['c']);
    });

    it('tells what has changed since, in order, and never gives a number twice', async () => {
      const { endpoints } = engine();
      for (const id of ['a', 'b']) await endpoints.put(anEndpoint(id));
      await endpoints.put(anEndpoint('c', { open: false }));
      const changed = async (after: number, onlyOpen = false) =>
        endpoints.changed({ after, onlyOpen, limit: 10 });
      const all = await changed(0);
      expect(all.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
      expect((await changed(0, true)).map(({ id }) => id)).toEqual(['a', 'b']);
      const last = all.at(-1)?.change ?? 0;
      await endpoints.remove(place('c'));
      await endpoints.put(anEndpoint('d', { owner: 'bob' }));
      await endpoints.put(anEndpoint('a', { value: '{"new":1}' }));
      expect((await changed(last)).map(({ id }) => id)).toEqual(['d', 'a']);
      await endpoints.settle({ ...place('b'), deliveries: [], keep: 1 });
      expect((await changed(last)).map(({ id }) => id)).toEqual(['d', 'a']);
      await endpoints.settle({ ...place('b'), deliveries: [], keep: 1, tell: true });
      expect((await changed(last)).map(({ id }) => id)).toEqual(['d', 'a', 'b']);
      expect(await endpoints.changed({ after: last, onlyOpen: false, limit: 1 })).toHaveLength(1);
    });

    it('settles what was sent and the place in one commit, if the place is the one that was seen', async () => {
      const { endpoints } = engine();
      await endpoints.put(anEndpoint('a'));
      const one = { id: 'one', keptUntil: kept, value: '{"n":1}' };
      const settle = (from: number, to: number, id: string) =>
        endpoints.settle({
          ...place('a'),
          place: { from, to },
          state: '{"failing":1}',
          deliveries: [{ ...one, id }],
          keep: 10,
        });
      expect(await settle(7, 9, 'one')).toBe('settled');
      expect(await settle(7, 9, 'two')).toBe('moved');
      expect(await endpoints.get(place('a'))).toMatchObject({ place: 9, state: '{"failing":1}', open: true });
      expect(await endpoints.delivery(place('a'), 'one')).toEqual({ ...one, n: expect.any(Number) });
      expect(await endpoints.delivery(place('a'), 'two')).toBeUndefined();
      expect(await endpoints.delivery(place('a', 'bob'), 'one')).toBeUndefined();
      const closed = { ...place('a'), open: false, keptUntil: kept, deliveries: [], keep: 0 };
      expect(await endpoints.settle(closed)).toBe('settled');
      expect(await endpoints.get(place('a'))).toMatchObject({ open: false, keptUntil: kept, place: 9 });
      expect(await endpoints.settle({ ...closed, id: 'b' })).toBe('not-found');
    });

    it('lists deliveries newest first; one that is settled again keeps its place', async () => {
      const { endpoints } = engine();
      for (const id of ['a', 'b']) await endpoints.put(anEndpoint(id));
      const settle = (id: string, dueAt?: number, endpoint = 'a') =>
        endpoints.settle({
          ...place(endpoint),
          deliveries: [{ id, keptUntil: kept, value: id, ...(dueAt === undefined ? {} : { dueAt }) }],
          keep: 2,
        });
      await settle('one', start);
      await settle('other', start, 'b');
      await settle('two');
      await settle('three', start + 1);
      const listed = async (filter: { waiting?: boolean; before?: number } = {}) =>
        (await endpoints.deliveries({ ...place('a'), limit: 10, ...filter })).map(({ id }) => id);
      expect(await listed()).toEqual(['three', 'two', 'one']);
      expect(await listed({ waiting: true })).toEqual(['three', 'one']);
      expect(await listed({ waiting: false })).toEqual(['two']);
      await settle('one');
      expect(await listed({ waiting: true })).toEqual(['three']);
      expect(await listed()).toEqual(['three', 'two', 'one']);
      const second = await endpoints.delivery(place('a'), 'two');
      expect(await listed({ before: second?.n ?? 0 })).toEqual(['one']);
      // One finished one too many: the oldest goes, and none that waits.
      await settle('four');
      expect(await listed()).toEqual(['four', 'three', 'two']);
      expect(await listed({ waiting: true })).toEqual(['three']);
      await endpoints.put(anEndpoint('a', { value: '{"new":1}' }));
      expect(await listed()).toEqual(['four', 'three', 'two']);
      await endpoints.remove(place('a'));
      expect(await listed()).toEqual([]);
      expect(await endpoints.deliveries({ ...place('b'), limit: 10 })).toHaveLength(1);
    });

    it('is swept of endpoints and finished deliveries that are over', async () => {
      const { endpoints, store } = engine();
      await endpoints.put(anEndpoint('a'));
      await endpoints.put(anEndpoint('job_1', { job: 'job_1', keptUntil: start + 10 }));
      const deliveries = [
        { id: 'waits', dueAt: start, keptUntil: start + 1, value: '1' },
        { id: 'old', keptUntil: start + 10, value: '2' },
        { id: 'new', keptUntil: start + 11, value: '3' },
      ];
      for (const id of ['a', 'job_1']) await endpoints.settle({ ...place(id), deliveries, keep: 10 });
      await store.sweep(aSweep(start + 9));
      expect(await endpoints.deliveries({ ...place('a'), limit: 10 })).toHaveLength(3);
      await store.sweep(aSweep(start + 10));
      const left = await endpoints.deliveries({ ...place('a'), limit: 10 });
      expect(left.map(({ id }) => id)).toEqual(['new', 'waits']);
      expect(await endpoints.get(place('job_1'))).toBeUndefined();
      expect(await endpoints.deliveries({ ...place('job_1'), limit: 10 })).toEqual([]);
    });

    it('rejects once the engine is closed', async () => {
      const { endpoints } = engine();
      await engine().close();
      await expect(endpoints.get(place('a'))).rejects.toMatchObject({ code: 'closed' });
      await expect(endpoints.put(anEndpoint('a'))).rejects.toMatchObject({ code: 'closed' });
    });
  });
}
