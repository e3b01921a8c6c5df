import { join } from 'node:path';
import { Connection } from '../../src/engine/sqlite/sql.js';

/** What takes back each change of the schema, by its number, the newest first. */
const steps: readonly (readonly [schema: number, sql: string])[] = [
  [13, `DELETE FROM meta WHERE name = 'indexed_to'`],
  [12, 'DROP INDEX jobs_seldom; DROP INDEX groups_in_order;'],
  [10, 'DROP TABLE endpoints; DROP TABLE deliveries;'],
  [9, 'DROP TABLE small_blobs;'],
  // The columns `blobs` and `fetches` are there as before.
  [8, 'ALTER TABLE inputs DROP COLUMN inputs;'],
  [7, 'DROP TABLE job_search; DROP TABLE group_words; ALTER TABLE facts DROP COLUMN tags;'],
  [
    6,
    `DROP TABLE once; DROP TABLE once_usage; DROP TABLE library_versions; DROP TABLE library_entries;
     ALTER TABLE blob_references RENAME COLUMN holder TO job;`,
  ],
  [5, 'DROP TABLE parts;'],
  [4, 'DROP TABLE lives;'],
  [
    3,
    `DROP INDEX jobs_listed; DROP INDEX jobs_group;
     CREATE INDEX jobs_listed ON jobs(owner, status, id, kind);
     CREATE INDEX jobs_group ON jobs(owner, grp, id) WHERE grp IS NOT NULL;`,
  ],
  [2, 'DROP INDEX groups_place; ALTER TABLE groups DROP COLUMN place;'],
];

/** Makes the database of a directory what an older program left, and changes it as that could have done. */
export function setBack(directory: string, schema: number, sql = ''): void {
  const connection = new Connection(join(directory, 'inkwire.db'));
  for (const [made, undo] of steps) if (made > schema) connection.execute(undo);
  connection.execute(`${sql}; PRAGMA user_version = ${schema};`);
  connection.close();
}
