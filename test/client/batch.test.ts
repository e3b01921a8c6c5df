import { describe, expect, it } from 'vitest';
import { runBatch } from '../../client/sdk/batch.js';
import { Inkwire } from '../../client/sdk/client.js';
import { InkwireError } from '../../client/sdk/error.js';
import type { JobFact, JobRecord } from '../../client/sdk/records.js';
import type { DocumentRequest, JobRequest } from '../../client/sdk/requests.js';
import type { BatchOptions, BatchProgress, SubmitOptions, SubscribeOptions } from '../../client/sdk/types.js';
import type { JobStatus } from '../../src/protocol/job-record.js';
import { FeedScript } from './feed-script.js';

type JobIn<Status extends JobStatus> = Extract<JobRecord, { readonly status: Status }>;

function record<Status extends JobStatus>(number: number, status: Status, more: Partial<JobRecord> = {}) {
  const job_id = `job_${number}`;
  const progress = status === 'completed' ? 100 : 0;
  const fixed = {
    kind: 'document',
    rev: 1,
    created_at: '',
    attempt: 0,
    priority: 0,
    group: 'b',
    events_url: '',
  };
  return { job_id, status, progress, ...fixed, ...more } as JobIn<Status>;
}

const page = (n: number): DocumentRequest => ({ title: String(n), operations: [] });

type Submit = (
  request: JobRequest,
  options: SubmitOptions & { readonly number: number },
) => JobRecord | Promise<JobRecord>;

/** A server that says what a test makes it say. The title of a document is `n`, and its job `job_<n>`. */
class BatchScript {
  readonly feeds: FeedScript[] = [];
  readonly subscribed: { topics: readonly string[]; options: SubscribeOptions }[] = [];
  readonly submitted: { request: JobRequest; key: string | undefined }[] = [];
  readonly looked: string[] = [];
  readonly waited: string[] = [];
  submit: Submit = (_request, { number }) => record(number, 'pending');
  get: (jobId: string) => JobRecord = (jobId) => record(Number(jobId.slice(4)), 'running');

  get feed(): FeedScript {
    const feed = this.feeds.at(-1);
    if (feed === undefined) throw new Error('nothing was subscribed to');
    return feed;
  }

  run(count: number | readonly DocumentRequest[], options: BatchOptions = {}) {
    const documents = typeof count === 'number' ? Array.from({ length: count }, (_, n) => page(n)) : count;
    return runBatch(
      documents,
      { name: 'b', ...options },
      {
        submit: async (request, submitOptions = {}) => {
          submitOptions.signal?.throwIfAborted();
          this.submitted.push({ request, key: submitOptions.idempotencyKey });
          const number = Number(request.title);
          const job = await this.submit(request, { ...submitOptions, number });
          return { ...job, group: String(request.group), events_cursor: 'c-1' };
        },
        get: async (jobId) => {
          this.looked.push(jobId);
          return this.get(jobId);
        },
        subscribe: (topics, subscribeOptions) => {
          const feed = new FeedScript();
          subscribeOptions.signal?.addEventListener('abort', () =>
            feed.fail(subscribeOptions.signal?.reason),
          );
          this.feeds.push(feed);
          this.subscribed.push({ topics, options: subscribeOptions });
          return feed;
        },
        waitFor: async (jobId) => {
          this.waited.push(jobId);
          return record(Number(jobId.slice(4)), 'completed');
        },
      },
    );
  }

  end(number: number, status: 'completed' | 'failed' | 'cancelled' = 'completed'): void {
    const fact = { id: 'c-2', type: `job.${status}`, at: '', job: record(number, status) };
    this.feed.put(fact as JobFact);
  }

  snapshot(jobs: readonly JobRecord[]): void {
    this.feed.put({ type: 'snapshot', jobs, first: true, more: false, truncated: false });
  }
}

