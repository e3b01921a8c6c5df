import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorOf } from '../../client/sdk/error.js';
import { canUnite, MergedSubscription } from '../../client/sdk/stream/merged-subscription.js';
import { sseReader } from '../../client/sdk/stream/sse-reader.js';
import { type Ask, type Sink, Subscription } from '../../client/sdk/stream/subscription.js';
import { closeCodes, mayComeBack } from '../../src/protocol/close-codes.js';
import { formatCursor, isLater } from '../../src/protocol/cursor.js';
import type { StreamEvent } from '../../src/protocol/event.js';
import type { JobRecord } from '../../src/protocol/job-record.js';
import { problemTypes } from '../../src/protocol/problem.js';
import { sseText } from '../../src/protocol/sse.js';
import { formatTopic, matchesTopic, parseTopic, topicsOf } from '../../src/protocol/topic.js';

const at = '2026-11-22T00:00:00.000Z';
const cursor = (seq: number, epoch = 'aaaa') => formatCursor({ epoch, life: 'l1', seq });

function record(n: number, members: Partial<JobRecord> = {}): JobRecord {
  const job_id = `job_${n.toString(16).padStart(24, '0')}`;
  return {
    job_id,
    status: 'running',
    kind: 'document',
    rev: 2,
    created_at: at,
    attempt: 1,
    priority: 0,
    events_url: '',
    ...members,
  };
}

const fact = (seq: number, job: JobRecord, type: StreamEvent['type'] = 'job.started'): StreamEvent => ({
  id: cursor(seq),
  type,
  at,
  job,
});

function subscription(ask: Partial<Ask> = {}) {
  const told: string[] = [];
  const sink: Sink = {
    reset: (reason) => told.push(`reset ${reason}`),
    snapshot: ({ jobs, first, more }) =>
      told.push(`snapshot ${jobs.length}${first ? ' first' : ''}${more ? ' more' : ''}`),
    fact: ({ id, type }) => told.push(`${type} ${id}`),
    progress: ({ job }) => told.push(`progress ${job.progress}`),
    reached: (reached) => told.push(`reached ${reached}`),
    fail: (error) => told.push(`fail ${String(error)}`),
  };
  const firstSignal = { topics: ['jobs'], snapshot: true, progress_ms: 100, ...ask };
  return { one: new Subscription(firstSignal, sink), told };
}

