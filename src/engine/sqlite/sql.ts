import Libsql from 'libsql';

/** Values that may be bound. The native driver ends the process on anything else, a boolean for one. */
export type Value = string | number | null | Uint8Array;
export type Row = readonly unknown[];

/** A connection, with rows as arrays; the code that reads a row checks its values. */
export class Connection {
  readonly #database: Libsql.Database;

  constructor(path: string) {
    this.#database = new Libsql(path);
  }

  get inTransaction(): boolean {
    return this.#database.inTransaction;
  }

  /** For statements that answer nothing and for several at once. */
  execute(sql: string): void {
    this.#database.exec(sql);
  }

  prepare(sql: string): Statement {
    return new Statement(this.#database.prepare(sql));
  }

  pragma(source: string): unknown {
    return this.prepare(`PRAGMA ${source}`).one()?.[0];
  }

  close(): void {
    this.#database.close();
  }
}

export class Statement {
  readonly #statement: Libsql.Statement;

  constructor(statement: Libsql.Statement) {
    this.#statement = statement.reader ? statement.raw() : statement;
  }

  /** The first row. Only for statements that find one row, or of which one is enough. */
  one(...values: Value[]): Row | undefined {
    const row: unknown = this.#statement.get(values);
    return Array.isArray(row) ? row : undefined;
  }

  all(...values: Value[]): readonly Row[] {
    return this.#statement.all(values).filter((row) => Array.isArray(row));
  }

  /** Returns how many rows changed. */
  run(...values: Value[]): number {
    return this.#statement.run(values).changes;
  }
}

export function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new Error(`The database holds ${typeof value} where text belongs`);
  return value;
}

export function bytesOf(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array))
    throw new Error(`The database holds ${typeof value} where bytes belong`);
  return value;
}

export function integerOf(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw new Error(`The database holds ${typeof value} where an integer belongs`);
  }
  return value;
}
