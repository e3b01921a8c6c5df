import type { Scalar } from './arrays.js';
import { type Query, type Shape, selectByKeys, selected } from './shape.js';

/** A part of a table in an order, as the ledger looks for it. */
export interface Range<Row> {
  readonly name: string;
  /** Which rows belong to it, by the arguments `$1`, `$2`, ... */
  readonly where: string;
  /** Column of numbers up to which a call may ask. */
  readonly bound?: string;
  readonly order: string;
  /** So many rows are read at least. */
  readonly least?: number;
  /** The same as `where`, of a row at hand. */
  matches(row: Row, args: readonly Scalar[]): boolean;
  /** The same as `bound`. */
  boundOf?(row: Row): number;
  /** The same as `order`. */
  compare(a: Row, b: Row): number;
}

interface KnownRange<Row> {
  readonly limit: number;
  readonly upTo: number;
  /** In order; fewer than `limit` when these are all. */
  readonly rows: readonly (readonly [key: string, row: Row])[];
}

interface WantedRange<Row> {
  readonly range: Range<Row>;
  readonly args: readonly Scalar[];
  limit: number;
  upTo: number;
}

/** A query of what is missing, and where its answer goes. */
export interface Load {
  readonly query: Query;
  take(rows: readonly (readonly unknown[])[]): void;
}

/** What was read of a table under the lock. No run changes it. */
export class KnownRows<Row> {
  /** Undefined stands for a row that is not there. */
  readonly rows = new Map<string, Row | undefined>();
  readonly ranges = new Map<string, KnownRange<Row>>();

  /** What came along with something else. */
  add(key: readonly Scalar[], row: Row | undefined): void {
    this.rows.set(textOfKey(key), row);
  }

  addRange(
    { name }: Range<Row>,
    args: readonly Scalar[],
    limit: number,
    rows: readonly Row[],
    { keyOf }: Shape<Row>,
  ): void {
    const found = rows.map((row) => [textOfKey(keyOf(row)), row] as const);
    this.ranges.set(textOfKey([name, ...args]), { limit, upTo: Number.MAX_SAFE_INTEGER, rows: found });
  }
}

/** Asks for whole queries in place of those of one table: jobs bring their neighbours along. */
export interface LoadForms<Row> {
  byKeys(keys: readonly (readonly Scalar[])[]): Query;
  /** @param from a table with the conditions and the end of the range */
  ofRange(from: string, values: readonly Scalar[], order: string): Query;
  rowOf(values: readonly unknown[]): Row;
}

/**
 * One table as a batch sees it: rows that were read, and over them what the ledger has changed. What is asked for and
 * is not known is noted.
 */
export class Rows<Row> {
  readonly changed = new Map<string, { readonly key: readonly Scalar[]; readonly row: Row | undefined }>();
  readonly shape: Shape<Row>;
  readonly #known: KnownRows<Row>;
  readonly #forms: LoadForms<Row>;
  readonly #missing = new Map<string, readonly Scalar[]>();
  readonly #wanted = new Map<string, WantedRange<Row>>();

  constructor(shape: Shape<Row>, known: KnownRows<Row>, forms: LoadForms<Row> = plainForms(shape)) {
    this.shape = shape;
    this.#known = known;
    this.#forms = forms;
  }