/** Until everything that can happen has happened. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('a batch', () => {
  it('waits as long as the server is full, and gives up a document when nobody answers', async () => {
    const script = new BatchScript();
    const full = new InkwireError('queue-full', 'full', { status: 503, retryable: true });
    const lost = new InkwireError('network-error', 'nobody');
    const answers = [...Array.from({ length: 30 }, () => full), lost, full];
    script.submit = (_request, { number }) => {
      const error = number === 0 ? answers.shift() : lost;
      if (error !== undefined) throw error;
      return record(number, 'completed');
    };
    const result = await script.run(2, { concurrency: 1 });
    expect(result.outcomes).toMatchObject([{ job: { status: 'completed' } }, { error: lost }]);
    expect(script.submitted).toHaveLength(33 + 80);
  });

  it('submits each document under a key of its own, in the group of the batch', async () => {
    const script = new BatchScript();
    script.submit = (_request, { number }) => record(number, 'completed');
    await script.run(2);
    expect(script.submitted.map(({ request }) => request)).toEqual([
      { ...page(0), group: 'b' },
      { ...page(1), group: 'b' },
    ]);
    const [first, second] = script.submitted.map(({ key }) => key);
    expect(first).toMatch(/^b-0-[0-9a-z]+-[0-9a-z]+$/);
    expect(second).toMatch(/^b-1-[0-9a-z]+-[0-9a-z]+$/);
    // The same document again: the same key. Another one: another key.
    await script.run([page(0), page(7)]);
    expect(script.submitted[2]?.key).toBe(first);
    expect(script.submitted[3]?.key).not.toBe(second);
  });

  it('makes up a name where none is given', async () => {
    const names = await Promise.all([madeUpName(), madeUpName()]);
    expect(new Set(names).size).toBe(2);
    for (const name of names) expect(name).toMatch(/^batch-[0-9a-z]{10,28}$/);
  });

  it('of nothing is done at once', async () => {
    const script = new BatchScript();
    expect(await script.run(0)).toEqual({ name: 'b', outcomes: [], completed: 0, failed: 0 });
    expect(script.feeds).toHaveLength(0);
  });

  it('follows all its jobs over one subscription', async () => {
    const script = new BatchScript();
    const running = script.run(3);
    await settled();
    script.snapshot([0, 1, 2].map((number) => record(number, 'pending')));
    script.end(2);
    script.end(0, 'failed');
    script.end(1, 'cancelled');
    const result = await running;
    expect(result).toMatchObject({ name: 'b', completed: 1, failed: 2 });
    expect(result.outcomes.map(({ index, job }) => [index, job?.status])).toEqual([
      [0, 'failed'],
      [1, 'cancelled'],
      [2, 'completed'],
    ]);
    expect(script.subscribed).toMatchObject([{ topics: ['group:b'], options: { progressMs: 0 } }]);
    expect(script.looked).toEqual([]);
    expect(script.feed.closed).toBe(true);
  });

  it('whose jobs have all ended before needs no subscription', async () => {
    const script = new BatchScript();
    script.submit = (_request, { number }) => record(number, number === 1 ? 'failed' : 'completed');
    const result = await script.run(3);
    expect(result).toMatchObject({ completed: 2, failed: 1 });
    expect(result.outcomes[0]?.job).not.toHaveProperty('events_cursor');
    expect(script.feeds).toHaveLength(0);
  });

  it('has no more documents under way than it may, their callbacks included', async () => {
    const script = new BatchScript();
    const saved: (() => void)[] = [];
    const onDocument = () => new Promise<void>((resolve) => void saved.push(resolve));
    const running = script.run(4, { concurrency: 2, onDocument });
    await settled();
    expect(script.submitted).toHaveLength(2);
    script.end(0);
    await settled();
    // Rendered, but not saved yet.
    expect(script.submitted).toHaveLength(2);
    saved[0]?.();
    await settled();
    expect(script.submitted).toHaveLength(3);
    for (const number of [1, 2]) script.end(number);
    await settled();
    for (const done of saved) done();
    await settled();
    script.end(3);
    await settled();
    saved.at(-1)?.();
    expect((await running).completed).toBe(4);
  });

  it('tells of documents in the order in which they end', async () => {
    const script = new BatchScript();
    const order: number[] = [];
    const running = script.run(3, { onDocument: ({ index }) => void order.push(index) });
    await settled();
    for (const number of [2, 0, 1]) script.end(number);
    await running;
    expect(order).toEqual([2, 0, 1]);
  });

  it('keeps on without a document that is refused or cannot be saved', async () => {
    const script = new BatchScript();
    const refused = new InkwireError('validation-failed', 'no');
    script.submit = (_request, { number }) => {
      if (number === 0) throw refused;
      return record(number, 'completed');
    };
    const full = new Error('disk full');
    const result = await script.run(3, {
      onDocument: ({ index }) => {
        if (index === 1) throw full;
      },
    });
    expect(result).toMatchObject({ completed: 2, failed: 1 });
    expect(result.outcomes[0]).toMatchObject({ index: 0, error: refused });
    expect(result.outcomes[0]).not.toHaveProperty('job');
    expect(result.outcomes[1]).toMatchObject({ job: { status: 'completed' }, error: full });
  });

  it('waits by itself for a document in a group of its own', async () => {
    const script = new BatchScript();
    const result = await script.run([{ ...page(0), group: 'mine' }]);
    expect(result.completed).toBe(1);
    expect(script.waited).toEqual(['job_0']);
    expect(script.feeds).toHaveLength(0);
  });

  it('tells how far it is, with the shares of running documents', async () => {
    const script = new BatchScript();
    const seen: BatchProgress[] = [];
    const running = script.run(2, { onProgress: (progress) => seen.push(progress) });
    await settled();
    expect(script.subscribed[0]?.options.progressMs).toBe(250);
    expect(seen.at(-1)).toEqual({ total: 2, submitted: 2, completed: 0, failed: 0, progress: 0 });
    script.feed.put({ type: 'job.progress', at: '', job: record(0, 'running', { progress: 60 }) });
    await settled();
    expect(seen.at(-1)?.progress).toBe(30);
    script.end(0);
    script.feed.put({ type: 'job.progress', at: '', job: record(1, 'running', { progress: 20 }) });
    await settled();
    expect(seen.at(-1)?.progress).toBe(60);
    script.feed.put({ type: 'job.progress', at: '', job: record(1, 'running', { progress: 99.9 }) });
    await settled();
    // 100 is said when nothing is left.
    expect(seen.at(-1)).toEqual({ total: 2, submitted: 2, completed: 1, failed: 0, progress: 99 });
    script.end(1, 'failed');
    await running;
    expect(seen.at(-1)).toEqual({ total: 2, submitted: 2, completed: 1, failed: 1, progress: 100 });
  });
});

describe('what the stream says early or not at all', () => {
  it('a job that ended while its submit was answered is looked up', async () => {
    const script = new BatchScript();
    let answer: () => void = () => undefined;
    script.submit = async (_request, { number }) => {
      if (number === 1) await new Promise<void>((resolve) => (answer = resolve));
      return record(number, 'pending');
    };
    script.get = (jobId) => record(Number(jobId.slice(4)), 'completed');
    const running = script.run(2);
    await settled();
    script.end(1);
    await settled();
    answer();
    await settled();
    expect(script.looked).toEqual(['job_1']);
    script.end(0);
    expect((await running).completed).toBe(2);
  });

  it('a job that had ended is found in the snapshot', async () => {
    const script = new BatchScript();
    const running = script.run(1);
    await settled();
    script.snapshot([record(7, 'completed'), record(0, 'completed')]);
    expect((await running).completed).toBe(1);
    expect(script.looked).toEqual([]);
  });

  it('a job that is missing in a snapshot is looked up: it is newer, gone or beyond its bound', async () => {
    const script = new BatchScript();
    script.get = (jobId) => {
      if (jobId === 'job_0') throw new InkwireError('not-found', 'gone', { status: 404 });
      return record(1, 'completed');
    };
    const running = script.run(3);
    await settled();
    script.snapshot([record(2, 'running')]);
    await settled();
    expect(script.looked).toEqual(['job_0', 'job_1']);
    script.end(2);
    const { outcomes, completed } = await running;
    expect(completed).toBe(2);
    expect(outcomes[0]).toMatchObject({ error: { slug: 'not-found' } });
  });

  it('a look that comes too early settles nothing', async () => {
    const script = new BatchScript();
    const running = script.run(1);
    await settled();
    script.snapshot([]);
    await settled();
    expect(script.looked).toEqual(['job_0']);
    script.end(0, 'failed');
    expect((await running).failed).toBe(1);
  });
});

describe('the end of a batch before its time', () => {
  it('an abort rejects with the reason, submits nothing more and leaves the stream', async () => {
    const script = new BatchScript();
    const stop = new AbortController();
    const running = script.run(10, { concurrency: 2, signal: stop.signal });
    await settled();
    script.end(0);
    await settled();
    stop.abort('enough');
    await expect(running).rejects.toBe('enough');
    await settled();
    expect(script.submitted).toHaveLength(3);
    expect(script.feed.closed).toBe(true);
  });

  it('an abort before the first job was accepted rejects with the reason', async () => {
    const script = new BatchScript();
    const stop = new AbortController();
    script.submit = async () => {
      stop.abort('enough');
      throw new InkwireError('network-error', 'gone');
    };
    await expect(script.run(3, { concurrency: 1, signal: stop.signal })).rejects.toBe('enough');
    expect(script.submitted).toHaveLength(1);
  });

  it('a stream that cannot go on rejects with its error, and nothing more is submitted', async () => {
    const script = new BatchScript();
    const running = script.run(10, { concurrency: 2 });
    await settled();
    const error = new InkwireError('unauthorized', 'no');
    script.feed.fail(error);
    await expect(running).rejects.toBe(error);
    await settled();
    expect(script.submitted).toHaveLength(2);
  });

  it('a client that is closed rejects', async () => {
    const script = new BatchScript();
    const running = script.run(1);
    await settled();
    script.feed.close();
    await expect(running).rejects.toMatchObject({ slug: 'closed' });
  });
});

async function madeUpName(): Promise<string> {
  const submit = async () => ({ ...record(0, 'completed'), events_cursor: '' });
  return (await runBatch([page(0)], {}, { submit, get: fail, subscribe: fail, waitFor: fail })).name;
}

function fail(): never {
  throw new Error('not reached');
}

describe('a batch whose outcomes are given as they end', () => {
  /** Each job has ended as soon as it is submitted. */
  function client(): Inkwire {
    const inkwire = new Inkwire({ url: 'http://server' });
    return Object.assign(inkwire, {
      submit: async ({ title }: DocumentRequest) => record(Number(title), 'pending'),
      waitFor: async (id: string) => record(Number(id.slice('job_'.length)), 'completed'),
    });
  }

  it('gives what has ended while its source has nothing more yet', async () => {
    const given: number[] = [];
    let goOn = () => {};
    const requests = async function* () {
      yield page(0);
      yield page(1);
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      yield page(2);
    };
    for await (const { index } of client().batch(requests())) {
      given.push(index);
      if (given.length === 2) goOn();
    }
    expect(given).toEqual([0, 1, 2]);
  });

  it('ends its source when the loop is left', async () => {
    let ended = false;
    const requests = function* () {
      try {
        for (let n = 0; ; n += 1) yield page(n);
      } finally {
        ended = true;
      }
    };
    for await (const { index } of client().batch(requests(), { concurrency: 2 })) if (index === 3) break;
    expect(ended).toBe(true);
  });

  it('rejects with what its source fails with', async () => {
    const failing = async function* () {
      yield page(0);
      throw new Error('no more rows');
    };
    const outcomes: number[] = [];
    const reading = (async () => {
      for await (const { index } of client().batch(failing(), { concurrency: 1 })) outcomes.push(index);
    })();
    await expect(reading).rejects.toThrow('no more rows');
    expect(outcomes).toEqual([0]);
  });
});
