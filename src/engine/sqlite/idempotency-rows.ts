import type { IdempotencyEntry, IdempotencyTable } from '../embedded/tables.js';
import { type Connection, integerOf, type Statement, textOf } from './sql.js';

/** The jobs that idempotency keys stand for. */
export class IdempotencyRows implements IdempotencyTable {
  readonly #entry: Statement;
  readonly #put: Statement;
  readonly #remove: Statement;
  readonly #removeExpired: Statement;

  constructor(connection: Connection) {
    this.#entry = connection.prepare(
      'SELECT fingerprint, job, seq, expires_at FROM idempotency WHERE owner = ? AND key = ?',
    );
    this.#put = connection.prepare(
      `INSERT OR REPLACE INTO idempotency (owner, key, fingerprint, job, seq, expires_at)
       VALUES (?, ?, ?, ?, ?, ?)`,
    );
    this.#remove = connection.prepare('DELETE FROM idempotency WHERE owner = ? AND key = ? AND job = ?');
    this.#removeExpired = connection.prepare(
      `DELETE FROM idempotency WHERE (owner, key) IN
       (SELECT owner, key FROM idempotency WHERE expires_at <= ? ORDER BY expires_at, owner, key LIMIT ?)`,
    );
  }

  get(owner: string, key: string): IdempotencyEntry | undefined {
    const row = this.#entry.one(owner, key);
    if (row === undefined) return undefined;
    const [fingerprint, job, seq, expiresAt] = row;
    return {
      fingerprint: textOf(fingerprint),
      jobId: textOf(job),
      seq: integerOf(seq),
      expiresAt: integerOf(expiresAt),
    };
  }

  put(owner: string, key: string, { fingerprint, jobId, seq, expiresAt }: IdempotencyEntry): void {
    this.#put.run(owner, key, fingerprint, jobId, seq, expiresAt);
  }

  remove(owner: string, key: string, jobId: string): void {
    this.#remove.run(owner, key, jobId);
  }

  removeExpired(by: number, limit: number): number {
    return this.#removeExpired.run(by, limit);
  }
}