  /** Undefined when the row is not there, or not known yet. */
  get(...key: readonly Scalar[]): Row | undefined {
    const text = textOfKey(key);
    const changed = this.changed.get(text);
    if (changed !== undefined) return changed.row;
    if (!this.#known.rows.has(text)) this.#missing.set(text, key);
    return this.#known.rows.get(text);
  }

  /** Whether there is such a row for all that is known; does not ask for it. */
  isAtHand(...key: readonly Scalar[]): boolean {
    const changed = this.changed.get(textOfKey(key));
    return (changed === undefined ? this.stored(...key) : changed.row) !== undefined;
  }

  /** Whether it is known what the row is, or that there is none. */
  isKnown(...key: readonly Scalar[]): boolean {
    const text = textOfKey(key);
    return this.changed.has(text) || this.#known.rows.has(text);
  }

  /** As the table has it; undefined when it is not there, or not known. */
  stored(...key: readonly Scalar[]): Row | undefined {
    return this.#known.rows.get(textOfKey(key));
  }

  put(row: Row): void {
    const key = this.shape.keyOf(row);
    this.changed.set(textOfKey(key), { key, row });
  }

  remove(...key: readonly Scalar[]): void {
    this.changed.set(textOfKey(key), { key, row: undefined });
  }

  /** All rows that are at hand. */
  *atHand(): IterableIterator<Row> {
    for (const [text, row] of this.#known.rows) {
      if (row !== undefined && !this.changed.has(text)) yield row;
    }
    for (const { row } of this.changed.values()) if (row !== undefined) yield row;
  }

  /** The first rows of a range, at most `limit`; undefined while too few of them are known. */
  range(
    range: Range<Row>,
    args: readonly Scalar[],
    limit: number,
    upTo = Number.MAX_SAFE_INTEGER,
  ): readonly Row[] | undefined {
    const name = textOfKey([range.name, ...args]);
    const known = this.#known.ranges.get(name);
    if (known === undefined || known.upTo < upTo) return this.#want(name, range, args, limit, upTo);
    const isWithin = (row: Row): boolean => (range.boundOf?.(row) ?? 0) <= upTo;
    const end = known.rows.length < known.limit ? undefined : known.rows.at(-1)?.[1];
    const found: Row[] = [];
    for (const [key, row] of known.rows) if (!this.changed.has(key) && isWithin(row)) found.push(row);
    for (const { row } of this.changed.values()) {
      if (row === undefined || !range.matches(row, args) || !isWithin(row)) continue;
      // How the table goes on after the end is not known.
      if (end === undefined || range.compare(row, end) <= 0) found.push(row);
    }
    if (end !== undefined && found.length < limit && isWithin(end)) {
      return this.#want(name, range, args, 2 * known.limit + limit, upTo);
    }
    return found.sort(range.compare).slice(0, limit);
  }

  /** Queries for what was asked for in vain. */
  loads(): readonly Load[] {
    const loads: Load[] = [...this.#wanted].map(([name, wanted]) => this.#loadOfRange(name, wanted));
    const keys = [...this.#missing.values()];
    if (keys.length > 0) {
      loads.push({
        query: this.#forms.byKeys(keys),
        take: (rows) => {
          for (const key of keys) this.#known.rows.set(textOfKey(key), undefined);
          for (const values of rows) this.#learn(values);
        },
      });
    }
    return loads;
  }

  #want(name: string, range: Range<Row>, args: readonly Scalar[], limit: number, upTo: number): undefined {
    const wanted = this.#wanted.get(name) ?? { range, args, limit: range.least ?? 1, upTo };
    wanted.limit = Math.min(Number.MAX_SAFE_INTEGER, Math.max(wanted.limit, limit));
    wanted.upTo = Math.max(wanted.upTo, upTo);
    this.#wanted.set(name, wanted);
    return undefined;
  }

  #loadOfRange(name: string, { range, args, limit, upTo }: WantedRange<Row>): Load {
    const { where, bound, order } = range;
    const values: Scalar[] = [...args];
    const within = bound === undefined ? '' : ` AND ${bound} <= $${values.push(upTo)}::bigint`;
    const from = `${this.shape.name} WHERE ${where}${within} ORDER BY ${order} LIMIT $${values.push(limit)}`;
    return {
      query: this.#forms.ofRange(from, values, order),
      take: (rows) => {
        this.#known.ranges.set(name, { limit, upTo, rows: rows.map((row) => this.#learn(row)) });
      },
    };
  }

  #learn(values: readonly unknown[]): readonly [key: string, row: Row] {
    const row = this.#forms.rowOf(values);
    const text = textOfKey(this.shape.keyOf(row));
    this.#known.rows.set(text, row);
    return [text, row];
  }
}

export function plainForms<Row>(shape: Shape<Row>): LoadForms<Row> {
  return {
    byKeys: (keys) => selectByKeys(shape, keys),
    ofRange: (from, values) => ({ text: `SELECT ${selected(shape, shape.name)} FROM ${from}`, values }),
    rowOf: shape.rowOf,
  };
}

/** No name has a NUL: the server takes none in a text. */
export function textOfKey(key: readonly Scalar[]): string {
  return key.length === 1 ? String(key[0]) : key.join('\0');
}
