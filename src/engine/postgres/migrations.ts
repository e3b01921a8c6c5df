import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { StoreFailed } from '../engine.js';

/** Texts are compared by their bytes, whatever the order of the database's language. */
const text = 'text COLLATE "C"';

/** A fiftieth of a table, at ten times the pace. */
const promptVacuum = 'autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_limit = 2000';

/**
 * Every version of the schema, from empty on; the number of a migration is its place. A released migration is never
 * edited: a change is another one at the end. Within one version of the program they only add: nodes of two
 * neighbouring versions work side by side.
 *
 * `head` is one row, which nearly every commit writes; so are `owners` of those that have jobs. Their pages have room
 * for the next versions of a row, so that no index has to be written.
 */
const migrations: readonly string[] = [
  `
  CREATE TABLE head (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    epoch text NOT NULL,
    life text NOT NULL DEFAULT '0',
    lives text NOT NULL DEFAULT '[{"life":"0","first":0}]',
    last bigint NOT NULL DEFAULT 0,
    trimmed_to bigint NOT NULL DEFAULT 0,
    pending bigint NOT NULL DEFAULT 0,
    running bigint NOT NULL DEFAULT 0,
    scheduled bigint NOT NULL DEFAULT 0,
    pass float8 NOT NULL DEFAULT 0,
    came bigint NOT NULL DEFAULT 0,
    change bigint NOT NULL DEFAULT 0,
    settings text
  ) WITH (fillfactor = 30);
  CREATE TABLE nodes (
    node ${text} PRIMARY KEY, batch bigint NOT NULL, at timestamptz NOT NULL DEFAULT now()
  ) WITH (fillfactor = 30);
  CREATE TABLE workers (worker ${text} PRIMARY KEY, until bigint NOT NULL) WITH (fillfactor = 30);
  CREATE TABLE duties (duty ${text} PRIMARY KEY, worker ${text} NOT NULL);

  CREATE TABLE jobs (
    id ${text} PRIMARY KEY,
    owner ${text} NOT NULL,
    kind ${text} NOT NULL,
    grp ${text},
    priority int NOT NULL,
    status int NOT NULL,
    stage int NOT NULL,
    due bigint NOT NULL,
    queue int,
    ready_at bigint NOT NULL,
    rev int NOT NULL,
    key ${text},
    job text NOT NULL
  );
  CREATE INDEX jobs_listed ON jobs (owner, status, kind, id);
  CREATE INDEX jobs_group ON jobs (owner, grp, status, kind, id) WHERE grp IS NOT NULL;
  CREATE INDEX jobs_ready ON jobs (owner, priority DESC, id) WHERE queue = 1;
  CREATE INDEX jobs_scheduled ON jobs (ready_at, id) WHERE queue = 0;
  CREATE INDEX jobs_pending ON jobs (id) WHERE status = 0;
  CREATE INDEX jobs_due ON jobs (stage, due, id);

  CREATE TABLE owners (
    owner ${text} PRIMARY KEY,
    pending int NOT NULL,
    ready int NOT NULL,
    running int NOT NULL,
    pass float8,
    came bigint
  ) WITH (fillfactor = 70);
  CREATE INDEX owners_turn ON owners (pass, came) WHERE ready > 0;

  CREATE TABLE inputs (job ${text} PRIMARY KEY, input text NOT NULL);

  CREATE TABLE parts (
    job ${text}, name ${text}, place int NOT NULL, part text NOT NULL, PRIMARY KEY (job, name)
  );
  CREATE INDEX parts_place ON parts (job, place);

  CREATE TABLE idempotency (
    owner ${text},
    key ${text},
    fingerprint text NOT NULL,
    job ${text} NOT NULL,
    seq bigint NOT NULL,
    expires_at bigint NOT NULL,
    PRIMARY KEY (owner, key)
  );
  CREATE INDEX idempotency_expiry ON idempotency (expires_at, owner, key);

  CREATE TABLE facts (
    seq bigint PRIMARY KEY,
    at bigint NOT NULL,
    type text NOT NULL,
    owner ${text} NOT NULL,
    job ${text} NOT NULL,
    kind ${text} NOT NULL,
    grp ${text},
    tags text,
    rev int NOT NULL,
    record text NOT NULL
  );
  CREATE INDEX facts_owner ON facts (owner, seq);
  CREATE INDEX facts_job ON facts (job, seq) WHERE job <> '';
  CREATE INDEX facts_group ON facts (owner, grp, seq) WHERE grp IS NOT NULL;

  CREATE TABLE groups (
    owner ${text},
    name ${text},
    place bigint NOT NULL,
    pending int NOT NULL,
    running int NOT NULL,
    completed int NOT NULL,
    failed int NOT NULL,
    cancelled int NOT NULL,
    PRIMARY KEY (owner, name)
  );
  CREATE INDEX groups_place ON groups (owner, place);

  CREATE TABLE blob_references (name ${text}, holder ${text}, PRIMARY KEY (name, holder));
  CREATE TABLE small_blobs (name ${text} PRIMARY KEY, bytes bytea NOT NULL);

  CREATE TABLE library_entries (
    collection ${text},
    owner ${text},
    name ${text},
    last int NOT NULL,
    retired_at bigint,
    kept_until bigint,
    PRIMARY KEY (collection, owner, name)
  );
  CREATE INDEX library_over ON library_entries (kept_until, collection, owner, name) WHERE kept_until IS NOT NULL;
  CREATE TABLE library_versions (
    collection ${text},
    owner ${text},
    name ${text},
    version int,
    created_at bigint NOT NULL,
    value text NOT NULL,
    blobs text NOT NULL,
    PRIMARY KEY (collection, owner, name, version)
  );

  CREATE TABLE once (
    collection ${text},
    key ${text},
    owner ${text} NOT NULL,
    value text NOT NULL,
    expires_at bigint NOT NULL,
    PRIMARY KEY (collection, key)
  );
  CREATE INDEX once_expiry ON once (expires_at, collection, key);

  CREATE TABLE usage (
    what text, owner ${text}, collection ${text}, entries int NOT NULL, length bigint NOT NULL,
    PRIMARY KEY (what, owner, collection)
  ) WITH (fillfactor = 70);

  CREATE TABLE endpoints (
    owner ${text},
    id ${text},
    change bigint NOT NULL UNIQUE,
    job ${text},
    created_at bigint NOT NULL,
    open boolean NOT NULL,
    place bigint NOT NULL,
    value text NOT NULL,
    state text NOT NULL,
    kept_until bigint,
    PRIMARY KEY (owner, id)
  );
  CREATE INDEX endpoints_open ON endpoints (change) WHERE open;
  CREATE INDEX endpoints_over ON endpoints (kept_until, owner, id) WHERE kept_until IS NOT NULL;
  CREATE TABLE deliveries (
    n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner ${text} NOT NULL,
    endpoint ${text} NOT NULL,
    id ${text} NOT NULL,
    due_at bigint,
    kept_until bigint NOT NULL,
    value text NOT NULL,
    UNIQUE (owner, endpoint, id)
  );
  CREATE INDEX deliveries_finished ON deliveries (owner, endpoint, n) WHERE due_at IS NULL;
  CREATE INDEX deliveries_waiting ON deliveries (owner, endpoint, n) WHERE due_at IS NOT NULL;
  CREATE INDEX deliveries_old ON deliveries (kept_until, owner, endpoint, id) WHERE due_at IS NULL;

  CREATE TABLE keys (kid ${text} PRIMARY KEY, key text NOT NULL);
  `,
  // A part may be a run of artifacts, which earlier programs do not know.
  'SELECT 1',
  // Listings of every owner. Jobs that end as most do, or that wait, are found by their ids; the others are few.
  `
  CREATE INDEX jobs_seldom ON jobs (status, id) WHERE status IN (3, 4);
  CREATE INDEX groups_in_order ON groups (place);
  `,
  // A column that is named by the condition of an index counts as one of it: a change of it writes all indexes anew. Every
  // submit changes how many of an owner's jobs are ready, and hardly one whether any is.
  `
  ALTER TABLE owners ADD COLUMN eligible boolean GENERATED ALWAYS AS (ready > 0) STORED;
  DROP INDEX owners_turn;
  CREATE INDEX owners_turn ON owners (pass, came) WHERE eligible;
  `,
  // What callers say of jobs. Those that are there already are looked at one by one until they go.
  `
  CREATE TABLE job_tokens (token bigint, job ${text}, PRIMARY KEY (token, job));
  ALTER TABLE jobs ADD COLUMN indexed boolean;
  CREATE INDEX jobs_unindexed ON jobs (owner, id) WHERE indexed IS NOT TRUE;
  `,
  // Rows live for as long as retention says, and as many go as come. By its own measure autovacuum waits until a fifth of
  // a table is dead, and then takes so long for it that the table has grown by as much again.
  [
    'jobs',
    'inputs',
    'parts',
    'job_tokens',
    'facts',
    'groups',
    'idempotency',
    'once',
    'blob_references',
    'small_blobs',
    'deliveries',
  ]
    .map((table) => `ALTER TABLE ${table} SET (${promptVacuum})`)
    .join(';'),
  // Requests leave out what was made of them, which earlier programs do not know.
  'SELECT 1',
  // What nodes behind a pooler of transactions are known and told by: they hold no lock and hear no message. After a crash
  // of the server it is empty, and soon said anew.
  `
  CREATE UNLOGGED TABLE present (
    node ${text} PRIMARY KEY, gateway boolean NOT NULL, origin text NOT NULL, until timestamptz NOT NULL
  ) WITH (fillfactor = 30);
  CREATE UNLOGGED TABLE progress (
    job ${text} PRIMARY KEY, node ${text} NOT NULL, at timestamptz NOT NULL, value text NOT NULL
  ) WITH (fillfactor = 30);
  `,
];

