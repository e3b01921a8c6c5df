import type { Artifact } from '../../jobs/job.js';
import type { PartTable } from '../embedded/tables.js';
import { type Connection, type Row, type Statement, textOf } from './sql.js';

/** Artifacts of jobs that may have many. */
export class PartRows implements PartTable {
  readonly #add: Statement;
  readonly #list: Statement;
  readonly #byName: Statement;
  readonly #remove: Statement;

  constructor(connection: Connection) {
    this.#add = connection.prepare('INSERT INTO parts (job, place, name, part) VALUES (?, ?, ?, ?)');
    this.#list = connection.prepare(
      'SELECT part FROM parts WHERE job = ? AND place >= ? ORDER BY place LIMIT ?',
    );
    this.#byName = connection.prepare('SELECT part FROM parts WHERE job = ? AND name = ?');
    this.#remove = connection.prepare('DELETE FROM parts WHERE job = ? RETURNING part');
  }

  append(jobId: string, from: number, artifacts: readonly Artifact[]): void {
    for (const [index, artifact] of artifacts.entries()) {
      this.#add.run(jobId, from + index, artifact.name, JSON.stringify(artifact));
    }
  }

  list(jobId: string, from: number, limit: number): readonly Artifact[] {
    return this.#list.all(jobId, from, limit).map(artifactOf);
  }

  byName(jobId: string, name: string): Artifact | undefined {
    const row = this.#byName.one(jobId, name);
    return row && artifactOf(row);
  }

  remove(jobId: string): readonly string[] {
    return this.#remove.all(jobId).map((row) => artifactOf(row).blob);
  }
}

/** The text was written by `append`. */
function artifactOf([text]: Row): Artifact {
  return JSON.parse(textOf(text)) as Artifact;
}
