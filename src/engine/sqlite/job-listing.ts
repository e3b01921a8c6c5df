import { newestFirst, rangeOf } from '../embedded/list-pages.js';
import type { JobPage, ListFilter } from '../listing.js';
import { jobOfText, statusesOf, Walk } from './job-walk.js';
import { type Connection, type Statement, textOf } from './sql.js';

/**
 * Listings, newest first. The index holds the jobs of one status and kind together in the order of the listing. A
 * listing reads at most one page of each status and kind that its filter names and takes the newest of them: a page
 * costs what is on it, also when it is empty.
 */
export class JobListing {
  readonly #ofOwner: Walk;
  readonly #ofGroup: Walk;
  readonly #job: Statement;

  constructor(connection: Connection) {
    this.#ofOwner = new Walk(connection, 'jobs_listed', ['owner']);
    this.#ofGroup = new Walk(connection, 'jobs_group', ['owner', 'grp']);
    this.#job = connection.prepare('SELECT job FROM jobs WHERE n = ?');
  }

  page(filter: ListFilter): JobPage {
    const { owner, group, kind, limit } = filter;
    const walk = group === undefined ? this.#ofOwner : this.#ofGroup;
    const within = group === undefined ? [owner] : [owner, group];
    const kinds = kind === undefined ? undefined : [kind];
    const found = walk
      .near(within, statusesOf(filter), kinds, rangeOf(filter), limit + 1)
      .toSorted(newestFirst);
    const jobs = found.slice(0, limit).map(({ n }) => jobOfText(textOf(this.#job.one(n)?.[0])));
    return { jobs, more: found.length > limit };
  }
}
