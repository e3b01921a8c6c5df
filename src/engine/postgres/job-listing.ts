import { type Job, jobIdFloor } from '../../jobs/job.js';
import { type JobStatus, jobStatuses } from '../../protocol/job-record.js';
import { everyOwner } from '../../protocol/names.js';
import { matchesFilter } from '../embedded/list-match.js';
import { stages } from '../embedded/tables.js';
import type { JobPage, ListFilter } from '../listing.js';
import { fromJson } from './job-shapes.js';
import type { Asking } from './pool.js';

/** Jobs that one call may load and look at where no index answers the filter. */
const looksMax = 500;
/** After every id. */
const lastId = 'job_~';

/**
 * Listings, newest first. The index holds the jobs of one status and kind together in the order of the listing: a page
 * takes at most so many of each and the newest of them. What callers said of jobs is in no index; such a filter looks
 * at so many jobs a call and says where to go on.
 */
export async function pageOf(ask: Asking, filter: ListFilter): Promise<JobPage> {
  const { limit } = filter;
  const everybody = filter.owner === everyOwner;
  if (!everybody && !isSearch(filter)) {
    const jobs = await newest(ask, filter, limit + 1);
    return { jobs: jobs.slice(0, limit), more: jobs.length > limit };
  }
  const { status, kind, group } = filter;
  const isExact = status !== 'completed' && (kind ?? group) === undefined && !isSearch(filter);
  const looks = everybody && isExact ? Math.min(looksMax, limit + 1) : looksMax;
  const looked = await (everybody ? newestOfAll : newest)(ask, filter, looks);
  const found = looked.filter((job) => matchesFilter(filter, job));
  const last = looked.at(-1);
  if (found.length > limit) return { jobs: found.slice(0, limit), more: true };
  if (looked.length < looks || last === undefined) return { jobs: found, more: false };
  return { jobs: found, more: true, next: last.id };
}

/** Whether a filter is one that only looking at the jobs answers. */
function isSearch({ reference, tags = [], metadata = [], search }: ListFilter): boolean {
  return reference !== undefined || tags.length > 0 || metadata.length > 0 || (search?.words.length ?? 0) > 0;
}

async function newest(ask: Asking, filter: ListFilter, limit: number): Promise<readonly Job[]> {
  const { owner, group, status, kind } = filter;
  const { from, end } = rangeOf(filter);
  const statuses = (status === undefined ? jobStatuses : [status]).map((one) => jobStatuses.indexOf(one));
  const values: unknown[] = [owner, statuses, end, from, limit];
  const within = `FROM jobs WHERE owner = $1${group === undefined ? '' : ` AND grp = $${values.push(group)}`}`;
  // One step of the index for each kind: there are as many as the server knows.
  const kinds =
    kind === undefined
      ? `SELECT s, (SELECT kind ${within} AND status = s ORDER BY kind LIMIT 1) FROM unnest($2::int[]) s
         UNION ALL SELECT w.status, (SELECT kind ${within} AND status = w.status AND kind > w.kind ORDER BY kind LIMIT 1)
         FROM w WHERE w.kind IS NOT NULL`
      : `SELECT s, $${values.push(kind)}::text COLLATE "C" FROM unnest($2::int[]) s`;
  const rows = await ask(
    `WITH RECURSIVE w(status, kind) AS (${kinds})
     SELECT j.job FROM w, LATERAL (SELECT id, job ${within} AND status = w.status AND kind = w.kind AND id < $3
       AND id >= $4 ORDER BY id DESC LIMIT $5) j WHERE w.kind IS NOT NULL ORDER BY j.id DESC LIMIT $5`,
    values,
  );
  return rows.map(([job]) => fromJson(job));
}

/**
 * Of every owner, along the ids. Jobs of the statuses that most jobs do not have, or not for long, have an index of their
 * own; of the others, the caller takes those that fit.
 */
async function newestOfAll(ask: Asking, filter: ListFilter, limit: number): Promise<readonly Job[]> {
  const { from, end } = rangeOf(filter);
  const rows = await ask(
    `SELECT job FROM jobs WHERE ${placeOf(filter.status)} id < $1 AND id >= $2 ORDER BY id DESC LIMIT $3`,
    [end, from, limit],
  );
  return rows.map(([job]) => fromJson(job));
}

/** In the words of the index that has them. */
function placeOf(status: JobStatus | undefined): string {
  if (status === 'pending') return 'status = 0 AND';
  if (status === 'running') return `stage = ${stages.indexOf('running')} AND`;
  return status === 'failed' || status === 'cancelled'
    ? `status = ${jobStatuses.indexOf(status)} AND status IN (3, 4) AND`
    : '';
}

/** The ids among which the jobs of a listing are: from the first on, up to and without the second. */
function rangeOf({ createdAfter, createdBefore, afterId, search }: ListFilter): {
  from: string;
  end: string;
} {
  const starts = search?.ids ?? [];
  const froms = [
    ...(createdAfter === undefined ? [] : [jobIdFloor(Math.floor(createdAfter) + 1)]),
    ...starts,
  ];
  const ends = [
    createdBefore === undefined ? lastId : jobIdFloor(Math.ceil(createdBefore)),
    ...(afterId === undefined ? [] : [afterId]),
    // After every id that begins so.
    ...starts.map((start) => `${start}~`),
  ];
  return { from: froms.sort().at(-1) ?? '', end: ends.sort()[0] ?? lastId };
}
