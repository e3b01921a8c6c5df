import { describe, expect, test } from 'vitest';
import type { Fact } from '../../src/engine/engine.js';
import { Activity } from '../../src/work/activity.js';

const start = 1_700_000_000_000;
const minute = 60_000;

function opened() {
  let now = start;
  let tell: (fact: Fact) => void = () => undefined;
  const follower = {
    onFact(listener: (fact: Fact) => void) {
      tell = listener;
      return () => undefined;
    },
  };
  const activity = new Activity(follower, () => now);
  let seq = 0;
  const end = (status: 'completed' | 'failed' | 'cancelled', owner = 'ann', more: object = {}): void => {
    seq += 1;
    const record = JSON.stringify({ job_id: `job_${seq}`, kind: 'document', status, ...more });
    tell({
      seq,
      at: now,
      type: `job.${status}`,
      owner,
      jobId: `job_${seq}`,
      kind: 'document',
      rev: 3,
      record,
    });
  };
  return { activity, end, wait: (ms: number) => (now += ms), tell: (fact: Fact) => tell(fact) };
}

describe('what ended in the last hour', () => {
  test('is counted by owner and in all, with the pages of what was completed', () => {
    const { activity, end } = opened();
    end('completed', 'ann', { pages: 3 });
    end('completed', 'bob', { pages: 4 });
    end('completed', 'bob');
    end('cancelled', 'bob');
    expect(activity.hour('ann').total).toEqual({ completed: 1, failed: 0, cancelled: 0, pages: 3 });
    expect(activity.hour('bob').total).toEqual({ completed: 2, failed: 0, cancelled: 1, pages: 4 });
    expect(activity.hour().total).toEqual({ completed: 3, failed: 0, cancelled: 1, pages: 7 });
    expect(activity.hour('carol').total.completed).toBe(0);
  });

  test('is forgotten after the hour, and of the minute after the minute', () => {
    const { activity, end, wait } = opened();
    end('completed');
    wait(50_000);
    expect(activity.hour('ann').minute.completed).toBe(1);
    wait(10_000);
    expect(activity.hour('ann').minute.completed).toBe(0);
    wait(59 * minute - 10_000);
    expect(activity.hour('ann').total.completed).toBe(1);
    wait(10_000);
    expect(activity.hour('ann').total.completed).toBe(0);
    end('completed');
    expect(activity.hour('ann').total.completed).toBe(1);
  });

  test('lies in twelve spans, the oldest first', () => {
    const { activity, end, wait } = opened();
    end('completed', 'ann', { pages: 2 });
    wait(30 * minute);
    end('failed', 'ann', { error_code: 'timed_out' });
    const { spans } = activity.hour('ann');
    expect(spans).toHaveLength(12);
    expect(spans.map(({ completed, failed }) => completed * 10 + failed)).toEqual([
      ...[0, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0, 1],
    ]);
    expect(spans.map(({ at }, index) => at - (spans[0]?.at ?? 0) - index * 5 * minute)).toEqual(
      spans.map(() => 0),
    );
  });

  test('says why jobs failed, most first, and which, the newest first', () => {
    const { activity, end, wait } = opened();
    end('failed', 'ann', { error_code: 'crashed', title: 'Invoice 1', error: 'It crashed' });
    wait(1);
    for (let n = 0; n < 2; n += 1) end('failed', 'bob', { error_code: 'timed_out' });
    expect(activity.hour().causes).toEqual([
      { error_code: 'timed_out', failed: 2 },
      { error_code: 'crashed', failed: 1 },
    ]);
    expect(activity.failures(2).map(({ owner }) => owner)).toEqual(['bob', 'bob']);
    expect(activity.failures(10, 'ann')).toEqual([
      {
        ...{ owner: 'ann', job_id: 'job_1', kind: 'document', title: 'Invoice 1' },
        ...{ error_code: 'crashed', error: 'It crashed', at: new Date(start).toISOString() },
      },
    ]);
    wait(60 * minute);
    expect(activity.failures(10)).toEqual([]);
  });

  test('takes no more room than for 1,000 owners and 200 failed jobs', () => {
    const { activity, end } = opened();
    end('completed', 'first');
    for (let n = 0; n < 999; n += 1) end('failed', `owner-${n}`, { error_code: `cause-${n}` });
    expect(activity.hour('first').total.completed).toBe(1);
    end('completed', 'one-more');
    expect(activity.hour('first').total.completed).toBe(0);
    expect(activity.failures(1_000)).toHaveLength(200);
  });
});
