import { join } from 'node:path';
import { cancelTimes } from './kit/cancel-times.mjs';
import { openPool, planned, task } from './kit/direct-pool.mjs';
import { longTable } from './kit/documents.mjs';
import { removeDirectory, startServer, temporaryDirectory } from './kit/server.mjs';
import { percentiles } from './kit/statistics.mjs';

const unruly = new URL('../test/helpers/unruly-thread.mjs', import.meta.url);

/**
 * How soon a cancelled render has really ended, and how soon a thread is ready for the next one.
 * @param {import('./kit/figure.mjs').Run} run
 * @returns {Promise<import('./kit/figure.mjs').Figure[]>}
 */
export async function run({ short, profile, say }) {
  const rounds = short ? 8 : 40;
  const directory = temporaryDirectory('cancel');
  try {
    const loop = await stops({ rounds, directory, entry: unruly, kind: 'loop', inline: '{}' });
    say(`endless loop: ${described(loop.free)}`);
    const table = await stops({ rounds, directory, kind: 'document', inline: planned(longTable(5000)) });
    say(`table: ${described(table.free)}; ready again: ${described(table.ready)}`);
    const any = await anyMoment({ rounds: 5 * rounds, directory, inline: planned(longTable(5000)) });
    say(`table, at any moment: ${described(any.free)}; ${any.threads} threads ended`);
    const http = await deletes({ rounds, directory, profile: profile('cancel') });
    say(`DELETE answered: ${described(http.answered)}; thread free: ${described(http.free)}`);
    return [
      ...figures('DELETE to thread free', http.free, 20, 'through HTTP, the other thread at work, too'),
      { name: 'DELETE answered p99', value: percentiles(http.answered).p99, unit: 'ms' },
      ...figures('endless loop stopped', loop.free, 50, 'the pool alone'),
      ...figures('table stopped', table.free, 20, 'the pool alone'),
      ...figures('table stopped at any moment', any.free, 20, `${any.threads} threads ended`),
      ...figures('ready again', table.ready, 20, 'from the cancel, real thread'),
    ];
  } finally {
    removeDirectory(directory);
  }
}

/**
 * @param {string} name
 * @param {readonly number[]} times
 * @param {number} atMost ms, for the p99
 * @param {string} note
 * @returns {import('./kit/figure.mjs').Figure[]}
 */
function figures(name, times, atMost, note) {
  const { p50, p99 } = percentiles(times);
  return [
    { name: `${name} p50`, value: p50, unit: 'ms' },
    { name: `${name} p99`, value: p99, unit: 'ms', atMost, note: `${note}; ${times.length} times` },
  ];
}

/** @param {readonly number[]} times */
function described(times) {
  const { p50, p99 } = percentiles(times);
  return `p50 ${p50.toFixed(1)} p99 ${p99.toFixed(1)} ms`;
}

/**
 * On a pool of one thread: from the cancel to the outcome (the thread is free or gone by then), and to a thread being ready.
 * @param {{ rounds: number, directory: string, entry?: URL, kind: string, inline: string }} options
 */
async function stops({ rounds, directory, entry, kind, inline }) {
  const pool = openPool({ threads: 1, ...(entry === undefined ? {} : { entry }) });
  await pool.ready();
  /** @type {number[]} */
  const free = [];
  /** @type {number[]} */
  const ready = [];
  for (let round = 0; round < rounds; round += 1) {
    const stop = new AbortController();
    /** @type {() => void} */
    let onProgress = () => undefined;
    const begun = new Promise((resolve) => {
      onProgress = () => resolve('begun');
    });
    const aside = join(directory, `${kind}-${round}`);
    const outcome = pool.run(task(inline, aside, { kind, signal: stop.signal, onProgress }));
    const first = await Promise.race([begun, outcome]);
    if (first !== 'begun') throw new Error(`The task ended before it began: ${JSON.stringify(first)}`);
    // Not at the first step only: anywhere in the document.
    await new Promise((resolve) => setTimeout(resolve, (round % 10) * 5));
    const from = performance.now();
    stop.abort();
    const { type } = await outcome;
    if (type !== 'cancelled') throw new Error(`The task was ${type} before it could be cancelled`);
    free.push(performance.now() - from);
    await pool.ready();
    ready.push(performance.now() - from);
  }
  await pool.close();
  return { free, ready };
}

/**
 * A table that is stopped at any moment of its life: while it is handed over and read, measured, placed, and written.
 * One that has ended by then counts for nothing. With how many threads had to be ended for it.
 * @param {{ rounds: number, directory: string, inline: string }} options
 */
async function anyMoment({ rounds, directory, inline }) {
  const pool = openPool({ threads: 1 });
  let number = 0;
  /** @param {AbortSignal} signal */
  const table = (signal) => pool.run(task(inline, join(directory, `any-${number++}`), { signal }));
  await pool.ready();
  let whole = 0;
  for (let count = 0; count < 5; count += 1) {
    const from = performance.now();
    await table(new AbortController().signal);
    whole = performance.now() - from;
  }
  const { respawns } = pool.state;
  /** @type {number[]} */
  const free = [];
  while (free.length < rounds) {
    await pool.ready();
    const stop = new AbortController();
    const outcome = table(stop.signal);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * whole));
    const from = performance.now();
    stop.abort();
    const { type } = await outcome;
    if (type === 'cancelled') free.push(performance.now() - from);
  }
  const threads = pool.state.respawns - respawns;
  await pool.close();
  return { free, threads };
}

/**
 * Through HTTP: from sending DELETE of a running job to its answer, and to its thread having no task any more.
 * @param {{ rounds: number, directory: string, profile: readonly string[] }} options
 */
async function deletes({ rounds, directory, profile }) {
  const server = await startServer({
    directory: join(directory, 'server'),
    env: { INKWIRE_WORKERS: '2' },
    profile,
  });
  try {
    return await cancelTimes({ rounds, port: server.port, pid: server.pid });
  } finally {
    await server.stop();
  }
}
