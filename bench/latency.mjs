import { Connection, dataOf } from './kit/client.mjs';
import { CpuWatch } from './kit/cpu.mjs';
import { longTable, smallDocument } from './kit/documents.mjs';
import { LoadProcess } from './kit/load-process.mjs';
import { metric, removeDirectory, startServer, temporaryDirectory, token } from './kit/server.mjs';
import { median, spread } from './kit/statistics.mjs';

const loopDelay = 'inkwire_event_loop_delay_seconds{percentile="99"}';
const perSecond = 200;

/**
 * How long a submit takes, and how long the thread that answers is held up, while every render thread lays out tables
 * of 30,000 rows. The small jobs have a lower priority than the tables, so the threads never run anything else.
 * @param {import('./kit/figure.mjs').Run} run
 * @returns {Promise<import('./kit/figure.mjs').Figure[]>}
 */
export async function run({ short, profile, say }) {
  const rounds = short ? 2 : 5;
  const seconds = short ? 4 : 6;
  const directory = temporaryDirectory('latency');
  const load = new LoadProcess();
  const server = await startServer({ directory, env: { INKWIRE_WORKERS: '2' }, profile: profile('latency') });
  const tables = new TableQueue(server.port);
  try {
    const watch = new CpuWatch(server.pid);
    const body = JSON.stringify({ ...smallDocument(), priority: -10 });
    await tables.fill();
    const submit = () =>
      load.run({ port: server.port, token, exchange: 'submit', connections: 8, body, seconds, perSecond });
    await submit();
    /** @type {{ p50: number, p99: number, delay: number, busy: number }[]} */
    const rows = [];
    for (let round = 0; round < rounds; round += 1) {
      await tables.fill();
      // A scrape begins the delay's figures anew.
      await metric(server.port, loopDelay);
      watch.start();
      const { ms } = await submit();
      const { renderBusy } = watch.stop();
      const delay = (await metric(server.port, loopDelay)) * 1000;
      rows.push({ p50: ms.p50, p99: ms.p99, delay, busy: renderBusy });
      say(
        `round ${round + 1}: submit p50 ${ms.p50.toFixed(2)} p99 ${ms.p99.toFixed(2)} max ${ms.max.toFixed(1)} ms, ` +
          `loop delay p99 ${delay.toFixed(2)} ms, render threads at work ${renderBusy.toFixed(2)} of 2`,
      );
    }
    const of = (/** @type {'p50' | 'p99' | 'delay' | 'busy'} */ name) => rows.map((row) => row[name]);
    const note = `${perSecond} submits/s; ${spread(of('p99'), 1)} in ${rounds} rounds`;
    return [
      { name: 'submit p50', value: median(of('p50')), unit: 'ms' },
      { name: 'submit p99', value: median(of('p99')), unit: 'ms', atMost: 15, note },
      {
        name: 'event loop delay p99',
        value: median(of('delay')),
        unit: 'ms',
        atMost: 15,
        note: spread(of('delay'), 1),
      },
      {
        name: 'render threads at work',
        value: median(of('busy')),
        unit: 'of 2',
        atLeast: 1.9,
        note: 'running or ready to run',
      },
    ];
  } finally {
    await tables.close();
    await server.stop();
    load.close();
    removeDirectory(directory);
  }
}

/** Keeps tables waiting, well more than the threads can render in a round. */
class TableQueue {
  #connection;
  #body = JSON.stringify({ ...longTable(30_000), priority: 10 });
  /** @type {string[]} */
  #open = [];

  /** @param {number} port */
  constructor(port) {
    this.#connection = new Connection(port, token);
  }

  async fill() {
    const left = [];
    for (const id of this.#open) {
      const job = dataOf(await this.#connection.request('GET', `/api/v1/jobs/${id}`));
      if (job.status === 'failed') throw new Error(`A table failed: ${job.error}`);
      if (job.status === 'pending') left.push(id);
    }
    this.#open = left;
    while (this.#open.length < 40) {
      const answer = await this.#connection.request('POST', '/api/v1/jobs', { body: this.#body });
      this.#open.push(dataOf(answer).job_id);
    }
  }

  async close() {
    for (const id of this.#open) await this.#connection.request('DELETE', `/api/v1/jobs/${id}`);
    this.#connection.close();
  }
}
