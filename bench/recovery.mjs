import { Connection, dataOf } from './kit/client.mjs';
import { longTable, smallDocument } from './kit/documents.mjs';
import { removeDirectory, startServer, temporaryDirectory, token } from './kit/server.mjs';
import { median, spread } from './kit/statistics.mjs';

const env = {
  INKWIRE_WORKERS: '2',
  INKWIRE_MAX_PENDING: '10000000',
  INKWIRE_MAX_PENDING_PER_OWNER: '10000000',
};
const waiting = 50;

/**
 * `kill -9` with jobs running and waiting: how soon after the next start all that ran are running again, and whether
 * every accepted job gets its result. Then how long a start takes with a long history.
 * @param {import('./kit/figure.mjs').Run} run
 * @returns {Promise<import('./kit/figure.mjs').Figure[]>}
 */
export async function run({ short, profile, say, filledStore }) {
  const rounds = short ? 2 : 6;
  const directory = temporaryDirectory('recovery');
  /** @type {number[]} */
  const claimed = [];
  /** @type {number[]} */
  const starts = [];
  let missing = 0;
  let accepted = 0;
  try {
    for (let round = 0; round < rounds; round += 1) {
      const outcome = await killed(directory, profile('recovery'));
      claimed.push(outcome.claimedMs);
      starts.push(outcome.readyMs);
      missing += outcome.missing.length;
      accepted += outcome.accepted;
      say(
        `round ${round + 1}: ready after ${outcome.readyMs.toFixed(0)} ms, running again ${outcome.claimedMs.toFixed(0)} ms later` +
          (outcome.missing.length === 0 ? '' : `; without result: ${outcome.missing.slice(0, 5).join(', ')}`),
      );
    }
    const history = await filledStore();
    const long = [];
    for (let round = 0; round < (short ? 2 : 5); round += 1) {
      const server = await startServer({ directory: history.directory, env });
      long.push(server.readyMs);
      // Killed, not stopped: each start finds what a crash leaves.
      await server.kill();
    }
    say(
      `with ${history.finished} finished jobs ready after ${long.map((ms) => ms.toFixed(0)).join(', ')} ms`,
    );
    return [
      {
        name: 'listening to all running again',
        value: Math.max(...claimed),
        unit: 'ms',
        atMost: 1000,
        note: `the worst of ${rounds}; 0: before the first request`,
      },
      {
        name: 'accepted jobs without result',
        value: missing,
        unit: `of ${accepted}`,
        atMost: 0,
        note: '2 running and 50 waiting at each kill',
      },
      { name: 'start', value: median(starts), unit: 'ms', note: `after a kill; ${spread(starts)}` },
      {
        name: `start, ${history.finished / 1000} k finished jobs`,
        value: median(long),
        unit: 'ms',
        note: `after a kill; ${spread(long)}`,
      },
    ];
  } finally {
    removeDirectory(directory);
  }
}

/**
 * One kill and the start after it.
 * @param {string} directory
 * @param {readonly string[]} profile
 */
async function killed(directory, profile) {
  const before = await startServer({ directory, env });
  const submitting = new Connection(before.port, token);
  const long = JSON.stringify(longTable(2000));
  const small = JSON.stringify(smallDocument());
  /** @type {string[]} */
  const running = [];
  /** @type {string[]} */
  const others = [];
  for (let n = 0; n < 2; n += 1)
    running.push(dataOf(await submitting.request('POST', '/api/v1/jobs', { body: long })).job_id);
  for (const id of running) await reached(submitting, id, (job) => job.status === 'running');
  for (let n = 0; n < waiting; n += 1)
    others.push(dataOf(await submitting.request('POST', '/api/v1/jobs', { body: small })).job_id);
  await before.kill();
  submitting.close();

  const after = await startServer({ directory, env, profile });
  const connection = new Connection(after.port, token);
  try {
    const startedAt = [];
    for (const id of running) {
      const job = await reached(connection, id, ({ attempt, status }) => attempt >= 2 || status === 'failed');
      startedAt.push(Date.parse(job.started_at));
    }
    const missing = [];
    for (const id of [...running, ...others]) {
      const { status, error } = await reached(
        connection,
        id,
        (job) => job.status !== 'pending' && job.status !== 'running',
      );
      const result = await connection.request('GET', `/api/v1/jobs/${id}/result`);
      if (result.status !== 200) missing.push(`${id} ${status} ${error ?? ''} ${result.status}`);
    }
    const claimedMs = Math.max(0, ...startedAt.map((at) => at - after.readyAt));
    return { readyMs: after.readyMs, claimedMs, missing, accepted: running.length + others.length };
  } finally {
    connection.close();
    await after.stop();
  }
}

/**
 * @param {Connection} connection
 * @param {string} id
 * @param {(job: any) => boolean} wanted
 */
async function reached(connection, id, wanted) {
  const until = performance.now() + 60_000;
  for (;;) {
    const job = dataOf(await connection.request('GET', `/api/v1/jobs/${id}`));
    if (wanted(job)) return job;
    if (performance.now() > until) throw new Error(`The job ${id} is still ${job.status} after a minute`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
