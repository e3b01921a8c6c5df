import { type Job, jobIdFloor } from '../../jobs/job.js';
import { jobStatuses } from '../../protocol/job-record.js';
import type { JobPage } from '../embedded/tables.js';
import type { ListFilter } from '../engine.js';
import { type Connection, integerOf, type Statement, textOf } from './sql.js';

/** After every id. */
const lastId = 'job_~';

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
    const { owner, group, status, limit } = filter;
    const walk = group === undefined ? this.#ofOwner : this.#ofGroup;
    const within = group === undefined ? [owner] : [owner, group];
    const found = (status === undefined ? jobStatuses : [status])
      .flatMap((one) => walk.near(within, jobStatuses.indexOf(one), filter))
      .sort((a, b) => (a.id < b.id ? 1 : -1));
    const jobs = found.slice(0, limit).map(({ n }) => jobOfText(textOf(this.#job.one(n)?.[0])));
    return { jobs, more: found.length > limit };
  }
}

interface Entry {
  readonly id: string;
  /** Row number of the job. */
  readonly n: number;
}

/** An index of jobs: some columns, then status, kind and id. */
class Walk {
  readonly #nextKind: Statement;
  readonly #entries: Statement;

  constructor(connection: Connection, index: string, columns: readonly string[]) {
    const within = `FROM jobs INDEXED BY ${index} WHERE ${columns.map((column) => `${column} = ?`).join(' AND ')}`;
    this.#nextKind = connection.prepare(
      `SELECT kind ${within} AND status = ? AND kind > ? ORDER BY kind LIMIT 1`,
    );
    this.#entries = connection.prepare(
      `SELECT id, n ${within} AND status = ? AND kind = ? AND id < ? AND id >= ? ORDER BY id DESC LIMIT ?`,
    );
  }

  /** One entry more than the limit, of each kind that is asked for. */
  near(within: readonly string[], status: number, filter: ListFilter): readonly Entry[] {
    const { createdAfter, createdBefore, afterId, limit } = filter;
    const before = createdBefore === undefined ? lastId : jobIdFloor(Math.ceil(createdBefore));
    const end = afterId !== undefined && afterId < before ? afterId : before;
    const from = createdAfter === undefined ? '' : jobIdFloor(Math.floor(createdAfter) + 1);
    const kinds = filter.kind === undefined ? this.#kinds(within, status) : [filter.kind];
    return kinds.flatMap((kind) =>
      this.#entries
        .all(...within, status, kind, end, from, limit + 1)
        .map(([id, n]) => ({ id: textOf(id), n: integerOf(n) })),
    );
  }

  /** One step of the index for each: there are as many as the server knows. */
  #kinds(within: readonly string[], status: number): readonly string[] {
    const kinds: string[] = [];
    for (;;) {
      const row = this.#nextKind.one(...within, status, kinds.at(-1) ?? '');
      if (row === undefined) return kinds;
      kinds.push(textOf(row[0]));
    }
  }
}

/** Trusts the text: only `JobRows` writes it. */
export function jobOfText(text: string): Job {
  return JSON.parse(text);
}
