import { join } from 'node:path';
import { CpuWatch } from './kit/cpu.mjs';
import { openPool, planned, poolRate } from './kit/direct-pool.mjs';
import { invoice } from './kit/documents.mjs';
import { LoadProcess } from './kit/load-process.mjs';
import { removeDirectory, startServer, temporaryDirectory, token } from './kit/server.mjs';
import { mean, median, spread } from './kit/statistics.mjs';

/**
 * A one-page invoice through the whole server: submit, wait, download; two render threads and the load generator on
 * the same cores. Against what the pool renders with nothing around it, one thread and two, in alternating rounds: two
 * threads take more CPU for a document than one that has the caches of the machine for itself.
 * @param {import('./kit/figure.mjs').Run} run
 * @returns {Promise<import('./kit/figure.mjs').Figure[]>}
 */
export async function run({ short, profile, say }) {
  const rounds = short ? 3 : 5;
  const seconds = short ? 3 : 8;
  const directory = temporaryDirectory('http-render');
  const pool = openPool({ threads: 1 });
  const pair = openPool({ threads: 2 });
  const load = new LoadProcess();
  const server = await startServer({
    directory,
    env: { INKWIRE_WORKERS: '2' },
    profile: profile('http-render'),
  });
  try {
    await Promise.all([pool.ready(), pair.ready()]);
    const watch = new CpuWatch(server.pid);
    const inline = planned(invoice());
    const body = JSON.stringify(invoice());
    const alone = (/** @type {number} */ count) => poolRate(pool, inline, count, join(directory, 'alone'));
    const both = (/** @type {number} */ count) => poolRate(pair, inline, count, join(directory, 'pair'));
    const through = () =>
      load.run({ port: server.port, token: token, exchange: 'document', connections: 16, body, seconds });
    // The compiler needs some hundred documents before a thread is as fast as it gets.
    const warm = await alone(300);
    const warmPair = await both(600);
    for (let n = 0; n < (short ? 1 : 2); n += 1) await through();

    /** @type {{ alone: number, aloneMs: number, pair: number, pairMs: number, through: number, ratio: number, ceiling: number, cpu: ReturnType<typeof cpuOf> }[]} */
    const rows = [];
    for (let round = 0; round < rounds; round += 1) {
      const rate = await alone(Math.ceil(warm.perSecond * seconds));
      const { perSecond: pair, cpuMs: pairMs } = await both(Math.ceil(warmPair.perSecond * seconds));
      watch.start();
      const measured = await through();
      const cpu = cpuOf(watch.stop(), measured);
      rows.push({
        alone: rate.perSecond,
        aloneMs: rate.cpuMs,
        pair,
        pairMs,
        through: measured.perSecond,
        ratio: measured.perSecond / rate.perSecond,
        ceiling: 2000 / rate.cpuMs / rate.perSecond,
        cpu,
      });
      say(
        `round ${round + 1}: alone ${rate.perSecond.toFixed(1)}/s with ${rate.cpuMs.toFixed(1)} ms CPU each ` +
          `(two threads ${pair.toFixed(1)}/s with ${pairMs.toFixed(1)} ms), HTTP ${measured.perSecond.toFixed(1)}/s, ${cpu.text}`,
      );
    }
    const alones = rows.map((row) => row.alone);
    const pairs = rows.map((row) => row.pair);
    const pairMs = median(rows.map((row) => row.pairMs));
    const throughs = rows.map((row) => row.through);
    const ofPair = rows.map((row) => row.through / row.pair);
    const aloneMs = median(rows.map((row) => row.aloneMs));
    const ratios = rows.map((row) => row.ratio);
    const part = (/** @type {keyof ReturnType<typeof cpuOf>['ms']} */ name) =>
      `${name} ${mean(rows.map(({ cpu }) => cpu.ms[name])).toFixed(1)}`;
    return [
      {
        name: 'one thread, pool alone',
        value: median(alones),
        unit: 'documents/s',
        note: `${spread(alones, 1)}; ${aloneMs.toFixed(1)} ms CPU each, helpers of V8 included`,
      },
      {
        name: 'two threads, pool alone',
        value: median(pairs),
        unit: 'documents/s',
        note: `${spread(pairs, 1)}; ${pairMs.toFixed(1)} ms CPU each, helpers of V8 included`,
      },
      {
        name: 'through HTTP, 2 threads',
        value: median(throughs),
        unit: 'documents/s',
        atLeast: 250,
        note: spread(throughs, 1),
      },
      { name: 'ratio', value: median(ratios), unit: 'x', atLeast: 1.5, note: spread(ratios, 2) },
      {
        name: 'through HTTP / two threads alone',
        value: median(ofPair),
        unit: 'x',
        note: `${spread(ofPair, 2)}; both have the same cores, and the pool alone has no load generator beside it`,
      },
      {
        name: 'ratio if all else were free',
        value: median(rows.map(({ ceiling }) => ceiling)),
        unit: 'x',
        note: '2 cores doing nothing but what the pool alone does for a document',
      },
      {
        name: 'CPU beyond that of the pool alone',
        value: median(rows.map((row) => Math.max(0, 1 - row.pairMs / row.cpu.allMs) * 100)),
        unit: '%',
        note:
          'of what a document takes, load generator included; the pool alone with two threads, too ' +
          `(${pairMs.toFixed(1)} ms)`,
      },
      {
        name: 'CPU beyond that of one thread alone',
        value: median(rows.map(({ aloneMs: ms, cpu }) => Math.max(0, 1 - ms / cpu.allMs) * 100)),
        unit: '%',
        note: 'of what a document takes, load generator included',
      },
      {
        name: 'CPU besides the render',
        value: median(rows.map(({ cpu: { ms } }) => ms.main + ms.store + ms.v8 + ms.other)),
        unit: 'ms a document',
        atMost: 2.5,
        note: 'threads of the server that do not render; those of V8 collect for the ones that do, too',
      },
      {
        name: 'CPU outside the render threads',
        value: median(rows.map(({ cpu }) => cpu.notRendering * 100)),
        unit: '%',
        note: `ms CPU per document: ${['render', 'main', 'store', 'v8', 'other', 'load'].map((name) => part(name)).join(', ')}`,
      },
      {
        name: 'CPU used by server and load',
        value: median(rows.map(({ cpu }) => cpu.used * 100)),
        unit: '% of 2 cores',
        note: 'the rest was idle or taken by others',
      },
    ];
  } finally {
    await server.stop();
    await Promise.all([pool.close(), pair.close()]);
    load.close();
    removeDirectory(directory);
  }
}

/**
 * @param {ReturnType<CpuWatch['stop']>} server
 * @param {import('./kit/load.mjs').Measured} measured
 */
function cpuOf(server, { cpuMs, exchanges, elapsedMs }) {
  const all = server.totalMs + cpuMs;
  const perDocument = Object.fromEntries(
    Object.entries({ ...server.ms, load: cpuMs }).map(([name, ms]) => [name, ms / exchanges]),
  );
  const text = Object.entries(perDocument)
    .map(([name, ms]) => `${name} ${ms.toFixed(2)}`)
    .join(', ');
  return {
    notRendering: 1 - server.ms.render / all,
    used: all / (elapsedMs * 2),
    ms: perDocument,
    allMs: all / exchanges,
    text: `ms CPU per document: ${text}`,
  };
}
