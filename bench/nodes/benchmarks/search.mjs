import { join } from 'node:path';
import pg from 'pg';
import { pendingJob } from '../../kit/pending-job.mjs';
import { dist } from '../../kit/server.mjs';
import { percentiles } from '../../kit/statistics.mjs';
import { startPostgres } from '../postgres.mjs';
import { openNode } from '../queues.mjs';
import { many } from './claims.mjs';

const names = ['Smith', 'Müller', 'García', 'Tanaka', 'Rossi', 'Novák', 'Dubois', 'Jones'];
const limits = { maxPending: 10_000_000, maxPendingPerOwner: 10_000_000 };

/**
 * Listings by what was said of jobs, among many jobs of one owner that all have a description: the first page, and the
 * calls until the first fifty are found or all was looked at.
 * @param {import('../../kit/figure.mjs').Run} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, say }) {
  const jobs = short ? 5_000 : 100_000;
  const { readSearch } = await import(join(dist, 'protocol/search.js'));
  const postgres = await startPostgres();
  const engine = await openNode(postgres.url);
  const { store } = engine;
  try {
    const from = performance.now();
    await many(
      Array.from({ length: jobs }, (_, n) => n),
      (n) => store.submit({ job: described(n), input: { request: { inline: '{}' }, inputs: [] }, limits }),
    );
    const rate = (jobs * 1000) / (performance.now() - from);
    say(
      `${jobs} described jobs: ${rate.toFixed(0)}/s, ${await bytesOfIndex(postgres.url, jobs)} bytes of index each`,
    );
    /** @type {Readonly<Record<string, object>>} */
    const filters = {
      'a reference': { reference: 'INV-0000500' },
      'a tag of half': { tags: ['even'] },
      'a tag of a thousandth': { tags: ['customer-77'] },
      'two tags, no job': { tags: ['even', 'odd'] },
      'a word of an eighth': { search: readSearch('smith') },
      'three words': { search: readSearch('smith invoice sons') },
      'no word': { search: readSearch('zzzz') },
    };
    /** @type {import('../../kit/figure.mjs').Figure[]} */
    const figures = [];
    for (const [name, filter] of Object.entries(filters)) {
      /** @type {number[]} */
      const times = [];
      let calls = 0;
      for (let round = 0; round < 40; round += 1) {
        let found = 0;
        let afterId;
        calls = 0;
        do {
          const begun = performance.now();
          const page = await store.list({ owner: 'ann', limit: 50, ...filter, ...(afterId && { afterId }) });
          times.push(performance.now() - begun);
          calls += 1;
          found += page.jobs.length;
          afterId = page.more ? (page.next ?? page.jobs.at(-1)?.id) : undefined;
        } while (afterId !== undefined && found < 50);
      }
      const { p50, p99 } = percentiles(times);
      const note = `p50 ${p50.toFixed(1)} ms; ${calls} calls`;
      figures.push({ name: `a page by ${name} p99`, value: p99, unit: 'ms', atMost: 100, note });
    }
    return figures;
  } finally {
    await engine.close();
    await postgres.stop();
  }
}

/**
 * @param {string} url
 * @param {number} jobs
 */
async function bytesOfIndex(url, jobs) {
  const client = new pg.Client(url);
  await client.connect();
  const { rows } = await client.query(`SELECT pg_total_relation_size('inkwire.job_tokens')::float8 AS bytes`);
  await client.end();
  return (rows[0].bytes / jobs).toFixed(0);
}

/** @param {number} n */
function described(n) {
  return {
    ...pendingJob('ann'),
    title: `Invoice ${n} for ${names[n % names.length]} and Sons`,
    reference: `INV-${String(n).padStart(7, '0')}`,
    tags: [n % 2 === 0 ? 'even' : 'odd', `customer-${n % 1_000}`],
    metadata: { customer: String(n % 5_000), region: 'north' },
  };
}
