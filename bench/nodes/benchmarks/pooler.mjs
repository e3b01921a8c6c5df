import { cancelTimes } from '../../kit/cancel-times.mjs';
import { Connection, dataOf } from '../../kit/client.mjs';
import { smallDocument } from '../../kit/documents.mjs';
import { removeDirectory, temporaryDirectory, token } from '../../kit/server.mjs';
import { percentiles } from '../../kit/statistics.mjs';
import { hasPgbouncer, startPooler, startPostgres } from '../postgres.mjs';
import { serversOf } from '../servers.mjs';

/**
 * What it costs that no message comes through: complete servers, a gateway and a worker, behind PgBouncer that pools
 * transactions and beside it without. How long a job waits at a worker with nothing to do, and until a cancelled one's
 * thread is free.
 * @param {import('../../kit/figure.mjs').Run} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, say }) {
  if (!hasPgbouncer()) {
    say('left out: it needs pgbouncer (Debian)');
    return [];
  }
  const postgres = await startPostgres();
  const pooler = await startPooler(postgres);
  try {
    const direct = await measure(postgres.url, short);
    say(`directly: start p50 ${direct.start.p50.toFixed(0)} p99 ${direct.start.p99.toFixed(0)} ms`);
    const behind = await measure(pooler.url, short);
    return [
      {
        name: 'submit to start, behind a pooler of transactions, more p99',
        value: behind.start.p99 - direct.start.p99,
        unit: 'ms',
        atMost: 300,
        note: `p50 ${behind.start.p50.toFixed(0)} ms, directly ${direct.start.p50.toFixed(0)} ms`,
      },
      {
        name: 'DELETE to thread free elsewhere, behind one, p99',
        value: behind.free.p99,
        unit: 'ms',
        atMost: 100,
        note: `p50 ${behind.free.p50.toFixed(1)} ms; directly p99 ${direct.free.p99.toFixed(1)} ms`,
      },
    ];
  } finally {
    await pooler.stop();
    await postgres.stop();
  }
}

/**
 * @param {string} url
 * @param {boolean} short
 */
async function measure(url, short) {
  const directory = temporaryDirectory('pooler-nodes');
  const start = serversOf(url, directory);
  const gateway = await start('gateway');
  const worker = await start('worker', { workers: 2 });
  const connection = new Connection(gateway.port, token);
  try {
    const body = JSON.stringify(smallDocument());
    /** @type {number[]} */
    const waits = [];
    for (let n = 0; n < (short ? 12 : 100); n += 1) {
      // The nodes come to rest, and the next job comes at any moment between two looks.
      await new Promise((resolve) => setTimeout(resolve, 300 + Math.random() * 250));
      const { job_id: id } = dataOf(await connection.request('POST', '/api/v1/jobs', { body }));
      const fields = 'Prefer: wait=10\r\n';
      const job = dataOf(await connection.request('GET', `/api/v1/jobs/${id}`, { fields }));
      waits.push(Date.parse(job.started_at) - Date.parse(job.created_at));
    }
    const { free } = await cancelTimes({ rounds: short ? 16 : 200, port: gateway.port, pid: worker.pid });
    // The first ones meet code that runs for the first time.
    return { start: percentiles(waits.slice(2)), free: percentiles(free) };
  } finally {
    connection.close();
    await gateway.stop();
    await worker.stop();
    removeDirectory(directory);
  }
}