/** The newest schema that this program knows. */
export const schemaVersion = migrations.length;

/**
 * Brings the schema of a service to the version of this program, made where it is not there. Several nodes may try at
 * once: each waits for the one before it. Throws for a newer one.
 * @param schema a plain name
 */
export async function migrate(client: pg.Client, schema: string): Promise<void> {
  await client.query('BEGIN');
  try {
    // One number for all services of a database: a start is rare.
    await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', ['inkwire migrations']);
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
    await client.query(`SET LOCAL search_path = ${schema}`);
    await client.query('CREATE TABLE IF NOT EXISTS schema_version (version int NOT NULL)');
    const { rows } = await client.query<{ version: number }>('SELECT version FROM schema_version');
    const version = rows[0]?.version ?? 0;
    if (version > schemaVersion) {
      throw new StoreFailed(
        'schema-too-new',
        `The database has schema ${version}, this program knows ${schemaVersion}: it was used by a newer program`,
      );
    }
    for (const migration of migrations.slice(version)) await client.query(migration);
    if (version === 0) {
      await client.query('INSERT INTO schema_version (version) VALUES ($1)', [schemaVersion]);
      await client.query('INSERT INTO head (epoch) VALUES ($1)', [randomBytes(8).toString('hex')]);
    } else if (version < schemaVersion) {
      await client.query('UPDATE schema_version SET version = $1', [schemaVersion]);
    }
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}
