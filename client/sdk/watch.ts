import type { StreamEvent } from '../../src/protocol/event.js';
import { endsJob } from '../../src/protocol/fact.js';
import { maxTimerMs } from './backoff.js';
import { closed, InkwireError } from './error.js';
import { type Feed, FeedPipe } from './feed.js';
import type {
  EndedJob,
  GroupFact,
  JobFact,
  JobRecord,
  ProgressEvent,
  SnapshotItem,
  StreamItem,
  WatchItem,
} from './records.js';
import type { Session } from './stream/session.js';
import { type Ask, type Sink, Subscription } from './stream/subscription.js';
import type { SubscribeOptions, WaitOptions, WatchOptions } from './types.js';

/** A record of a feed. What the server says is taken at its word: types are put on it here. */
type FollowedJob = JobFact['job'];

/** Follows topics. The feed fails with `validation-failed` for what is no topic, type or pace. */
export function subscribe(
  line: Session,
  topics: readonly string[],
  { signal, ...options }: SubscribeOptions = {},
): Feed<StreamItem> {
  const follow = follower<StreamItem>(line, topics, options, signal);
  const { feed } = follow;
  return follow({
    reset: (reason) => feed.put({ type: 'reset', reason }, undefined),
    snapshot: (item, cursor) => feed.put(item as SnapshotItem, item.more ? undefined : cursor),
    fact(event) {
      if (isJobFact(event) || isGroupFact(event)) feed.put(event, event.id);
    },
    progress: (event) => feed.put(event as ProgressEvent, undefined, event.job.job_id),
    fail: (error) => feed.fail(error),
  });
}

/** Follows one job to its end. */
export function watch(
  line: Session,
  jobId: string,
  { signal, ...options }: WatchOptions = {},
): FeedPipe<WatchItem> {
  const follow = follower<WatchItem>(line, [`job:${jobId}`], options, signal);
  const { feed } = follow;
  let known: FollowedJob | undefined;
  return follow({
    reset(reason) {
      known = undefined;
      feed.put({ type: 'reset', reason }, undefined);
    },
    snapshot({ jobs, more }, cursor) {
      const [job] = jobs as readonly JobRecord[];
      if (job === undefined) {
        if (!more) feed.fail(new InkwireError('not-found', `There is no job ${jobId}.`, { status: 404 }));
        return;
      }
      known = job;
      feed.put({ type: 'snapshot', job }, cursor);
      if (job.status !== 'pending' && job.status !== 'running') {
        const at = job.completed_at ?? job.created_at;
        feed.put({ type: `job.${job.status}`, at, job } as WatchItem, cursor);
        feed.end();
      }
    },
    fact(event) {
      // The snapshot may hold it already (P-18).
      if (!isJobFact(event) || (known !== undefined && event.job.rev <= known.rev)) return;
      known = event.job;
      feed.put(event, event.id);
      if (endsJob(event.type)) feed.end();
    },
    progress: (event) => feed.put(event as ProgressEvent, undefined, jobId),
    fail: (error) => feed.fail(error),
  });
}

/** The record of a job at its end. It begins with the record as it is: a cursor might lie past the end. */
export async function waitFor(
  line: Session,
  jobId: string,
  { timeout = maxTimerMs, signal }: WaitOptions = {},
): Promise<EndedJob> {
  const feed = watch(line, jobId, { signal, progressMs: 0 });
  const late = () => feed.fail(new InkwireError('timed-out', `${jobId} has not ended within ${timeout} ms.`));
  const timer = timeout < maxTimerMs ? setTimeout(late, timeout) : undefined;
  let last: FollowedJob | undefined;
  try {
    for await (const item of feed) if (item.type !== 'reset') last = item.job;
  } finally {
    clearTimeout(timer);
  }
  if (last !== undefined) return last as EndedJob;
  throw closed();
}

/** Each fact but `group.completed` has the job's record, and that one the group's (P-2). */
function isJobFact(event: StreamEvent): event is JobFact {
  return event.job !== undefined;
}

function isGroupFact(event: StreamEvent): event is GroupFact {
  return event.group !== undefined;
}

/** A feed, and what joins it to a subscription. */
function follower<Item extends { readonly type: string }>(
  line: Session,
  topics: readonly string[],
  { after, progressMs = 100, types, snapshot = true }: SubscribeOptions,
  signal: AbortSignal | undefined,
) {
  const ask: Ask = {
    topics,
    snapshot,
    progress_ms: types?.includes('job.progress') === false ? 0 : progressMs,
    types,
    after,
  };
  let subscription: Subscription | undefined;
  const feed = new FeedPipe<Item>(
    {
      flow(on) {
        if (subscription !== undefined) line[on ? 'attach' : 'detach'](subscription);
      },
      close() {
        if (subscription !== undefined) line.detach(subscription);
      },
      cursor: () => subscription?.cursor,
    },
    signal,
  );
  const join = (sink: Sink): FeedPipe<Item> => {
    subscription = new Subscription(ask, sink);
    line.attach(subscription);
    return feed;
  };
  return Object.assign(join, { feed });
}
