import { arrayOf, type ColumnType, type Scalar } from './arrays.js';

export interface Columns {
  readonly name: string;
  readonly key: readonly Column[];
  readonly others: readonly Column[];
  /** The columns that a load reads. Left out: all. */
  readonly read?: readonly string[];
}

/**
 * How the rows of a table lie in columns. Of these the first ones are the key. Statements take a whole list of rows, a
 * parameter for each column: their number does not grow with the batch.
 */
export interface Shape<Row> extends Columns {
  keyOf(row: Row): readonly Scalar[];
  /** Of all columns, those of the key included. */
  valuesOf(row: Row): readonly Scalar[];
  /** @param values of the columns that a load reads */
  rowOf(values: readonly unknown[]): Row;
}

export type Column = readonly [name: string, type: ColumnType];

/** A statement with its values. Texts are few, whatever the batch: each is prepared once on each connection. */
export interface Query {
  readonly text: string;
  readonly values: readonly unknown[];
}

export function columnsOf({ key, others }: Columns): readonly Column[] {
  return [...key, ...others];
}

/** What a load selects of `table`. */
export function selected({ read, ...shape }: Columns, table: string): string {
  const names = read ?? columnsOf(shape).map(([name]) => name);
  return names.map((name) => `${table}.${name}`).join(', ');
}

export function countOfSelected({ read, ...shape }: Columns): number {
  return read?.length ?? columnsOf(shape).length;
}

/** Parameters from `first` on as rows of these columns. */
function unnest(columns: readonly Column[], first = 1): string {
  return `unnest(${columns.map(([, type], at) => `$${at + first}::${type}[]`).join(', ')})`;
}

/** Rows as the lists of their columns. */
export function listsOf(columns: readonly Column[], rows: readonly (readonly Scalar[])[]): readonly Buffer[] {
  return columns.map(([, type], at) =>
    arrayOf(
      type,
      rows.map((row) => row[at] ?? null),
    ),
  );
}

function sameKey(shape: Columns, one: string, other: string): string {
  return shape.key.map(([name]) => `${one}.${name} = ${other}.${name}`).join(' AND ');
}

function names(columns: readonly Column[]): string {
  return columns.map(([name]) => name).join(', ');
}

/** The rows of these keys. */
export function selectByKeys(shape: Columns, keys: readonly (readonly Scalar[])[]): Query {
  return {
    text: `SELECT ${selected(shape, 't')} FROM ${unnest(shape.key)} AS w(${names(shape.key)})
      JOIN ${shape.name} t ON ${sameKey(shape, 't', 'w')}`,
    values: listsOf(shape.key, keys),
  };
}

/** Fails where one of the rows is there. */
export function insertRows<Row>(shape: Shape<Row>, rows: readonly Row[]): Query {
  return insertValues(
    shape.name,
    columnsOf(shape),
    rows.map((row) => shape.valuesOf(row)),
  );
}

/** The same, of values for these columns. */
export function insertValues(
  name: string,
  columns: readonly Column[],
  rows: readonly (readonly Scalar[])[],
): Query {
  return {
    text: `INSERT INTO ${name} (${names(columns)}) SELECT * FROM ${unnest(columns)}`,
    values: listsOf(columns, rows),
  };
}

/** Adds rows, or replaces those that are there. */
export function putRows<Row>(shape: Shape<Row>, rows: readonly Row[]): Query {
  const { text, values } = insertRows(shape, rows);
  const sets = shape.others.map(([name]) => `${name} = excluded.${name}`).join(', ');
  const otherwise = sets === '' ? 'NOTHING' : `UPDATE SET ${sets}`;
  return { text: `${text} ON CONFLICT (${names(shape.key)}) DO ${otherwise}`, values };
}

export function removeRows(shape: Columns, keys: readonly (readonly Scalar[])[]): Query {
  return {
    text: `DELETE FROM ${shape.name} t USING ${unnest(shape.key)} AS w(${names(shape.key)})
      WHERE ${sameKey(shape, 't', 'w')}`,
    values: listsOf(shape.key, keys),
  };
}

/** A change that fails unless it concerns so many rows. */
export function checked(change: string, values: readonly unknown[], count: number): Query {
  return {
    text: `WITH changed AS (${change} RETURNING 1)
      SELECT 1 / (count(*) = $${values.length + 1}::bigint)::int FROM changed`,
    values: [...values, count],
  };
}
