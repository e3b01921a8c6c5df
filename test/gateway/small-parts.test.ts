import { describe, expect, test, vi } from 'vitest';
import { startPointOf } from '../../src/gateway/start-point.js';
import { StepScheduler } from '../../src/gateway/step-scheduler.js';
import { TopicIndex } from '../../src/gateway/topic-index.js';
import type { Subject, Topic } from '../../src/protocol/topic.js';

describe('the index of topics', () => {
  const followed: readonly (readonly [string, Topic, string])[] = [
    ['alice', { type: 'jobs' }, 'all'],
    ['alice', { type: 'job', id: 'j1' }, 'one'],
    ['alice', { type: 'group', name: 'g' }, 'group'],
    ['alice', { type: 'kind', kind: 'merge' }, 'kind'],
    ['alice', { type: 'tag', tag: 'a b' }, 'tag'],
    ['bob', { type: 'jobs' }, 'bobs'],
  ];
  const open = (): TopicIndex<string> => {
    const index = new TopicIndex<string>();
    for (const [owner, topic, follower] of followed) index.add(owner, topic, follower);
    return index;
  };
  const found = (index: TopicIndex<string>, owner: string, subject: Subject): readonly string[] => {
    const followers: string[] = [];
    index.forEach(owner, subject, (follower) => followers.push(follower));
    return followers;
  };

  test('P-15 P-17 finds the followers of a subject, and of nobody else', () => {
    const index = open();
    expect(found(index, 'alice', { jobId: 'j1', kind: 'merge', group: 'g' })).toEqual([
      'all',
      'one',
      'group',
      'kind',
    ]);
    expect(found(index, 'alice', { jobId: 'j2', kind: 'document' })).toEqual(['all']);
    expect(found(index, 'alice', { jobId: '', kind: '', group: 'g' })).toEqual(['all', 'group']);
    expect(found(index, 'alice', { jobId: 'j2', kind: 'document', tags: ['x', 'a b'] })).toEqual([
      'all',
      'tag',
    ]);
    expect(found(index, 'alice', { jobId: 'j2', kind: 'document', tags: ['a', 'b'] })).toEqual(['all']);
    expect(found(index, 'bob', { jobId: 'j1', kind: 'merge', group: 'g', tags: ['a b'] })).toEqual(['bobs']);
    expect(found(index, 'carol', { jobId: 'j1', kind: 'merge' })).toEqual([]);
  });

  test('forgets who has gone, in any order, twice too', () => {
    const index = open();
    for (const [owner, topic, follower] of [...followed, ...followed]) index.remove(owner, topic, follower);
    expect(found(index, 'alice', { jobId: 'j1', kind: 'merge', group: 'g' })).toEqual([]);
    index.add('alice', { type: 'jobs' }, 'again');
    expect(found(index, 'alice', { jobId: 'j1', kind: 'merge' })).toEqual(['again']);
  });
});

describe('turns', () => {
  test('give as many steps as fit into the budget, and the rest one turn later', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    try {
      const scheduler = new StepScheduler(8);
      let steps = 0;
      const step = async (): Promise<void> => {
        await scheduler.next();
        steps += 1;
        vi.advanceTimersByTime(3);
      };
      const all = Promise.all(Array.from({ length: 7 }, step));
      const seen: number[] = [];
      // A few turns more than it may take, so that one that never goes on fails here.
      for (let turn = 0; turn < 6; turn += 1) {
        await new Promise((resolve) => setImmediate(resolve));
        seen.push(steps);
      }
      await all;
      expect([...new Set(seen)]).toEqual([3, 6, 7]);
    } finally {
      vi.useRealTimers();
    }
  });

  test('let nobody take two steps in one turn: one that has to wait would take them all', async () => {
    const scheduler = new StepScheduler(1_000);
    let steps = 0;
    const greedy = (async () => {
      for (let step = 0; step < 5; step += 1) {
        await scheduler.next();
        steps += 1;
      }
    })();
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    expect(steps).toBeLessThanOrEqual(2);
    await greedy;
  });
});

describe('P-11 P-20 where a subscription begins', () => {
  const lives = [
    { life: '0', first: 0 },
    { life: 'k3', first: 90 },
    { life: 'm7', first: 99 },
  ];
  const log = { epoch: 'abcd', lives, last: 100, trimmedTo: 10 };
  test.each([
    [undefined, { type: 'snapshot' }],
    ['', { type: 'snapshot' }],
    ['abcd-1k', { type: 'after', seq: 56 }],
    ['abcd-a', { type: 'after', seq: 10 }],
    ['abcd-9', { type: 'snapshot', reset: 'trimmed' }],
    ['abcd-2h', { type: 'after', seq: 89 }],
    ['abcd-2i.k3', { type: 'after', seq: 90 }],
    ['abcd-2s.m7', { type: 'after', seq: 100 }],
    // P-22: a place that only a copy has reached, at a number that this log has or has not.
    ['abcd-2i', { type: 'snapshot', reset: 'epoch' }],
    ['abcd-2s.k3', { type: 'snapshot', reset: 'epoch' }],
    ['abcd-2s.zz', { type: 'snapshot', reset: 'epoch' }],
    ['abcd-2t.m7', { type: 'snapshot', reset: 'epoch' }],
    ['abcd-9.zz', { type: 'snapshot', reset: 'trimmed' }],
    ['dcba-2s.m7', { type: 'snapshot', reset: 'epoch' }],
    ['dcba-1k', { type: 'snapshot', reset: 'epoch' }],
    ['what?', { type: 'snapshot', reset: 'invalid' }],
  ])('after %j', (after, point) => expect(startPointOf(after, log)).toEqual(point));
});
