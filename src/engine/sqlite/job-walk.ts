import type { Job } from '../../jobs/job.js';
import { jobStatuses } from '../../protocol/job-record.js';
import type { IdRange } from '../embedded/list-pages.js';
import type { ListFilter } from '../listing.js';
import { type Connection, integerOf, type Statement, textOf } from './sql.js';

/** The statuses that a listing asks for, as the tables hold them. */
export function statusesOf({ status }: ListFilter): readonly number[] {
  return status === undefined ? jobStatuses.map((_, code) => code) : [jobStatuses.indexOf(status)];
}

export interface Entry {
  readonly id: string;
  /** Row number of the job. */
  readonly n: number;
}

/** An index of jobs: some columns, then status, kind and id. */
export class Walk {
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

  /**
   * The newest of each status and kind, at most `limit` of each.
   * @param kinds all that there are when undefined
   */
  near(
    within: readonly string[],
    statuses: readonly number[],
    kinds: readonly string[] | undefined,
    { from, end }: IdRange,
    limit: number,
  ): readonly Entry[] {
    return statuses.flatMap((status) =>
      (kinds ?? this.kinds(within, status)).flatMap((kind) =>
        this.#entries
          .all(...within, status, kind, end, from, limit)
          .map(([id, n]) => ({ id: textOf(id), n: integerOf(n) })),
      ),
    );
  }

  /** One step of the index for each: there are as many as the server knows. */
  kinds(within: readonly string[], status: number): readonly string[] {
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