describe('a subscription of the client', () => {
  it('P-61 takes the cursor of a snapshot only once it is whole', () => {
    const { one, told } = subscription();
    one.begin(cursor(5));
    one.snapshot({ jobs: [record(1)], more: true });
    expect(one.ask()).toEqual({ topics: ['jobs'], snapshot: true, progress_ms: 100 });
    one.snapshot({ jobs: [record(2)], more: false });
    expect(one.ask().after).toBe(cursor(5));
    expect(told).toEqual(['snapshot 1 first more', 'snapshot 1']);
  });

  it('P-4 P-61 never goes back while two links bring the same, each in its own time', () => {
    const jobs = 3;
    const step = fc.record({
      job: fc.nat(jobs - 1),
      isFact: fc.boolean(),
      more: fc.integer({ min: 1, max: 40 }),
    });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 30 }),
        fc.array(fc.boolean(), { maxLength: 80 }),
        fc.nat(30),
        (steps, turns, opened) => {
          // What the server says, in order.
          const places = Array.from({ length: jobs }, () => ({ rev: 1, progress: 0 }));
          const said = steps.map(({ job, isFact, more }, n) => {
            const { rev, progress } = places[job] ?? { rev: 0, progress: 0 };
            const next = isFact
              ? { rev: rev + 1, progress: 0 }
              : { rev, progress: Math.min(100, progress + more) };
            places[job] = next;
            return { isFact, seq: n + 10, record: record(job, next) };
          });
          const facts: number[] = [];
          const known = new Map<string, JobRecord>();
          const take = (job: JobRecord) => {
            const before = known.get(job.job_id);
            if (before !== undefined) {
              expect(job.rev * 1_000 + (job.progress ?? 0)).toBeGreaterThanOrEqual(
                before.rev * 1_000 + (before.progress ?? 0),
              );
            }
            known.set(job.job_id, job);
          };
          const one = new Subscription(
            { topics: ['jobs'], snapshot: false, progress_ms: 1, after: cursor(1) },
            {
              reset: () => undefined,
              snapshot: () => undefined,
              fail: () => undefined,
              fact({ id, job }) {
                facts.push(Number.parseInt(id.split('-')[1] ?? '', 36));
                if (job !== undefined) take(job);
              },
              progress: ({ job }) => take(job),
            },
          );
          const bring = ({ isFact, seq, record: job }: (typeof said)[number]) => {
            if (isFact) one.fact(fact(seq, job));
            else one.progress({ type: 'job.progress', at, job });
          };
          const links = [said.slice(), said.slice(Math.min(opened, said.length))];
          // The second one is asked for what lies after the cursor of its time, so not before the first got there.
          for (const item of links[0]?.splice(0, opened) ?? []) bring(item);
          for (const isSecond of turns) {
            const item = links[isSecond ? 1 : 0]?.shift();
            if (item !== undefined) bring(item);
          }
          for (const item of links[1] ?? []) bring(item);
          expect(facts).toEqual(said.filter(({ isFact }) => isFact).map(({ seq }) => seq));
        },
      ),
    );
  });

  it('takes what a reset brings, also where it is less', () => {
    const { one, told } = subscription({ after: cursor(1) });
    one.fact(fact(2, record(1, { rev: 5 })));
    one.reset('epoch', cursor(1, 'bbbb'));
    one.snapshot({ jobs: [record(1, { rev: 2, progress: 0 })], more: false });
    one.progress({ type: 'job.progress', at, job: record(1, { rev: 2, progress: 40 }) });
    one.progress({ type: 'job.progress', at, job: record(1, { rev: 1, progress: 90 }) });
    expect(told).toEqual([`job.started ${cursor(2)}`, 'reset epoch', 'snapshot 1 first', 'progress 40']);
  });

  it('begins a snapshot anew that broke off', () => {
    const { one, told } = subscription();
    one.begin(cursor(5));
    one.snapshot({ jobs: [record(1)], more: true });
    one.begin(cursor(9));
    one.snapshot({ jobs: [record(1)], more: false });
    expect(told).toEqual(['snapshot 1 first more', 'snapshot 1 first']);
    expect(one.cursor).toBe(cursor(9));
  });

  it('P-18 needs no snapshot where none is wanted, and goes on from where it began', () => {
    const { one, told } = subscription({ snapshot: false });
    one.begin(cursor(5));
    expect(one.ask().after).toBe(cursor(5));
    expect(told).toEqual([`reached ${cursor(5)}`]);
  });

  it('P-20 drops its cursor at a reset, and then needs a snapshot whatever was wanted', () => {
    const { one, told } = subscription({ snapshot: false, after: cursor(3) });
    one.reset('trimmed', cursor(50));
    expect(one.ask()).toEqual({ topics: ['jobs'], snapshot: true, progress_ms: 100 });
    one.reached(cursor(51));
    expect(one.cursor).toBeUndefined();
    one.snapshot({ jobs: [], more: false });
    expect(one.cursor).toBe(cursor(50));
    expect(told).toEqual(['reset trimmed', 'snapshot 0 first']);
  });

  it('P-1 lets each fact through once and in order, however often and in whatever overlap it comes', () => {
    const runs = fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 30 })));
    fc.assert(
      fc.property(runs, (overlaps) => {
        const { one, told } = subscription({ after: cursor(0) });
        let reached = 0;
        for (const [from, length] of overlaps) {
          // A link begins at or before the place that was reached.
          const begin = Math.min(from, reached) + 1;
          for (let seq = begin; seq < begin + length; seq += 1) one.fact(fact(seq, record(seq)));
          reached = Math.max(reached, begin + length - 1);
        }
        const expected = Array.from({ length: reached }, (_, n) => `job.started ${cursor(n + 1)}`);
        expect(told).toEqual(expected);
      }),
    );
  });

  it('passes over what belongs to other topics and types, but keeps its place', () => {
    const { one, told } = subscription({
      topics: ['kind:merge', 'group:g'],
      types: ['job.completed'],
      after: cursor(0),
    });
    one.fact(fact(1, record(1), 'job.completed'));
    one.fact(fact(2, record(2, { kind: 'merge' })));
    one.fact(fact(3, record(3, { kind: 'merge' }), 'job.completed'));
    one.fact(fact(4, record(4, { group: 'g' }), 'job.completed'));
    one.fact(fact(5, record(5, { group: 'h' }), 'job.completed'));
    expect(told).toEqual([`job.completed ${cursor(3)}`, `job.completed ${cursor(4)}`]);
    expect(one.cursor).toBe(cursor(5));
  });

  it('gives no progress where none is wanted', () => {
    const { one, told } = subscription({ progress_ms: 0 });
    one.progress({ type: 'job.progress', at, job: record(1, { progress: 5 }) });
    expect(told).toEqual([]);
  });
});

