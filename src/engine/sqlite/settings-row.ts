import type { SettingsTable } from '../embedded/tables.js';
import type { ServiceSettings } from '../settings.js';
import { type Connection, type Statement, textOf } from './sql.js';

/** The settings of the service, as JSON beside the other values of which there is one. */
export class SettingsRow implements SettingsTable {
  readonly #get: Statement;
  readonly #put: Statement;

  constructor(connection: Connection) {
    this.#get = connection.prepare(`SELECT value FROM meta WHERE name = 'settings'`);
    this.#put = connection.prepare(
      `INSERT INTO meta (name, value) VALUES ('settings', ?)
       ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE value <> excluded.value`,
    );
  }

  get(): ServiceSettings | undefined {
    const row = this.#get.one();
    // From `put`.
    return row === undefined ? undefined : (JSON.parse(textOf(row[0])) as ServiceSettings);
  }

  put(settings: ServiceSettings): void {
    this.#put.run(JSON.stringify(settings));
  }
}
