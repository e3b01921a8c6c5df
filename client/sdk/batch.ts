import { endsJob } from '../../src/protocol/fact.js';
import { isTerminal, type JobRecord } from '../../src/protocol/job-record.js';
import { shortDigest } from './digest.js';
import { InkwireError } from './error.js';
import type { Subscribe } from './group-watch.js';
import { type Jobs, randomName } from './jobs.js';
import type { EndedJob, StreamItem, SubmittedJob } from './records.js';
import type { JobRequest } from './requests.js';
import type {
  BatchOptions,
  BatchOutcome,
  BatchResult,
  CallOptions,
  SubmitOptions,
  WaitOptions,
} from './types.js';

/** What a batch takes from the client, as `Inkwire` has it. */
export interface BatchClient extends Pick<Jobs, 'get'> {
  submit(request: JobRequest, options?: SubmitOptions): Promise<SubmittedJob>;
  subscribe(...call: Parameters<Subscribe>): ReturnType<Subscribe>;
  waitFor(jobId: string, options: WaitOptions): Promise<JobRecord>;
}

const progressMs = 250;
/** Of the tries that a call makes by itself, some 4 s each: a server that is restarted or updated is waited for. */
const maxRounds = 80;
/** What says that a job is over, and how far it is. */
const types = ['job.completed', 'job.failed', 'job.cancelled', 'job.deleted', 'job.progress'] as const;

/**
 * Submits documents, a bounded number at a time, and follows all of them over one subscription. Resolves when each
 * has ended, or was refused for good; rejects with the signal's reason, or when the stream cannot go on. What was
 * accepted goes on by itself.
 */
export async function runBatch(
  documents: readonly JobRequest[],
  options: BatchOptions,
  client: BatchClient,
): Promise<BatchResult> {
  const { name = `batch-${randomName()}`, concurrency = 16, onProgress, onDocument, signal } = options;
  const call: CallOptions = { signal };
  const total = documents.length;
  const outcomes: BatchOutcome[] = [];
  const count = { submitted: 0, completed: 0, failed: 0 };
  const shares = new Map<number, number>();
  const ends = groupEnds(name, client, call, onProgress === undefined ? 0 : progressMs);
  const queue = documents.entries();

  const lane = async () => {
    for (const [index, document] of queue) outcomes[index] = await run(index, document);
  };
  try {
    await Promise.all(Array.from({ length: Math.min(Math.max(concurrency, 1), total) }, lane));
  } finally {
    ends.close();
  }
  return { name, outcomes, completed: count.completed, failed: count.failed };

  async function run(index: number, document: JobRequest): Promise<BatchOutcome> {
    const idempotencyKey = `${name}-${index}-${shortDigest(JSON.stringify(document))}`;
    let outcome: BatchOutcome = { index, idempotencyKey };
    try {
      outcome = {
        ...outcome,
        job: (await make(index, { ...document, group: document.group ?? name }, idempotencyKey)) as EndedJob,
      };
    } catch (error) {
      signal?.throwIfAborted();
      // Without the stream, the ends of the other documents would not arrive either.
      ends.check();
      outcome = { ...outcome, error };
    }
    shares.delete(index);
    count[outcome.job?.status === 'completed' ? 'completed' : 'failed'] += 1;
    report();
    try {
      await onDocument?.(outcome);
    } catch (error) {
      outcome = { ...outcome, error };
    }
    return outcome;
  }

  async function make(index: number, document: JobRequest, idempotencyKey: string): Promise<JobRecord> {
    ends.check();
    const before = ends.strangers();
    const job = await submit(document, idempotencyKey);
    count.submitted += 1;
    report();
    if (isTerminal(job.status)) return recordOf(job);
    if (job.group !== name) return client.waitFor(job.job_id, call);
    return ends.of(job.job_id, before, (progress) => {
      shares.set(index, progress);
      report();
    });
  }

  /**
   * Waits for as long as the server says that it is full; one that is not there is given up after some five minutes.
   */
  async function submit(document: JobRequest, idempotencyKey: string): Promise<SubmittedJob> {
    for (let lost = 0; ; ) {
      try {
        return await client.submit(document, { ...call, idempotencyKey });
      } catch (error) {
        const { status, retryable } = error instanceof InkwireError ? error : { status: 0, retryable: false };
        const isFull = status === 429 || status === 503;
        if (!isFull) lost += 1;
        if (!retryable || lost === maxRounds) throw error;
      }
    }
  }

  function report(): void {
    const ended = count.completed + count.failed;
    const running = [...shares.values()].reduce((sum, share) => sum + share, 0);
    const share = Math.floor((ended * 100 + running) / total);
    onProgress?.({ total, ...count, progress: ended === total ? 100 : Math.min(share, 99) });
  }
}

