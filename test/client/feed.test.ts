import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { FeedPipe, type FeedSource } from '../../client/sdk/feed.js';

interface Item {
  readonly type: 'fact' | 'progress';
  readonly n: number;
}

function pipe(signal?: AbortSignal) {
  const flows: boolean[] = [];
  const state = { closed: 0, cursor: undefined as string | undefined };
  const source: FeedSource = {
    flow: (on) => void flows.push(on),
    close() {
      state.closed += 1;
    },
    cursor: () => state.cursor,
  };
  return { feed: new FeedPipe<Item>(source, signal), flows, state };
}

const fact = (n: number): Item => ({ type: 'fact', n });
const progress = (n: number): Item => ({ type: 'progress', n });

async function take(feed: FeedPipe<Item>, count: number): Promise<number[]> {
  const taken: number[] = [];
  for await (const item of feed) {
    taken.push(item.n);
    if (taken.length === count) break;
  }
  return taken;
}

describe('a feed', () => {
  it('gives what came before and after the iteration began, in order', async () => {
    const { feed } = pipe();
    feed.put(fact(1), 'c1');
    const taken = take(feed, 3);
    feed.put(fact(2), 'c2');
    await Promise.resolve();
    feed.put(fact(3), 'c3');
    expect(await taken).toEqual([1, 2, 3]);
  });

  it('replaces progress that was not taken, and never a fact', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 2 }))), async (steps) => {
        const { feed } = pipe();
        const facts: number[] = [];
        const last = new Map<number, number>();
        for (const [n, [isFact, slot]] of steps.entries()) {
          if (isFact) {
            facts.push(n);
            feed.put(fact(n), `c${n}`);
          } else {
            last.set(slot, n);
            feed.put(progress(n), undefined, `s${slot}`);
          }
        }
        feed.end();
        const taken = await take(feed, Number.POSITIVE_INFINITY);
        expect(taken.filter((n) => facts.includes(n))).toEqual(facts);
        expect(taken.filter((n) => !facts.includes(n)).sort((a, b) => a - b)).toEqual(
          [...last.values()].sort((a, b) => a - b),
        );
      }),
    );
  });

  it('leaves the connection at 1,000 waiting items and comes back when they were taken', async () => {
    const { feed, flows } = pipe();
    for (let n = 0; n < 1_000; n += 1) feed.put(fact(n), `c${n}`);
    expect(flows).toEqual([false]);
    const iterator = feed[Symbol.asyncIterator]();
    for (let n = 0; n < 999; n += 1) await iterator.next();
    expect(flows).toEqual([false]);
    await iterator.next();
    expect(flows).toEqual([false, true]);
  });

  it('names the cursor of the last item that was handed out, and of its source once all were', async () => {
    const { feed, state } = pipe();
    state.cursor = 'c2';
    feed.put(fact(1), 'c1');
    feed.put(fact(2), 'c2');
    const iterator = feed[Symbol.asyncIterator]();
    await iterator.next();
    expect(feed.cursor).toBe('c1');
    await iterator.next();
    state.cursor = 'c9';
    expect(feed.cursor).toBe('c9');
  });

  it('hands what waited to the first listener, and what comes then at once', async () => {
    const { feed } = pipe();
    feed.put(fact(1), 'c1');
    const heard: string[] = [];
    feed.on('fact', ({ n }) => heard.push(`fact ${n}`));
    feed.on('item', ({ n }) => heard.push(`item ${n}`));
    await Promise.resolve();
    feed.put(fact(2), 'c2');
    expect(heard).toEqual(['fact 1', 'item 1', 'fact 2', 'item 2']);
  });

  it('tells its end to who listens late, once', async () => {
    const { feed, state } = pipe();
    feed.end();
    const heard: string[] = [];
    feed.on('end', () => heard.push('end'));
    feed.on('error', () => heard.push('error'));
    await Promise.resolve();
    feed.end();
    feed.close();
    expect(heard).toEqual(['end']);
    expect(state.closed).toBe(1);
  });

  it('gives what waits before it throws why it failed', async () => {
    const { feed } = pipe();
    feed.put(fact(1), 'c1');
    feed.fail(new Error('gone'));
    const iterator = feed[Symbol.asyncIterator]();
    expect(await iterator.next()).toEqual({ done: false, value: fact(1) });
    await expect(iterator.next()).rejects.toThrow('gone');
  });

  it('ends with the reason of its signal, also of one that fired before', async () => {
    const late = new AbortController();
    const { feed, state } = pipe(late.signal);
    late.abort(new Error('enough'));
    await expect(take(feed, 1)).rejects.toThrow('enough');
    expect(state.closed).toBe(1);
    await expect(take(pipe(AbortSignal.abort(new Error('before'))).feed, 1)).rejects.toThrow('before');
  });

  it('leaves nothing behind on a signal that outlives it', () => {
    const { signal } = new AbortController();
    const { feed } = pipe(signal);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    feed.close();
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('ends an iteration that is left while it waits, and all others with it', async () => {
    const { feed, state } = pipe();
    const iterator = feed[Symbol.asyncIterator]();
    const next = iterator.next();
    const other = take(feed, 1);
    expect(await iterator.return()).toEqual({ done: true, value: undefined });
    expect(await next).toEqual({ done: true, value: undefined });
    expect(await other).toEqual([]);
    expect(state.closed).toBe(1);
  });

  it('closes when an iteration is left', async () => {
    const { feed, state } = pipe();
    feed.put(fact(1), 'c1');
    await take(feed, 1);
    expect(feed.closed).toBe(true);
    expect(state.closed).toBe(1);
    feed.put(fact(2), 'c2');
    expect(await take(feed, 1)).toEqual([]);
  });

  it.each(['end', 'error'] as const)(
    'tells its %s once to who began to listen in the same turn',
    async (type) => {
      const { feed } = pipe();
      const heard: string[] = [];
      feed.on(type, () => heard.push(type));
      if (type === 'end') feed.end();
      else feed.fail(new Error('gone'));
      await Promise.resolve();
      expect(heard).toEqual([type]);
    },
  );

  it('keeps its items for the iteration while only its end and its error are listened to', async () => {
    const { feed } = pipe();
    const heard: string[] = [];
    feed.on('error', () => heard.push('error'));
    feed.on('end', () => heard.push('end'));
    await Promise.resolve();
    feed.put(fact(1), 'c1');
    await Promise.resolve();
    const taken = take(feed, 3);
    feed.put(fact(2), 'c2');
    feed.end();
    expect(await taken).toEqual([1, 2]);
    expect(heard).toEqual(['end']);
  });

  it('tells each listener everything in order and its end once, whenever it began to listen', async () => {
    const step = fc.oneof(
      fc.constant('put' as const),
      fc.constant('listen' as const),
      fc.constant('turn' as const),
      fc.constant('end' as const),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const { feed } = pipe();
        const listeners: { items: number[]; ends: number; late: boolean }[] = [];
        let n = 0;
        for (const each of [...steps, 'listen' as const, 'end' as const]) {
          if (each === 'put' && !feed.closed) {
            n += 1;
            feed.put(fact(n), `c${n}`);
          }
          if (each === 'turn') await Promise.resolve();
          if (each === 'end') feed.end();
          if (each !== 'listen') continue;
          const one = { items: [] as number[], ends: 0, late: false };
          listeners.push(one);
          feed.on('item', (item: Item) => {
            one.late ||= one.ends > 0;
            one.items.push(item.n);
          });
          feed.on('end', () => {
            one.ends += 1;
          });
        }
        await Promise.resolve();
        const all = Array.from({ length: n }, (_, index) => index + 1);
        expect(listeners[0]?.items).toEqual(all);
        for (const one of listeners) {
          expect(one).toMatchObject({ ends: 1, late: false });
          expect(one.items).toEqual(one.items.length === 0 ? [] : all.slice(-one.items.length));
        }
      }),
    );
  });

  it('goes on after a listener that throws, and lets the error be seen', async () => {
    const thrown: unknown[] = [];
    vi.stubGlobal('queueMicrotask', (act: () => void) => {
      try {
        act();
      } catch (error) {
        thrown.push(error);
      }
    });
    const { feed } = pipe();
    const heard: number[] = [];
    feed.on('item', () => {
      throw new Error('mine');
    });
    feed.on('item', ({ n }) => heard.push(n));
    feed.put(fact(1), 'c1');
    vi.unstubAllGlobals();
    expect(thrown).toEqual([new Error('mine')]);
    expect(heard).toEqual([1]);
  });

  it('stops telling who has ended the listening', async () => {
    const { feed } = pipe();
    const heard: number[] = [];
    const stop = feed.on('fact', ({ n }) => heard.push(n));
    await Promise.resolve();
    feed.put(fact(1), 'c1');
    stop();
    feed.put(fact(2), 'c2');
    expect(heard).toEqual([1]);
  });
});
