import type { Fact } from '../engine/engine.js';
import type { Follower } from '../follow/follower.js';
import type { JobRecord, JobStatus } from '../protocol/job-record.js';
import type { OverviewCounts, OverviewFailure } from '../protocol/overview.js';

/** Counted up. */
type Ended = { -readonly [Name in keyof OverviewCounts]: OverviewCounts[Name] };

/** Ended jobs of one owner, or of all, in the last hour. */
export interface Hour {
  readonly total: OverviewCounts;
  /** Of the last minute. */
  readonly minute: OverviewCounts;
  /** Spans of five minutes, the oldest first; the last one is not over. */
  readonly spans: readonly (OverviewCounts & { readonly at: number })[];
  /** Failed jobs by `error_code`, most first. */
  readonly causes: readonly { readonly error_code: string; readonly failed: number }[];
}

interface Slice extends Ended {
  readonly causes: Map<string, number>;
}

const sliceMs = 10_000;
const slicesOfHour = 360;
const slicesOfSpan = 30;
/** Owners with jobs that ended in the last hour; past it the one whose last job ended longest ago is forgotten. */
const maxOwners = 1_000;
const maxFailures = 200;
const maxCauses = 50;

const isEnd: Readonly<Partial<Record<Fact['type'], JobStatus>>> = {
  'job.completed': 'completed',
  'job.failed': 'failed',
  'job.cancelled': 'cancelled',
};

/**
 * What has ended lately, from the facts of all nodes, in memory: a start begins anew. Bounded by `maxOwners` times the
 * slices of an hour.
 */
export class Activity {
  readonly startedAt: number;
  readonly #clock: () => number;
  /** By owner in the order of their last end, by number of the slice. */
  readonly #owners = new Map<string, Map<number, Slice>>();
  readonly #failures: OverviewFailure[] = [];

  constructor(follower: Pick<Follower, 'onFact'>, clock: () => number) {
    this.#clock = clock;
    this.startedAt = clock();
    follower.onFact((fact) => this.#take(fact));
  }

  /** @param owner left out: of all */
  hour(owner?: string): Hour {
    const now = this.#clock();
    const last = Math.floor(now / sliceMs);
    const total = none();
    const minute = none();
    const spans = Array.from({ length: slicesOfHour / slicesOfSpan }, (_, index) => ({
      at: (last - slicesOfHour + 1 + index * slicesOfSpan) * sliceMs,
      ...none(),
    }));
    const causes = new Map<string, number>();
    const own = owner === undefined ? undefined : (this.#owners.get(owner) ?? new Map<number, Slice>());
    for (const slices of own === undefined ? this.#owners.values() : [own]) {
      for (const [number, slice] of slices) {
        const place = number - (last - slicesOfHour + 1);
        if (place < 0) continue;
        add(total, slice);
        if (number > last - 60_000 / sliceMs) add(minute, slice);
        const span = spans[Math.min(spans.length - 1, Math.floor(place / slicesOfSpan))];
        if (span !== undefined) add(span, slice);
        for (const [cause, count] of slice.causes) causes.set(cause, (causes.get(cause) ?? 0) + count);
      }
    }
    const byCause = [...causes].map(([error_code, failed]) => ({ error_code, failed }));
    return { total, minute, spans, causes: byCause.sort((one, other) => other.failed - one.failed) };
  }

  /** Jobs that failed in the last hour, the newest first. @param owner left out: of all */
  failures(limit: number, owner?: string): readonly OverviewFailure[] {
    const from = new Date(this.#clock() - slicesOfHour * sliceMs).toISOString();
    return this.#failures
      .filter((failure) => failure.at > from && (owner === undefined || failure.owner === owner))
      .slice(-limit)
      .reverse();
  }

  #take({ type, owner, at, record }: Fact): void {
    const status = isEnd[type];
    if (status !== 'completed' && status !== 'failed' && status !== 'cancelled') return;
    const number = Math.floor(at / sliceMs);
    const slice = this.#slice(owner, number);
    slice[status] += 1;
    if (status === 'cancelled') return;
    // The engine writes the text from such a record.
    const job = JSON.parse(record) as JobRecord;
    if (status === 'completed') slice.pages += job.pages ?? 0;
    else this.#fail(slice, owner, at, job);
  }

  #fail(slice: Slice, owner: string, at: number, job: JobRecord): void {
    const { job_id, kind, title, group, error_code, error } = job;
    const cause = error_code ?? 'unknown';
    if (slice.causes.has(cause) || slice.causes.size < maxCauses)
      slice.causes.set(cause, (slice.causes.get(cause) ?? 0) + 1);
    this.#failures.push({
      ...{ owner, job_id, kind, at: new Date(at).toISOString() },
      ...(title === undefined ? {} : { title }),
      ...(group === undefined ? {} : { group }),
      ...(error_code === undefined ? {} : { error_code }),
      ...(error === undefined ? {} : { error }),
    });
    if (this.#failures.length > maxFailures) this.#failures.shift();
  }

  #slice(owner: string, number: number): Slice {
    const slices = this.#owners.get(owner) ?? new Map<number, Slice>();
    // Put at the end: the first one is the one to forget.
    this.#owners.delete(owner);
    this.#owners.set(owner, slices);
    for (const [first] of this.#owners) {
      if (this.#owners.size <= maxOwners) break;
      this.#owners.delete(first);
    }
    let slice = slices.get(number);
    if (slice === undefined) {
      slice = { ...none(), causes: new Map() };
      slices.set(number, slice);
      for (const old of slices.keys()) if (old <= number - slicesOfHour) slices.delete(old);
    }
    return slice;
  }
}

function none(): Ended {
  return { completed: 0, failed: 0, cancelled: 0, pages: 0 };
}

function add(sum: Ended, slice: OverviewCounts): void {
  sum.completed += slice.completed;
  sum.failed += slice.failed;
  sum.cancelled += slice.cancelled;
  sum.pages += slice.pages;
}
