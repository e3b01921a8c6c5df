import type { Job } from '../../jobs/job.js';
import { type JobStatus, jobStatuses } from '../../protocol/job-record.js';
import { rangeOf } from '../embedded/list-pages.js';
import { stages } from '../embedded/tables.js';
import type { ListFilter } from '../listing.js';
import { fromJson, textOf } from './job-shapes.js';
import type { Asking } from './pool.js';

/**
 * Jobs of an owner, newest first, by what a filter says of status, kind, group and time. The index holds the jobs of one
 * status and kind together in the order of the listing: it takes at most so many of each and the newest of them.
 */
export async function newest(ask: Asking, filter: ListFilter, limit: number): Promise<readonly Job[]> {
  const { owner, group, status, kind } = filter;
  const { from, end } = rangeOf(filter);
  const statuses = (status === undefined ? jobStatuses : [status]).map((one) => jobStatuses.indexOf(one));
  const values: unknown[] = [owner, statuses, end, from, limit];
  const within = `FROM jobs WHERE owner = $1${group === undefined ? '' : ` AND grp = $${values.push(group)}`}`;
  const kinds =
    kind === undefined
      ? kindsWithin(within)
      : `SELECT s, $${values.push(kind)}::text COLLATE "C" FROM unnest($2::int[]) s`;
  const rows = await ask(
    `WITH RECURSIVE w(status, kind) AS (${kinds})
     SELECT j.job FROM w, LATERAL (SELECT id, job ${within} AND status = w.status AND kind = w.kind AND id < $3
       AND id >= $4 ORDER BY id DESC LIMIT $5) j WHERE w.kind IS NOT NULL ORDER BY j.id DESC LIMIT $5`,
    values,
  );
  return rows.map(([job]) => fromJson(job));
}

/** One step of the index for each kind of each status: there are as many as the server knows. */
function kindsWithin(within: string): string {
  return `SELECT s, (SELECT kind ${within} AND status = s ORDER BY kind LIMIT 1) FROM unnest($2::int[]) s
    UNION ALL SELECT w.status, (SELECT kind ${within} AND status = w.status AND kind > w.kind ORDER BY kind LIMIT 1)
    FROM w WHERE w.kind IS NOT NULL`;
}

/** Kinds of which an owner has jobs. */
export async function kindsOf(ask: Asking, owner: string): Promise<readonly string[]> {
  const rows = await ask(
    `WITH RECURSIVE w(status, kind) AS (${kindsWithin('FROM jobs WHERE owner = $1')})
     SELECT DISTINCT kind FROM w WHERE kind IS NOT NULL`,
    [owner, jobStatuses.map((_, code) => code)],
  );
  return rows.map(([kind]) => textOf(kind));
}

/**
 * Of every owner, along the ids. Jobs of the statuses that most jobs do not have, or not for long, have an index of their
 * own; of the others, the caller takes those that fit.
 */
export async function newestOfAll(ask: Asking, filter: ListFilter, limit: number): Promise<readonly Job[]> {
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
