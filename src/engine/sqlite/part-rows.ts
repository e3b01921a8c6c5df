import { blobsOfParts, type Part, type PlacedPart, placed } from '../../jobs/parts.js';
import type { PartTable } from '../embedded/tables.js';
import type { PartViews } from '../embedded/views.js';
import { type Connection, integerOf, type Row, type Statement, textOf } from './sql.js';

/** Artifacts of jobs that may have many. Those that are for the job's own use have places below 0: -1, -2, ... */
export class PartRows implements PartTable, PartViews {
  readonly #add: Statement;
  readonly #list: Statement;
  readonly #shown: Statement;
  readonly #kept: Statement;
  readonly #byName: Statement;
  readonly #lastBetween: Statement;
  readonly #remove: Statement;

  constructor(connection: Connection) {
    this.#add = connection.prepare('INSERT INTO parts (job, place, name, part) VALUES (?, ?, ?, ?)');
    // What is at a place may be in the part before it.
    this.#list = connection.prepare(
      `SELECT place, part FROM parts WHERE job = ?1 AND place < ?3 AND place >= ifnull(
         (SELECT max(place) FROM parts WHERE job = ?1 AND place >= 0 AND place <= ?2), 0) ORDER BY place`,
    );
    this.#shown = connection.prepare('SELECT part FROM parts WHERE job = ? AND place >= 0 ORDER BY place');
    this.#kept = connection.prepare('SELECT part FROM parts WHERE job = ? AND place < 0 ORDER BY place DESC');
    this.#byName = connection.prepare('SELECT part FROM parts WHERE job = ? AND name = ?');
    this.#lastBetween = connection.prepare(
      'SELECT part FROM parts WHERE job = ? AND name >= ? AND name <= ? ORDER BY name DESC LIMIT 1',
    );
    this.#remove = connection.prepare('DELETE FROM parts WHERE job = ? RETURNING part');
  }

  append(jobId: string, from: number, parts: readonly Part[]): void {
    for (const { place, part } of placed(parts, from))
      this.#add.run(jobId, place, part.name, JSON.stringify(part));
  }

  keep(jobId: string, from: number, parts: readonly Part[]): void {
    for (const [index, part] of parts.entries())
      this.#add.run(jobId, -1 - from - index, part.name, JSON.stringify(part));
  }

  list(jobId: string, from: number, to: number): readonly PlacedPart[] {
    const found = this.#list.all(jobId, from, to);
    return found.map(([place, text]) => ({ place: integerOf(place), part: partOf([text]) }));
  }

  shown(jobId: string): readonly Part[] {
    return this.#shown.all(jobId).map(partOf);
  }

  kept(jobId: string): readonly Part[] {
    return this.#kept.all(jobId).map(partOf);
  }

  byName(jobId: string, name: string): Part | undefined {
    const row = this.#byName.one(jobId, name);
    return row && partOf(row);
  }

  lastBetween(jobId: string, from: string, to: string): Part | undefined {
    const row = this.#lastBetween.one(jobId, from, to);
    return row && partOf(row);
  }

  remove(jobId: string): readonly string[] {
    return blobsOfParts(this.#remove.all(jobId).map(partOf));
  }
}

/** The text was written by `append` or `keep`. */
function partOf([text]: Row): Part {
  return JSON.parse(textOf(text)) as Part;
}
