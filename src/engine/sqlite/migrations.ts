import { randomBytes } from 'node:crypto';
import { StoreFailed } from '../engine.js';
import { type Connection, integerOf } from './sql.js';

/**
 * Every version of the schema, from empty on; the number of a migration is its place. A released migration is never
 * edited: a change is another one at the end.
 *
 * There are few indexes, since each costs every submit, most of all those that begin with the owner: a batch of many
 * owners writes a page for each. Listings use `jobs_listed` and `jobs_group`, claims `jobs_pending` (as large as the
 * queue), the backoff `jobs_later`, retention and deadlines `jobs_due`, and listings of every owner `jobs_seldom`. Ids begin with the time, so that all of
 * them grow at their end. An input has the row number of its job.
 */
const migrations: readonly string[] = [
  `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE jobs (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    owner TEXT NOT NULL,
    kind TEXT NOT NULL,
    grp TEXT,
    priority INTEGER NOT NULL,
    status INTEGER NOT NULL,
    stage INTEGER NOT NULL,
    due INTEGER NOT NULL,
    ready INTEGER NOT NULL,
    ready_at INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    idempotency_key TEXT,
    job TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX jobs_id ON jobs(id);
  CREATE INDEX jobs_listed ON jobs(owner, status, id, kind);
  CREATE INDEX jobs_group ON jobs(owner, grp, id) WHERE grp IS NOT NULL;
  CREATE INDEX jobs_pending ON jobs(owner, ready, priority DESC, id) WHERE status = 0;
  CREATE INDEX jobs_later ON jobs(ready_at) WHERE status = 0 AND ready = 0;
  CREATE INDEX jobs_due ON jobs(stage, due);

  CREATE TABLE inputs (
    n INTEGER PRIMARY KEY,
    inline TEXT,
    blob TEXT,
    blobs TEXT,
    fetches TEXT
  ) STRICT;

  CREATE TABLE idempotency (
    owner TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    job TEXT NOT NULL,
    seq INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (owner, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX idempotency_expiry ON idempotency(expires_at);

  CREATE TABLE facts (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    type TEXT NOT NULL,
    owner TEXT NOT NULL,
    job TEXT NOT NULL,
    kind TEXT NOT NULL,
    grp TEXT,
    rev INTEGER NOT NULL,
    record TEXT NOT NULL
  ) STRICT;
  CREATE INDEX facts_owner ON facts(owner, seq);
  CREATE INDEX facts_job ON facts(job, seq) WHERE job <> '';
  CREATE INDEX facts_group ON facts(owner, grp, seq) WHERE grp IS NOT NULL;

  CREATE TABLE groups (
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    pending INTEGER NOT NULL,
    running INTEGER NOT NULL,
    completed INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    cancelled INTEGER NOT NULL,
    PRIMARY KEY (owner, name)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE blob_references (
    name TEXT NOT NULL,
    job TEXT NOT NULL,
    PRIMARY KEY (name, job)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE keys (
    kid TEXT PRIMARY KEY,
    key TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  // Groups are listed by their last fact. Those whose facts are gone come after all others, no two at one place.
  `
  ALTER TABLE groups ADD COLUMN place INTEGER NOT NULL DEFAULT 0;
  UPDATE groups SET place = coalesce(
    (SELECT max(seq) FROM facts INDEXED BY facts_group WHERE facts.owner = groups.owner AND facts.grp = groups.name), 0
  );
  UPDATE groups SET place = ranked.place
  FROM (SELECT owner, name, -row_number() OVER (ORDER BY owner, name) AS place FROM groups WHERE place = 0) AS ranked
  WHERE groups.owner = ranked.owner AND groups.name = ranked.name;
  CREATE INDEX groups_place ON groups(owner, place);
  `,
  // Without this index, a listing that finds few jobs or none looked at every job of its owner.
  `
  DROP INDEX jobs_listed;
  DROP INDEX jobs_group;
  CREATE INDEX jobs_listed ON jobs(owner, status, kind, id);
  CREATE INDEX jobs_group ON jobs(owner, grp, status, kind, id) WHERE grp IS NOT NULL;
  `,
  // Which life wrote which facts. Facts from before this table belong to one life, which their cursors do not name.
  `
  CREATE TABLE lives (first INTEGER PRIMARY KEY, life TEXT NOT NULL) STRICT;
  INSERT INTO lives (first, life) VALUES (0, '0');
  `,
  // Artifacts that were made before their job's end, and those of jobs with too many for the record.
  `
  CREATE TABLE parts (
    job TEXT NOT NULL,
    place INTEGER NOT NULL,
    name TEXT NOT NULL,
    part TEXT NOT NULL,
    PRIMARY KEY (job, place)
  ) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX parts_name ON parts(job, name);
  `,
  // The library, values that are taken once, and blobs that a version of the library holds as well as a job.
  `
  ALTER TABLE blob_references RENAME COLUMN job TO holder;

  CREATE TABLE library_entries (
    collection TEXT NOT NULL,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    last INTEGER NOT NULL,
    retired_at INTEGER,
    kept_until INTEGER,
    PRIMARY KEY (collection, owner, name)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX library_retired ON library_entries(kept_until) WHERE kept_until IS NOT NULL;

  CREATE TABLE library_versions (
    n INTEGER PRIMARY KEY,
    collection TEXT NOT NULL,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    value TEXT NOT NULL,
    blobs TEXT
  ) STRICT;
  CREATE UNIQUE INDEX library_versions_named ON library_versions(collection, owner, name, version);

  CREATE TABLE once (
    collection TEXT NOT NULL,
    key TEXT NOT NULL,
    owner TEXT NOT NULL,
    value TEXT NOT NULL,
    length INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (collection, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX once_expiry ON once(expires_at);

  CREATE TABLE once_usage (
    owner TEXT NOT NULL,
    collection TEXT NOT NULL,
    entries INTEGER NOT NULL,
    length INTEGER NOT NULL,
    PRIMARY KEY (owner, collection)
  ) STRICT, WITHOUT ROWID;
  CREATE TRIGGER once_added AFTER INSERT ON once BEGIN
    INSERT INTO once_usage (owner, collection, entries, length) VALUES (new.owner, new.collection, 1, new.length)
    ON CONFLICT (owner, collection) DO UPDATE SET entries = entries + 1, length = length + excluded.length;
  END;
  CREATE TRIGGER once_removed AFTER DELETE ON once BEGIN
    UPDATE once_usage SET entries = entries - 1, length = length - old.length
    WHERE owner = old.owner AND collection = old.collection;
    DELETE FROM once_usage WHERE owner = old.owner AND collection = old.collection AND entries = 0;
  END;
  `,
  // What callers say of jobs: an index of those that have a description, the words of groups' names, and tags in facts.
  `
  CREATE VIRTUAL TABLE job_search USING fts5(
    tokens, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
  );

  CREATE TABLE group_words (
    owner TEXT NOT NULL,
    word TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (owner, word, name)
  ) STRICT, WITHOUT ROWID;
  INSERT OR IGNORE INTO group_words (owner, word, name)
  WITH RECURSIVE rest(owner, name, word, text) AS (
    SELECT owner, name, '', lower(replace(replace(replace(replace(name, '.', ' '), '_', ' '), ':', ' '), '-', ' ')) || ' '
    FROM groups
    UNION ALL
    SELECT owner, name, substr(text, 1, instr(text, ' ') - 1), substr(text, instr(text, ' ') + 1)
    FROM rest WHERE text <> ''
  )
  SELECT owner, substr(word, 1, 64), name FROM rest WHERE word <> '';

  ALTER TABLE facts ADD COLUMN tags TEXT;
  `,
  // One list instead of `blobs` and `fetches`, which the rows of earlier jobs still have.
  `
  ALTER TABLE inputs ADD COLUMN inputs TEXT;
  `,
  // Small artifacts, whose bytes belong to the commit that names them. Their names grow with time: no page is split.
  `
  CREATE TABLE small_blobs (n INTEGER PRIMARY KEY, name TEXT NOT NULL, bytes BLOB NOT NULL) STRICT;
  CREATE UNIQUE INDEX small_blobs_name ON small_blobs(name);
  `,
  // Endpoints that are told of facts. A row gets another number with each change, and no number comes twice.
  `
  CREATE TABLE endpoints (
    change INTEGER PRIMARY KEY AUTOINCREMENT,
    owner TEXT NOT NULL,
    id TEXT NOT NULL,
    job TEXT,
    created_at INTEGER NOT NULL,
    open INTEGER NOT NULL,
    place INTEGER NOT NULL,
    value TEXT NOT NULL,
    state TEXT NOT NULL,
    kept_until INTEGER
  ) STRICT;
  CREATE UNIQUE INDEX endpoints_id ON endpoints(owner, id);
  CREATE INDEX endpoints_own ON endpoints(owner, id) WHERE job IS NULL;
  CREATE INDEX endpoints_open ON endpoints(change) WHERE open = 1;
  CREATE INDEX endpoints_kept ON endpoints(kept_until) WHERE kept_until IS NOT NULL;

  CREATE TABLE deliveries (
    n INTEGER PRIMARY KEY,
    owner TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    id TEXT NOT NULL,
    due_at INTEGER,
    kept_until INTEGER NOT NULL,
    value TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX deliveries_id ON deliveries(owner, endpoint, id);
  CREATE INDEX deliveries_finished ON deliveries(owner, endpoint, n) WHERE due_at IS NULL;
  CREATE INDEX deliveries_waiting ON deliveries(owner, endpoint, n) WHERE due_at IS NOT NULL;
  CREATE INDEX deliveries_kept ON deliveries(kept_until) WHERE due_at IS NULL;
  `,
  // A part may be a run of artifacts, which earlier programs do not know.
  'SELECT 1',
  // Listings of every owner. Jobs that end as most do, or that wait, are found by their ids; the others are few.
  `
  CREATE INDEX jobs_seldom ON jobs(status, id) WHERE status IN (3, 4);
  CREATE INDEX groups_in_order ON groups(place);
  `,
  // The index of described jobs leaves out those behind this one: a start looks for them.
  `INSERT INTO meta (name, value) SELECT 'indexed_to', coalesce(max(id), '') FROM jobs`,
  // Requests leave out what was made of them, which earlier programs do not know.
  'SELECT 1',
];

/** The newest schema that this program knows. */
export const schemaVersion = migrations.length;

/** Brings a database to the version of this program; two processes may try at once. Throws for a newer one. */
export function migrate(connection: Connection): void {
  if (versionOf(connection) === migrations.length) return;
  connection.execute('BEGIN IMMEDIATE');
  try {
    const version = versionOf(connection);
    if (version > migrations.length) {
      throw new StoreFailed(
        'schema-too-new',
        `The database has schema ${version}, this program knows ${migrations.length}: it was used by a newer program`,
      );
    }
    for (const migration of migrations.slice(version)) connection.execute(migration);
    if (version === 0) {
      const begin = connection.prepare('INSERT INTO meta (name, value) VALUES (?, ?)');
      begin.run('epoch', randomBytes(8).toString('hex'));
      begin.run('trimmed_to', 0);
    }
    connection.execute(`PRAGMA user_version = ${migrations.length}`);
    connection.execute('COMMIT');
  } catch (error) {
    if (connection.inTransaction) connection.execute('ROLLBACK');
    throw error;
  }
}

function versionOf(connection: Connection): number {
  return integerOf(connection.pragma('user_version'));
}