describe('a union of subscriptions', () => {
  it('asks for all topics once, from the earliest cursor, at the shortest pace', () => {
    const [a, b, c] = [
      subscription({ topics: ['group:a', 'kind:k'], after: cursor(7), progress_ms: 500 }),
      subscription({ topics: ['group:b', 'kind:k'], after: cursor(4), progress_ms: 0 }),
      subscription({ topics: ['group:c'], after: cursor(9), progress_ms: 200 }),
    ];
    const union = new MergedSubscription([a.one, b.one, c.one], () => undefined);
    expect(union.ask()).toEqual({
      topics: ['group:a', 'kind:k', 'group:b', 'group:c'],
      after: cursor(4),
      snapshot: false,
      progress_ms: 200,
    });
  });

  it('narrows the types only when all do', () => {
    const narrow = subscription({ types: ['job.failed'], after: cursor(1) });
    const other = subscription({ types: ['job.completed'], after: cursor(1) });
    const wide = subscription({ after: cursor(1) });
    expect(new MergedSubscription([narrow.one, other.one], () => undefined).ask().types).toEqual([
      'job.failed',
      'job.completed',
    ]);
    expect(new MergedSubscription([narrow.one, wide.one], () => undefined).ask().types).toBeUndefined();
  });

  it('P-50 asks for everything when there are more topics than a subscription may name', () => {
    const many = Array.from(
      { length: 101 },
      (_, n) => subscription({ topics: [`group:g${n}`], after: cursor(1) }).one,
    );
    expect(new MergedSubscription(many, () => undefined).ask().topics).toEqual(['jobs']);
  });

  it('gives each what it has not had', () => {
    const [behind, ahead] = [subscription({ after: cursor(1) }), subscription({ after: cursor(2) })];
    const union = new MergedSubscription([behind.one, ahead.one], () => undefined);
    for (const seq of [2, 3]) union.fact(fact(seq, record(seq)));
    expect(behind.told).toEqual([`job.started ${cursor(2)}`, `job.started ${cursor(3)}`]);
    expect(ahead.told).toEqual([`job.started ${cursor(3)}`]);
  });

  it('P-20 resets all of them, and brings nothing more', () => {
    let resets = 0;
    const [a, b] = [subscription({ after: cursor(1) }), subscription({ after: cursor(2) })];
    const union = new MergedSubscription([a.one, b.one], () => {
      resets += 1;
    });
    union.reset('epoch', cursor(9, 'bbbb'));
    union.fact(fact(10, record(1)));
    expect([a.told, b.told, resets]).toEqual([['reset epoch'], ['reset epoch'], 1]);
  });

  it('joins only cursors of one epoch', () => {
    const of = (after?: string) => subscription(after === undefined ? {} : { after }).one;
    expect(canUnite([of(cursor(1)), of(cursor(5))])).toBe(true);
    expect(canUnite([of(cursor(1)), of(cursor(5, 'bbbb'))])).toBe(false);
    expect(canUnite([of(cursor(1)), of()])).toBe(false);
  });
});

