import { closeSync, fsyncSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { dist, owner, removeDirectory, temporaryDirectory } from './server.mjs';

const { openDatabase } = await import(join(dist, 'engine/sqlite/database.js'));

/** One store with a long history for all benchmarks of a run, since making it takes a minute. */
export class FilledStores {
  #finished;
  #say;
  /** @type {import('./figure.mjs').FilledStore | undefined} */
  #made;

  /**
   * @param {number} finished jobs
   * @param {(line: string) => void} say
   */
  constructor(finished, say) {
    this.#finished = finished;
    this.#say = say;
  }

  /** @returns {Promise<import('./figure.mjs').FilledStore>} */
  async open() {
    if (this.#made === undefined) {
      const directory = temporaryDirectory('history');
      const from = performance.now();
      const ids = fill(directory, this.#finished);
      this.#made = { directory, finished: this.#finished, ids };
      const seconds = (performance.now() - from) / 1000;
      this.#say(`wrote ${this.#finished} finished jobs straight into a store, ${seconds.toFixed(0)} s`);
    }
    return this.#made;
  }

  close() {
    if (this.#made === undefined) return;
    removeDirectory(this.#made.directory);
  }
}

const step = 50_000;
const request = JSON.stringify({ operations: [{ type: 'add_text', text: 'x'.repeat(400) }] });

/**
 * Finished jobs of the benchmarks' owner as the store itself would have left them, the last one an hour ago; nothing of
 * them is due, so that the sweeper leaves them alone. Their files are not there.
 * @param {string} directory
 * @param {number} finished
 * @returns {readonly string[]} ids
 */
function fill(directory, finished) {
  const spacingMs = 10;
  const begin = Date.now() - 3_600_000 - finished * spacingMs;
  const connection = openDatabase(directory);
  connection.execute('PRAGMA synchronous = OFF');
  for (let low = 0; low < finished; low += step) {
    const high = Math.min(low + step, finished);
    connection.execute(`
      BEGIN;
      CREATE TEMP TABLE made AS
        WITH RECURSIVE line(i) AS (SELECT ${low} UNION ALL SELECT i + 1 FROM line WHERE i + 1 < ${high})
        SELECT i, '${owner}' AS owner, ${begin} + i * ${spacingMs} AS at, lower(hex(randomblob(32))) AS sha,
          printf('job_%012x', ${begin} + i * ${spacingMs}) || lower(hex(randomblob(6))) AS id FROM line;
      INSERT INTO jobs (id, owner, kind, grp, priority, status, stage, due, ready, ready_at, rev, idempotency_key, job)
        SELECT id, owner, 'document', NULL, 0, 2, 2, at + 864000000, 0, at, 3, NULL,
          json_object('id', id, 'owner', owner, 'kind', 'document', 'priority', 0, 'status', 'completed', 'rev', 3,
            'attempt', 1, 'failures', 0, 'maxAttempts', 3, 'createdAt', at, 'startedAt', at, 'completedAt', at,
            'readyAt', at, 'waitDeadline', at + 86400000, 'runTimeoutMs', 60000, 'resultTtlMs', 864000000,
            'expiresAt', at + 864000000, 'pages', 1, 'artifacts', json_array(json_object('name', 'document.pdf',
            'contentType', 'application/pdf', 'sizeBytes', 20000, 'sha256', sha, 'blob', substr(id, 5) || '-1-0-' || sha)))
        FROM made ORDER BY i;
      INSERT INTO inputs (n, inline) SELECT jobs.n, '${request}' FROM made JOIN jobs ON jobs.id = made.id ORDER BY i;
      INSERT INTO blob_references (name, holder) SELECT substr(id, 5) || '-1-0-' || sha, id FROM made ORDER BY i;
      INSERT INTO facts (at, type, owner, job, kind, rev, record)
        SELECT at, 'job.completed', owner, id, 'document', 3, '{"job_id":"' || id || '","filler":"${'x'.repeat(500)}"}'
        FROM made ORDER BY i;
      DROP TABLE made;
      COMMIT;`);
  }
  const every = Math.max(1, Math.floor(finished / 2000));
  const ids = connection.prepare('SELECT id FROM jobs WHERE n % ? = 1 ORDER BY random()').all(every);
  connection.pragma('wal_checkpoint(TRUNCATE)');
  connection.close();
  // On the disk before anything is measured: it would be part of the first sync.
  const file = openSync(join(directory, 'inkwire.db'), 'r+');
  fsyncSync(file);
  closeSync(file);
  return ids.map(([id]) => String(id));
}