interface Waiter {
  readonly progress: (progress: number) => void;
  readonly resolve: (job: JobRecord) => void;
  readonly reject: (error: unknown) => void;
}

/** The ends of a group's jobs, from one subscription, which begins with the first job that is waited for. */
function groupEnds(
  name: string,
  client: Pick<BatchClient, 'get' | 'subscribe'>,
  call: CallOptions,
  paceMs: number,
) {
  const waiters = new Map<string, Waiter>();
  let feed: ReturnType<Subscribe> | undefined;
  let begun = false;
  let failure: { readonly error: unknown } | undefined;
  let strangers = 0;
  let told = new Set<string>();

  return {
    /** Throws when the stream has ended. */
    check() {
      if (failure !== undefined) throw failure.error;
    },
    /** The number of ends of jobs that had no waiter. */
    strangers: () => strangers,
    /**
     * The job at its end.
     * @param before `strangers` before its submit: where there were more since, it may have been one of them, and
     *   what would be waited for has happened
     */
    of(jobId: string, before: number, progress: Waiter['progress']): Promise<JobRecord> {
      return new Promise((resolve, reject) => {
        waiters.set(jobId, { progress, resolve, reject });
        if (!begun) follow().catch(fail);
        if (failure !== undefined) fail(failure.error);
        else if (strangers !== before) look(jobId);
      });
    },
    close: () => feed?.close(),
  };

  async function follow(): Promise<void> {
    begun = true;
    feed = client.subscribe([`group:${name}`], { ...call, types, progressMs: paceMs });
    for await (const item of feed) take(item);
    call.signal?.throwIfAborted();
    throw new InkwireError('closed', 'The stream was closed.');
  }

  function take(item: StreamItem): void {
    if (item.type === 'snapshot') {
      if (item.first) told = new Set();
      for (const job of item.jobs) {
        told.add(job.job_id);
        update(job, isTerminal(job.status));
      }
      // Newer than the snapshot, or gone, or beyond its bound.
      if (!item.more) for (const jobId of waiters.keys()) if (!told.has(jobId)) look(jobId);
    } else if (item.type === 'job.progress') update(item.job, false);
    else if ('job' in item && item.job !== undefined) update(item.job, endsJob(item.type));
  }

  function update(job: JobRecord, ended: boolean): void {
    const waiter = waiters.get(job.job_id);
    if (ended) {
      if (waiter === undefined) strangers += 1;
      waiters.delete(job.job_id);
      waiter?.resolve(job);
    } else waiter?.progress(job.progress ?? 0);
  }

  /** Asks the server for a job whose end the stream may have brought already. */
  function look(jobId: string): void {
    client.get(jobId, call).then(
      (job) => update(job, isTerminal(job.status)),
      (error: unknown) => {
        waiters.get(jobId)?.reject(error);
        waiters.delete(jobId);
      },
    );
  }

  function fail(error: unknown): void {
    failure = { error };
    for (const waiter of waiters.values()) waiter.reject(error);
    waiters.clear();
  }
}

function recordOf({ events_cursor: _, ...record }: SubmittedJob): JobRecord {
  return record;
}
