import { jobStatuses } from '../../protocol/job-record.js';
import { matchesFilter } from '../embedded/list-match.js';
import { isSearch, newestFirst, rangeOf } from '../embedded/list-pages.js';
import { stages } from '../embedded/tables.js';
import type { JobPage, ListFilter } from '../listing.js';
import { jobOfText } from './job-walk.js';
import { type Connection, type Statement, textOf } from './sql.js';

/** Jobs that one call may load and look at. */
const maxLooks = 250;

interface Look {
  readonly id: string;
  readonly text: string;
}

/**
 * Listings of every owner, newest first. The other indexes of jobs begin with the owner, of whom there may be thousands:
 * these listings go along the ids, hold each job against the filter, and end early where few match. Jobs of the statuses
 * that most jobs do not have, or not for long, are in places of their own.
 */
export class EveryOwnerListing {
  readonly #newest: Statement;
  readonly #seldom: Statement;
  readonly #underWay: Statement;

  constructor(connection: Connection) {
    const within = 'id < ? AND id >= ? ORDER BY id DESC LIMIT ?';
    this.#newest = connection.prepare(`SELECT id, job FROM jobs INDEXED BY jobs_id WHERE ${within}`);
    this.#seldom = connection.prepare(
      `SELECT id, job FROM jobs INDEXED BY jobs_seldom WHERE status = ? AND status IN (3, 4) AND ${within}`,
    );
    this.#underWay = connection.prepare(
      'SELECT id, job FROM jobs INDEXED BY jobs_due WHERE stage = ? LIMIT ?',
    );
  }

  page(filter: ListFilter): JobPage {
    const { limit } = filter;
    const { looked, isAll } = this.#looks(filter);
    const jobs = [];
    for (const [index, { text }] of looked.entries()) {
      const job = jobOfText(text);
      if (!matchesFilter(filter, job)) continue;
      if (jobs.length === limit) return { jobs, more: true, next: looked[index - 1]?.id ?? job.id };
      jobs.push(job);
    }
    const last = looked.at(-1);
    return isAll || last === undefined ? { jobs, more: false } : { jobs, more: true, next: last.id };
  }

  /** At most `maxLooks`, the newest first. */
  #looks(filter: ListFilter): { readonly looked: readonly Look[]; readonly isAll: boolean } {
    const { status } = filter;
    const { from, end } = rangeOf(filter);
    if (status === 'pending' || status === 'running') {
      const names = status === 'running' ? (['running'] as const) : (['waiting', 'claimed'] as const);
      const found = names.flatMap((name) => this.#all(this.#underWay, stages.indexOf(name), maxLooks + 1));
      // More than that are so many that they are met among the newest.
      if (found.length <= maxLooks) {
        const looked = found.filter(({ id }) => id < end && id >= from).toSorted(newestFirst);
        return { looked, isAll: true };
      }
    }
    const isSeldom = status === 'failed' || status === 'cancelled';
    const isExact = (status === undefined || isSeldom) && !isNarrowed(filter);
    const looks = isExact ? Math.min(filter.limit + 1, maxLooks) : maxLooks;
    const looked = isSeldom
      ? this.#all(this.#seldom, jobStatuses.indexOf(status), end, from, looks)
      : this.#all(this.#newest, end, from, looks);
    return { looked, isAll: looked.length < looks };
  }

  #all(statement: Statement, ...values: readonly (string | number)[]): readonly Look[] {
    return statement.all(...values).map(([id, text]) => ({ id: textOf(id), text: textOf(text) }));
  }
}

/** Whether something beside the status and the time has to fit. */
function isNarrowed(filter: ListFilter): boolean {
  return filter.kind !== undefined || filter.group !== undefined || isSearch(filter);
}
