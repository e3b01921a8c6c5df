import { describe, expect, it } from 'vitest';
import { InkwireError } from '../../client/sdk/error.js';
import { watchGroup } from '../../client/sdk/group-watch.js';
import type {
  GroupProgress,
  StreamItem,
  SubscribeOptions,
  WatchGroupOptions,
} from '../../client/sdk/types.js';
import { FeedScript } from './feed-script.js';
import { data, scripted } from './scripted-http.js';

const reset: StreamItem = { type: 'reset', reason: 'trimmed' };

function group(running: number, completed: number, progress = 0): GroupProgress {
  return { group: 'g', jobs: 4, pending: 0, running, completed, failed: 0, cancelled: 0, progress };
}

/** A watch of a group whose looks give these, one after the other; the last one stays. */
function watched(looks: readonly (GroupProgress | (() => GroupProgress))[], options: WatchGroupOptions = {}) {
  const feed = new FeedScript();
  const subscribed: { topics: readonly string[]; options: SubscribeOptions }[] = [];
  const { http, slept, sent } = scripted([data({ events: [], cursor: 'c-1', more: false })]);
  const state = { looks: 0 };
  const watch = watchGroup('g', options, {
    http,
    jobs: {
      async group() {
        const look = looks[Math.min(state.looks, looks.length - 1)];
        state.looks += 1;
        if (look === undefined) throw new Error('no looks');
        return typeof look === 'function' ? look() : look;
      },
    },
    subscribe(topics, options) {
      subscribed.push({ topics, options });
      return feed;
    },
  });
  return { watch, feed, subscribed, slept, sent, state };
}

describe('a watch of a group', () => {
  it('begins with what is there, from a cursor of before', async () => {
    const { watch, subscribed, sent } = watched([group(0, 4, 100)]);
    expect(await watch.next()).toEqual({ done: false, value: group(0, 4, 100) });
    expect(sent[0]?.url).toBe('http://server/api/v1/events?topic=group%3Ag&wait=0&snapshot=false');
    expect(subscribed).toEqual([{ topics: ['group:g'], options: { after: 'c-1', progressMs: 250 } }]);
  });

  it('looks again when the server was away for longer than a request is tried, and not once it is closed', async () => {
    const away = () => {
      throw new InkwireError('network-error', 'No answer came.');
    };
    const { watch, feed, state } = watched([group(1, 3), away, away, group(0, 4)]);
    const seen: number[] = [];
    for await (const { completed } of watch) {
      seen.push(completed);
      if (state.looks === 1) feed.put(reset);
    }
    expect(seen).toEqual([3, 4]);
    expect(state.looks).toBe(4);

    const closed = watched([away]);
    const next = closed.watch.next();
    closed.feed.close();
    await expect(next).rejects.toMatchObject({ slug: 'closed' });
    const refused = watched([
      () => {
        throw new InkwireError('not-found', 'There is no such group.', { status: 404 });
      },
    ]);
    await expect(refused.watch.next()).rejects.toMatchObject({ slug: 'not-found' });
  });

  it('ends when no job is left, and leaves the stream', async () => {
    const { watch, feed } = watched([group(1, 3), group(0, 4)]);
    feed.put(reset);
    const seen: number[] = [];
    for await (const { completed } of watch) seen.push(completed);
    expect(seen).toEqual([3, 4]);
    expect(feed.closed).toBe(true);
  });

  it('goes on where it is continuous: another job may come', async () => {
    const { watch, feed, state } = watched([group(0, 4), group(1, 4), group(0, 5)], { continuous: true });
    const seen: number[] = [];
    for await (const { running, completed } of watch) {
      seen.push(running, completed);
      if (state.looks === 3) break;
      feed.put(reset);
    }
    expect(seen).toEqual([0, 4, 1, 4, 0, 5]);
    expect(feed.closed).toBe(true);
  });

  it('looks once for many changes, a quarter of a second after the last look at the earliest', async () => {
    const { watch, feed, slept, state } = watched([group(4, 0), group(2, 2), group(0, 4)]);
    await watch.next();
    for (let count = 0; count < 50; count += 1) feed.put(reset);
    expect((await watch.next()).value).toEqual(group(2, 2));
    expect(state.looks).toBe(2);
    feed.put(reset);
    expect((await watch.next()).value).toEqual(group(0, 4));
    expect(slept).toEqual([250, 250]);
  });

  it('looks again for a change that happened during a look', async () => {
    const during = () => {
      feed.put(reset);
      return group(2, 2);
    };
    const { watch, feed } = watched([during, group(0, 4)]);
    expect((await watch.next()).value).toEqual(group(2, 2));
    expect((await watch.next()).value).toEqual(group(0, 4));
    expect((await watch.next()).done).toBe(true);
  });

  it('tells nothing when nothing has changed', async () => {
    const { watch, feed, state } = watched([group(1, 3), group(1, 3), group(1, 3), group(0, 4)]);
    await watch.next();
    const next = watch.next();
    feed.put(reset);
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    // One look for the one change.
    expect(state.looks).toBe(2);
    await expect
      .poll(() => {
        feed.put(reset);
        return state.looks;
      })
      .toBe(4);
    expect((await next).value).toEqual(group(0, 4));
  });

  it('fails with the stream, and with its signal', async () => {
    const first = watched([group(1, 3)]);
    await first.watch.next();
    first.feed.fail(new Error('refused'));
    await expect(first.watch.next()).rejects.toThrow('refused');

    const second = watched([group(1, 3)]);
    await second.watch.next();
    second.feed.close();
    await expect(second.watch.next()).rejects.toMatchObject({ slug: 'closed' });

    const stop = new AbortController();
    const third = watched([group(1, 3)], { signal: stop.signal });
    await third.watch.next();
    stop.abort('enough');
    await expect(third.watch.next()).rejects.toBe('enough');
  });

  it('leaves the stream when its reader leaves', async () => {
    const { watch, feed } = watched([group(1, 3)]);
    for await (const _ of watch) break;
    expect(feed.closed).toBe(true);
  });
});
