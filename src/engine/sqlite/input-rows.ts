import type { InputTable } from '../embedded/tables.js';
import type { JobInput } from '../engine.js';
import { type Connection, type Statement, textOf } from './sql.js';

/** The inputs of jobs. Stored apart from the jobs: they are large, and only a claim reads them. */
export class InputRows implements InputTable {
  readonly #add: Statement;
  readonly #input: Statement;
  readonly #remove: Statement;

  constructor(connection: Connection) {
    this.#add = connection.prepare(
      `INSERT INTO inputs (n, inline, blob, blobs, fetches)
       VALUES ((SELECT n FROM jobs WHERE id = ?), ?, ?, ?, ?)`,
    );
    this.#input = connection.prepare(
      `SELECT inline, blob, blobs, fetches FROM inputs WHERE n = (SELECT n FROM jobs WHERE id = ?)`,
    );
    this.#remove = connection.prepare('DELETE FROM inputs WHERE n = (SELECT n FROM jobs WHERE id = ?)');
  }

  add(jobId: string, { request, blobs, fetches }: JobInput): void {
    const inline = 'inline' in request ? request.inline : null;
    const blob = 'blob' in request ? request.blob : null;
    this.#add.run(jobId, inline, blob, listText(blobs), listText(fetches));
  }

  get(jobId: string): JobInput | undefined {
    const row = this.#input.one(jobId);
    if (row === undefined) return undefined;
    const [inline, blob, blobs, fetches] = row;
    return {
      request: blob === null ? { inline: textOf(inline) } : { blob: textOf(blob) },
      blobs: listOf(blobs),
      fetches: listOf(fetches),
    };
  }

  remove(jobId: string): void {
    this.#remove.run(jobId);
  }
}

/** Most lists are empty, and then not there. */
export function listText(list: readonly string[]): string | null {
  return list.length === 0 ? null : JSON.stringify(list);
}

export function listOf(value: unknown): readonly string[] {
  if (value === null) return [];
  const list: unknown = JSON.parse(textOf(value));
  if (!Array.isArray(list)) throw new Error('The database holds no list where one belongs');
  return list.map(textOf);
}
