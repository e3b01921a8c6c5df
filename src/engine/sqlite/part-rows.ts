import { type Artifact, blobsOfArtifacts } from '../../jobs/job.js';
import type { PartTable } from '../embedded/tables.js';
import { type Connection, type Row, type Statement, textOf } from './sql.js';

/** Artifacts of jobs that may have many. Those that are for the job's own use have places below 0: -1, -2, ... */
export class PartRows implements PartTable {
  readonly #add: Statement;
  readonly #list: Statement;
  readonly #kept: Statement;
  readonly #byName: Statement;
  readonly #remove: Statement;

  constructor(connection: Connection) {
    this.#add = connection.prepare('INSERT INTO parts (job, place, name, part) VALUES (?, ?, ?, ?)');
    this.#list = connection.prepare(
      'SELECT part FROM parts WHERE job = ? AND place >= ? ORDER BY place LIMIT ?',
    );
    this.#kept = connection.prepare('SELECT part FROM parts WHERE job = ? AND place < 0 ORDER BY place DESC');
    this.#byName = connection.prepare('SELECT part FROM parts WHERE job = ? AND name = ?');
    this.#remove = connection.prepare('DELETE FROM parts WHERE job = ? RETURNING part');
  }

  append(jobId: string, from: number, artifacts: readonly Artifact[]): void {
    for (const [index, artifact] of artifacts.entries()) {
      this.#add.run(jobId, from + index, artifact.name, JSON.stringify(artifact));
    }
  }

  keep(jobId: string, from: number, artifacts: readonly Artifact[]): void {
    for (const [index, artifact] of artifacts.entries()) {
      this.#add.run(jobId, -1 - from - index, artifact.name, JSON.stringify(artifact));
    }
  }

  list(jobId: string, from: number, limit: number): readonly Artifact[] {
    return this.#list.all(jobId, from, limit).map(artifactOf);
  }

  kept(jobId: string): readonly Artifact[] {
    return this.#kept.all(jobId).map(artifactOf);
  }

  byName(jobId: string, name: string): Artifact | undefined {
    const row = this.#byName.one(jobId, name);
    return row && artifactOf(row);
  }

  remove(jobId: string): readonly string[] {
    return blobsOfArtifacts(this.#remove.all(jobId).map(artifactOf));
  }
}

/** The text was written by `append`. */
function artifactOf([text]: Row): Artifact {
  return JSON.parse(textOf(text)) as Artifact;
}
