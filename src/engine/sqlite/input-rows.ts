import type { InputTable } from '../embedded/tables.js';
import type { JobInput, StoredInput } from '../engine.js';
import { type Connection, type Statement, textOf } from './sql.js';

/** What earlier versions, which did not store it, took from every address. */
const earlierFetch = {
  accept: ['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/svg+xml'],
  maxBytes: 20 * 1024 * 1024,
} as const;

/** The inputs of jobs. Stored apart from the jobs: they are large, and only a claim reads them. */
export class InputRows implements InputTable {
  readonly #add: Statement;
  readonly #input: Statement;
  readonly #remove: Statement;

  constructor(connection: Connection) {
    this.#add = connection.prepare(
      `INSERT INTO inputs (n, inline, blob, inputs) VALUES ((SELECT n FROM jobs WHERE id = ?), ?, ?, ?)`,
    );
    this.#input = connection.prepare(
      `SELECT inline, blob, inputs, blobs, fetches FROM inputs WHERE n = (SELECT n FROM jobs WHERE id = ?)`,
    );
    this.#remove = connection.prepare('DELETE FROM inputs WHERE n = (SELECT n FROM jobs WHERE id = ?)');
  }

  add(jobId: string, { request, inputs }: JobInput): void {
    const inline = 'inline' in request ? request.inline : null;
    const blob = 'blob' in request ? request.blob : null;
    // Most lists are empty, and then not there.
    this.#add.run(jobId, inline, blob, inputs.length === 0 ? null : JSON.stringify(inputs));
  }

  get(jobId: string): JobInput | undefined {
    const row = this.#input.one(jobId);
    if (row === undefined) return undefined;
    const [inline, blob, inputs, blobs, fetches] = row;
    return {
      request: blob === null ? { inline: textOf(inline) } : { blob: textOf(blob) },
      inputs: inputs === null ? earlierInputs(blobs, fetches) : inputsOf(inputs),
    };
  }

  remove(jobId: string): void {
    this.#remove.run(jobId);
  }
}

/** Trusts the database: the list comes from `add`. */
function inputsOf(value: unknown): readonly StoredInput[] {
  return JSON.parse(textOf(value)) as readonly StoredInput[];
}

/** Of a row from before inputs were one list: the blobs came first by their place, addresses were found by their text. */
function earlierInputs(blobs: unknown, fetches: unknown): readonly StoredInput[] {
  return [
    ...listOf(blobs).map((blob) => ({ blob })),
    ...listOf(fetches).map((url) => ({ url, ...earlierFetch })),
  ];
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
