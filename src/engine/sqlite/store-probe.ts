import type { Connection, Statement } from './sql.js';

/** Whether the database can be used: reads the newest rows of what every job needs, and writes one. */
export class StoreProbe {
  readonly #reads: readonly Statement[];
  readonly #write: Statement;

  constructor(connection: Connection) {
    this.#reads = ['jobs ORDER BY n', 'facts ORDER BY seq', 'inputs ORDER BY n'].map((rows) =>
      connection.prepare(`SELECT * FROM ${rows} DESC LIMIT 1`),
    );
    this.#write = connection.prepare(`UPDATE meta SET value = value WHERE name = 'epoch'`);
  }

  /** Within a transaction that may write. */
  run(): void {
    for (const read of this.#reads) read.one();
    this.#write.run();
  }
}
