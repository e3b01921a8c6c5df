import { type Job, jobIdFloor } from '../../jobs/job.js';
import { jobStatuses } from '../../protocol/job-record.js';
import type { ListStep } from '../embedded/tables.js';
import type { ListFilter } from '../engine.js';
import { type Connection, type Statement, textOf } from './sql.js';

/** After every id. */
const lastId = 'job_~';

/**
 * Listings, newest first. One index serves those by owner, status and kind, since every index costs every submit: a
 * listing of all statuses merges one walk for each, and a kind is looked for within the index.
 */
export class JobListing {
  readonly #byStatus: Walk;
  readonly #byGroup: Walk;

  constructor(connection: Connection) {
    this.#byStatus = new Walk(connection, 'jobs_listed', 'status', 10_000);
    // The index does not hold what else may be asked for, so that each row is looked at.
    this.#byGroup = new Walk(connection, 'jobs_group', 'grp', 2_000);
  }

  step(filter: ListFilter): ListStep {
    const { group } = filter;
    if (group !== undefined) return merge([this.#byGroup.near(filter, group)], filter.limit);
    const statuses = filter.status === undefined ? jobStatuses : [filter.status];
    const walks = statuses.map((status) => this.#byStatus.near(filter, jobStatuses.indexOf(status)));
    return merge(walks, filter.limit);
  }
}

interface Found {
  readonly id: string;
  /** The job as JSON. */
  readonly text: string;
}

interface Near {
  readonly found: readonly Found[];
  /** Nothing is known of what comes after this id. */
  readonly end?: string;
}

/** One way through the jobs of an owner along an index: a window of entries, of which those are taken that match. */
class Walk {
  readonly #matching: Statement;
  readonly #windowEnd: Statement;

  constructor(connection: Connection, index: string, column: string, window: number) {
    const entries = `FROM jobs INDEXED BY ${index} WHERE owner = ?1 AND ${column} = ?2 AND id < ?3 AND id >= ?4`;
    // The join keeps the order of the window; to ask for it again would sort the whole window first.
    this.#matching = connection.prepare(
      `SELECT jobs.id, jobs.job
       FROM (SELECT n, status, kind ${entries} ORDER BY id DESC LIMIT ${window}) AS entry
       CROSS JOIN jobs ON jobs.n = entry.n
       WHERE (?5 IS NULL OR entry.status = ?5) AND (?6 IS NULL OR entry.kind = ?6) LIMIT ?7`,
    );
    this.#windowEnd = connection.prepare(
      `SELECT id ${entries} ORDER BY id DESC LIMIT 1 OFFSET ${window - 1}`,
    );
  }

  /** @param wanted what the index's column has to hold */
  near(filter: ListFilter, wanted: string | number): Near {
    const { owner, createdAfter, createdBefore, afterId, kind, limit } = filter;
    const before = createdBefore === undefined ? lastId : jobIdFloor(Math.ceil(createdBefore));
    const from = createdAfter === undefined ? '' : jobIdFloor(Math.floor(createdAfter) + 1);
    const end = afterId !== undefined && afterId < before ? afterId : before;
    const entries = [owner, wanted, end, from] as const;
    const status = filter.status === undefined ? null : jobStatuses.indexOf(filter.status);
    const rows = this.#matching.all(...entries, status, kind ?? null, limit + 1);
    const found = rows.map(([id, text]) => ({ id: textOf(id), text: textOf(text) }));
    if (found.length > limit) return { found };
    const windowEnd = this.#windowEnd.one(...entries)?.[0];
    return { found, ...(windowEnd === undefined ? {} : { end: textOf(windowEnd) }) };
  }
}

/** The first of all walks together, as far as every one of them has looked. */
function merge(walks: readonly Near[], limit: number): ListStep {
  const ends = walks.flatMap(({ end }) => (end === undefined ? [] : [end]));
  const end = ends.sort().at(-1) ?? '';
  const found = walks
    .flatMap((walk) => walk.found)
    .filter(({ id }) => id >= end)
    .sort((a, b) => (a.id < b.id ? 1 : -1));
  const jobs = found.slice(0, limit).map(({ text }) => jobOfText(text));
  const more = found.length > limit;
  return { jobs, more, ...(more || end === '' ? {} : { resumeAfter: end }) };
}

/** Trusts the text: nobody but `JobRows` writes it. */
export function jobOfText(text: string): Job {
  return JSON.parse(text);
}
