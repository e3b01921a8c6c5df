import { type Job, jobIdFloor } from '../../jobs/job.js';
import type { JobPage, ListFilter } from '../listing.js';

/** What the drivers with an index of their own have in common in answering listings. */

/** Ids from `from` on, up to and without `end`. */
export interface IdRange {
  readonly from: string;
  readonly end: string;
}

/** After every id. */
const lastId = 'job_~';

/** The ids among which the jobs of a listing are. */
export function rangeOf({ createdAfter, createdBefore, afterId, search }: ListFilter): IdRange {
  const starts = search?.ids ?? [];
  const from = [...(createdAfter === undefined ? [] : [jobIdFloor(Math.floor(createdAfter) + 1)]), ...starts];
  const end = [
    createdBefore === undefined ? lastId : jobIdFloor(Math.ceil(createdBefore)),
    ...(afterId === undefined ? [] : [afterId]),
    // After every id that begins so.
    ...starts.map((start) => `${start}~`),
  ];
  return { from: from.sort().at(-1) ?? '', end: end.sort()[0] ?? lastId };
}

/** Whether a listing is one of those that only a search answers. */
export function isSearch({ reference, tags = [], metadata = [], search }: ListFilter): boolean {
  return reference !== undefined || tags.length > 0 || metadata.length > 0 || (search?.words.length ?? 0) > 0;
}

export function newestFirst(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? 1 : a.id > b.id ? -1 : 0;
}

/** What one way of searching found, newest first. */
export interface Found {
  readonly jobs: readonly Job[];
  /** It has looked at every job from this id on; undefined: at all. */
  readonly reached?: string | undefined;
}

/** The page of what all ways have looked at. */
export function pageOfFound(ways: readonly Found[], limit: number): JobPage {
  const reached = ways
    .flatMap((way) => way.reached ?? [])
    .sort()
    .at(-1);
  const byId = new Map(ways.flatMap(({ jobs }) => jobs.map((job) => [job.id, job] as const)));
  const jobs = [...byId.values()]
    .filter(({ id }) => reached === undefined || id >= reached)
    .sort(newestFirst);
  if (jobs.length > limit) return { jobs: jobs.slice(0, limit), more: true };
  return reached === undefined ? { jobs, more: false } : { jobs, more: true, next: reached };
}