describe('an event stream', () => {
  const lines = fc.array(fc.stringMatching(/^[ -~]{0,12}$/), { minLength: 1, maxLength: 3 });

  it('P-31 is read the same however its text is cut', () => {
    const events = fc.array(
      fc.record({
        event: fc.stringMatching(/^[a-z.]{1,9}$/),
        data: lines,
        id: fc.option(fc.stringMatching(/^[a-z0-9-]{1,9}$/)),
      }),
    );
    fc.assert(
      fc.property(events, fc.array(fc.nat({ max: 400 })), (sent, cuts) => {
        const text = sent
          .map(({ event, data, id }) =>
            sseText({ event, data: data.join('\n'), ...(id === null ? {} : { id }) }),
          )
          .join(': comment\n\n');
        const heard: unknown[] = [];
        const read = sseReader({ message: (message) => heard.push(message), retry: () => undefined });
        const places = [0, ...cuts.map((cut) => cut % (text.length + 1)).sort((a, b) => a - b), text.length];
        for (let n = 1; n < places.length; n += 1) read(text.slice(places[n - 1], places[n]));
        expect(heard).toEqual(
          sent.map(({ event, data, id }) => ({
            event,
            data: data.join('\n'),
            ...(id === null ? {} : { id }),
          })),
        );
      }),
    );
  });

  it('may have any line end, also one that is cut in the middle', () => {
    const heard: string[] = [];
    const read = sseReader({
      message: ({ data }) => heard.push(data),
      retry: (ms) => heard.push(`retry ${ms}`),
    });
    for (const text of ['data: a\r', '\ndata: b\r\n\r', '\nretry: 70\rdata:c\r\rdata', ': d\n\n']) read(text);
    expect(heard).toEqual(['a\nb', 'retry 70', 'c', 'd']);
  });
});

describe('what the client knows of the protocol', () => {
  it('P-55 comes back after the close codes that say so', () => {
    for (const { code, comeBack } of Object.values(closeCodes)) {
      // Nothing is left to say; another key may be at hand.
      if (code === 1000 || code === 4401) continue;
      expect([code, mayComeBack(code)]).toEqual([code, comeBack]);
    }
  });

  it('P-57 tells as the catalogue does whether a retry can help', () => {
    for (const [slug, { status, retry }] of Object.entries(problemTypes)) {
      const error = errorOf(status, { type: `https://x.example/problems/${slug}`, detail: 'd' }, null);
      expect([error.slug, error.status, error.retryable]).toEqual([slug, status, retry]);
    }
  });

  it('P-11 orders cursors of one epoch, and no others', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (a, b) => {
        expect(isLater(cursor(a), cursor(b))).toBe(a > b);
        expect(isLater(cursor(a), cursor(b, 'bbbb'))).toBeUndefined();
      }),
    );
    expect(isLater('nonsense', cursor(1))).toBeUndefined();
  });

  it('P-15 finds the topics that the server finds', () => {
    const topics = [
      'jobs',
      `job:${record(1).job_id}`,
      `job:${record(2).job_id}`,
      'group:a',
      'group:b',
      'kind:k',
      'kind:l',
    ];
    const subjects = [
      { jobId: record(1).job_id, kind: 'k' },
      { jobId: record(2).job_id, kind: 'l', group: 'a' },
      { jobId: '', kind: '', group: 'b' },
    ];
    for (const subject of subjects) {
      const matching = topics.filter((text) => {
        const topic = parseTopic(text);
        return topic !== undefined && matchesTopic(topic, subject) && formatTopic(topic) === text;
      });
      expect(topics.filter((text) => topicsOf(subject).includes(text))).toEqual(matching);
    }
  });
});
