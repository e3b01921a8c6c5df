// Measures what a page of a search costs among many jobs with a description, and what such a job costs to add.
// Usage: npm run build && node bench/search.mjs [--jobs=1000000]
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openDatabase } from '../dist/src/engine/sqlite/database.js';
import { SqliteTables } from '../dist/src/engine/sqlite/sqlite-tables.js';
import { jobId } from '../dist/src/jobs/job.js';
import { readSearch } from '../dist/src/protocol/search.js';

const { values } = parseArgs({ options: { jobs: { type: 'string', default: '1000000' } } });
const count = Number(values.jobs);
const directory = mkdtempSync(join(tmpdir(), 'inkwire-search-'));
const names = [
  'Smith',
  'Müller',
  'García',
  'Øster',
  'Tanaka',
  'Rossi',
  'Novák',
  'Dubois',
  'Jones',
  'Kowalski',
];

console.log(`node ${process.version}, ${cpus().length} x ${cpus()[0]?.model}`);
const connection = openDatabase(directory);
connection.execute('PRAGMA synchronous = OFF');
const tables = new SqliteTables(connection);
fill();
for (const [name, filter] of Object.entries(filters())) measure(name, filter);
connection.close();
rmSync(directory, { recursive: true });

/** Finished jobs 10 ms apart, a hundred in a commit. */
function fill() {
  const begin = Date.now() - count * 10;
  const from = process.cpuUsage();
  for (let n = 0; n < count; ) {
    connection.execute('BEGIN');
    for (const end = Math.min(count, n + 100); n < end; n += 1) {
      const job = newJob(n, begin + n * 10);
      tables.jobs.add({ job, queue: undefined }, undefined);
      if (job.group !== undefined) tables.groups.change(job.owner, job.group, { to: job.status });
    }
    connection.execute('COMMIT');
  }
  const { user, system } = process.cpuUsage(from);
  const [bytes] = connection.prepare('SELECT sum(length(block)) FROM job_search_data').one() ?? [];
  console.log(
    `${count} jobs, ${((user + system) / count).toFixed(0)} us CPU and ${(Number(bytes) / count).toFixed(0)} bytes of index each`,
  );
}

function newJob(n, at) {
  return {
    id: jobId(at, randomBytes(6)),
    owner: 'alice',
    kind: n % 10 === 0 ? 'merge' : 'document',
    priority: 0,
    status: n % 2_000 === 7 ? 'failed' : 'completed',
    rev: 3,
    attempt: 1,
    failures: 0,
    maxAttempts: 3,
    createdAt: at,
    startedAt: at,
    completedAt: at,
    readyAt: at,
    waitDeadline: at,
    runTimeoutMs: 60_000,
    resultTtlMs: 864_000_000,
    expiresAt: at + 864_000_000,
    title: `Invoice ${n} for ${names[n % 10]} and Sons`,
    reference: `INV-${String(n).padStart(7, '0')}`,
    tags: [n % 2 === 0 ? 'even' : 'odd', `customer-${n % 1_000}`],
    metadata: { customer: String(n % 5_000), region: 'north' },
    ...(n % 5 === 0 ? { group: `batch-${n % 3_000}` } : {}),
  };
}

function filters() {
  const search = (text) => ({ search: readSearch(text) });
  return {
    'a reference': { reference: 'INV-0000500' },
    'no reference': { reference: 'none' },
    'a tag of half': { tags: ['even'] },
    'a tag of a thousandth': { tags: ['customer-77'] },
    'two tags, no job': { tags: ['even', 'odd'] },
    'a tag and few failed': { tags: ['odd'], status: 'failed' },
    'a tag and none running': { tags: ['odd'], status: 'running' },
    metadata: { metadata: [['customer', '77']] },
    'a word of a tenth': search('smith'),
    'no word': search('zzzz'),
    'three words': search('smith invoice sons'),
    'two words, no job': search('smith muller'),
    'a beginning of all': search('inv'),
    'a kind and a word': search('merge smith'),
    'a group and a word': { ...search('invoice'), group: 'batch-1000' },
    'words of groups': search('batch 1000'),
  };
}

/** The first page fifty times, then all pages, at most 200 jobs or 100 pages. */
function measure(name, filter) {
  const ask = (afterId) => {
    const from = performance.now();
    const page = tables.jobs.list({ owner: 'alice', limit: 50, ...filter, ...(afterId && { afterId }) });
    return { page, ms: performance.now() - from };
  };
  const first = Array.from({ length: 50 }, () => ask(undefined).ms).sort((a, b) => a - b);
  let found = 0;
  let pages = 0;
  let after;
  do {
    const { page } = ask(after);
    found += page.jobs.length;
    pages += 1;
    after = page.more ? (page.next ?? page.jobs.at(-1)?.id) : undefined;
  } while (after !== undefined && found < 200 && pages < 100);
  console.log(
    `${name.padEnd(24)} first page p50 ${(first[25] ?? 0).toFixed(2)} p90 ${(first[45] ?? 0).toFixed(2)} ms; ${found} jobs on ${pages} pages`,
  );
}
