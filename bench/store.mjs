// Measures the SQLite store alone, without HTTP and rendering.
// Usage: npm run build && node bench/store.mjs [--finished=1000000] [--waiting=10000] [--seconds=4] [--concurrency=32] [--directory=...]
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { smallBlobName } from '../dist/src/engine/blobs.js';
import { openDatabase } from '../dist/src/engine/sqlite/database.js';
import { openSqliteEngine } from '../dist/src/engine/sqlite/sqlite-engine.js';
import { pendingJob } from './kit/pending-job.mjs';

const { values } = parseArgs({
  options: {
    finished: { type: 'string', default: '0' },
    waiting: { type: 'string', default: '0' },
    seconds: { type: 'string', default: '4' },
    concurrency: { type: 'string', default: '32' },
    directory: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
const concurrency = Number(values.concurrency);
const directory = values.directory ?? mkdtempSync(join(tmpdir(), 'inkwire-bench-'));
const request = JSON.stringify({ operations: [{ type: 'add_text', text: 'x'.repeat(400) }] });
const owners = Array.from({ length: 10 }, (_, n) => `owner-${n}`);

console.log(`node ${process.version}, ${cpus().length} x ${cpus()[0]?.model}, ${directory}`);
fill(Number(values.finished), Number(values.waiting));
const openedFrom = performance.now();
const engine = await openSqliteEngine({
  directory,
  fairness: { maxRunningPerOwner: 1_000_000, weights: {} },
});
console.log(`open ${(performance.now() - openedFrom).toFixed(0)} ms`);
const { store } = engine;
const ids = [];

await measure('submit', (n) => submit(n, () => undefined));
await measure('submit with key', (n) =>
  submit(n, ({ id, createdAt }) => ({ key: id, fingerprint: id, expiresAt: createdAt + 86_400_000 })),
);
await measure('claim + start + complete', () => runJob((scope, sha256) => ({ blob: `${scope}-${sha256}` })));
// The same with the bytes of a page of text, kept in both ways that there are.
await measure('with a file', () =>
  runJob(async (scope, sha256, bytes) => {
    const path = engine.blobs.aside();
    await writeFile(path, bytes, { flag: 'wx' });
    return { blob: await engine.blobs.keep({ path, sha256 }, scope) };
  }),
);
await measure('with stored bytes', () =>
  runJob((scope, sha256, bytes) => {
    const blob = smallBlobName(sha256, scope);
    return { blob, blobs: [{ name: blob, bytes }] };
  }),
);
await measure('get', async () => {
  const job = ids[Math.floor(Math.random() * ids.length)];
  if ((await store.get(job.owner, job.id)) === undefined) throw new Error('Gone');
});
await measure('list 50', async (n) => {
  await store.list({ owner: owners[n % owners.length] ?? '', limit: 50 });
});
await measure('facts 100', async (n) => {
  await store.facts({ owner: owners[n % owners.length] ?? '', after: n * 50, limit: 100 });
});
await measure('depth', async () => void (await store.depth()));
await engine.close();
if (values.directory === undefined) rmSync(directory, { recursive: true });

/** @param keep gives the name of the blob, and the bytes that go with the commit */
async function runJob(keep) {
  const now = Date.now();
  const [claimed] = await store.claim({ worker: 'bench', limit: 1, now, leaseUntil: now + 30_000 });
  if (claimed === undefined) throw new Error('Nothing to claim');
  const { job } = claimed;
  const bytes = new Uint8Array(randomBytes(28_800));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  await store.apply(job.id, { type: 'start', claim: job.claims }, Date.now());
  const { blob, blobs = [] } = await keep(job.id.slice('job_'.length), sha256, bytes);
  const artifact = {
    name: 'document.pdf',
    contentType: 'application/pdf',
    sizeBytes: bytes.length,
    sha256,
    blob,
  };
  const result = { artifacts: [artifact], pages: 1 };
  const command = { type: 'complete', claim: job.claims, result };
  const outcome = await store.apply(job.id, command, Date.now(), { blobs });
  if (!outcome.ok) throw new Error(outcome.refusal);
}

async function submit(n, idempotencyOf) {
  const job = pendingJob(owners[n % owners.length] ?? '');
  const outcome = await store.submit({
    job,
    input: { request: { inline: request }, inputs: [] },
    idempotency: idempotencyOf(job),
    limits: { maxPending: 10_000_000, maxPendingPerOwner: 10_000_000 },
  });
  if (outcome.type !== 'created') throw new Error(outcome.type);
  ids.push(job);
}

/** Runs an operation from as many callers as `concurrency` says and prints rate, processor time of all threads for each, share that
 * this thread was busy, latency and delay of this thread. */
async function measure(name, operation) {
  const latencies = [];
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const busyFrom = performance.eventLoopUtilization();
  const cpuFrom = process.cpuUsage();
  const from = performance.now();
  const until = from + seconds * 1000;
  let n = 0;
  const caller = async () => {
    while (performance.now() < until) {
      const started = performance.now();
      n += 1;
      await operation(n);
      latencies.push(performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, caller));
  const elapsed = (performance.now() - from) / 1000;
  delay.disable();
  const { user, system } = process.cpuUsage(cpuFrom);
  const busy = performance.eventLoopUtilization(busyFrom).utilization;
  latencies.sort((a, b) => a - b);
  const at = (share) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))];
  const rate = Math.round(latencies.length / elapsed);
  const cpuMicros = Math.round((user + system) / latencies.length);
  console.log(
    [
      `${name.padEnd(24)} ${String(rate).padStart(6)}/s ${String(cpuMicros).padStart(4)} us cpu, main busy ${Math.round(busy * 100)}%`,
      `p50 ${at(0.5).toFixed(2)} p99 ${at(0.99).toFixed(2)} p99.9 ${at(0.999).toFixed(2)} max ${at(1).toFixed(1)} ms`,
      `loop delay p99 ${(delay.percentile(99) / 1e6).toFixed(1)} max ${(delay.max / 1e6).toFixed(1)} ms`,
    ].join('   '),
  );
}

/** Writes finished and waiting jobs straight into the tables, a second apart, the last one an hour ago. */
function fill(finished, waiting) {
  if (finished + waiting === 0) return;
  const from = performance.now();
  const connection = openDatabase(directory);
  if (connection.prepare('SELECT count(*) FROM (SELECT 1 FROM jobs LIMIT 1)').one()[0] > 0)
    return connection.close();
  connection.execute('PRAGMA synchronous = OFF');
  const spacingMs = 10;
  const begin = Date.now() - 3_600_000 - (finished + waiting) * spacingMs;
  const sha = `lower(hex(randomblob(32)))`;
  const step = 50_000;
  for (let low = 0; low < finished + waiting; low += step) {
    const high = Math.min(low + step, finished + waiting);
    connection.execute(`
      BEGIN;
      CREATE TEMP TABLE made AS
        WITH RECURSIVE line(i) AS (SELECT ${low} UNION ALL SELECT i + 1 FROM line WHERE i + 1 < ${high})
        SELECT i, i < ${finished} AS done, 'owner-' || (i % 10) AS owner, ${begin} + i * ${spacingMs} AS at, ${sha} AS sha,
          printf('job_%012x', ${begin} + i * ${spacingMs}) || lower(hex(randomblob(6))) AS id FROM line;
      INSERT INTO jobs (id, owner, kind, grp, priority, status, stage, due, ready, ready_at, rev, idempotency_key, job)
        SELECT id, owner, 'document', NULL, 0, iif(done, 2, 0), iif(done, 2, 0), at + 864000000, NOT done, at,
          iif(done, 3, 1), NULL, iif(done,
          json_object('id', id, 'owner', owner, 'kind', 'document', 'priority', 0, 'status', 'completed', 'rev', 3,
            'attempt', 1, 'failures', 0, 'maxAttempts', 3, 'createdAt', at, 'startedAt', at, 'completedAt', at,
            'readyAt', at, 'waitDeadline', at + 86400000, 'runTimeoutMs', 60000, 'resultTtlMs', 864000000,
            'expiresAt', at + 864000000, 'pages', 1, 'artifacts', json_array(json_object('name', 'document.pdf',
            'contentType', 'application/pdf', 'sizeBytes', 20000, 'sha256', sha, 'blob', id || '-' || sha))),
          json_object('id', id, 'owner', owner, 'kind', 'document', 'priority', 0, 'status', 'pending', 'rev', 1,
            'attempt', 0, 'failures', 0, 'maxAttempts', 3, 'createdAt', at, 'readyAt', at,
            'waitDeadline', at + 864000000, 'runTimeoutMs', 60000, 'resultTtlMs', 864000000))
        FROM made ORDER BY i;
      INSERT INTO inputs (n, inline) SELECT jobs.n, '${request}' FROM made JOIN jobs ON jobs.id = made.id ORDER BY i;
      INSERT INTO blob_references (name, holder) SELECT id || '-' || sha, id FROM made WHERE done ORDER BY i;
      INSERT INTO facts (at, type, owner, job, kind, rev, record)
        SELECT at, 'job.completed', owner, id, 'document', 3, '{"job_id":"' || id || '","filler":"${'x'.repeat(500)}"}'
        FROM made ORDER BY i;
      DROP TABLE made;
      COMMIT;`);
  }
  connection.pragma('wal_checkpoint(TRUNCATE)');
  connection.close();
  // On the disk before anything is measured: it would be part of the first sync.
  const file = openSync(join(directory, 'inkwire.db'), 'r+');
  fsyncSync(file);
  closeSync(file);
  console.log(
    `filled ${finished} finished and ${waiting} waiting in ${((performance.now() - from) / 1000).toFixed(0)} s`,
  );
}
