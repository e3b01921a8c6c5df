import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { dist } from './server.mjs';

const { RenderPool } = await import(join(dist, 'render/pool.js'));
const { readConfig } = await import(join(dist, 'config.js'));
const { documentKind } = await import(join(dist, 'render/kinds/document/request.js'));

/**
 * The render pool by itself, as a server without options has it: no HTTP, no store.
 * @param {{ threads: number, entry?: URL }} options `entry`: what the threads run, the real kinds by default
 */
export function openPool({ threads, entry = pathToFileURL(join(dist, 'render/thread.js')) }) {
  const { config } = readConfig({}, () => '');
  return new RenderPool({
    entry,
    threads,
    heapLimitMb: config.workerHeapMb,
    raisedHeapLimitMb: config.workerHeapMb * 2,
    recycleAfter: config.recycleAfter,
    nice: 10,
    readyTimeoutMs: 30_000,
  });
}

/**
 * What a thread gets for a document.
 * @param {object} request
 * @returns {string} JSON
 */
export function planned(request) {
  const parsed = documentKind.parse(request);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  return JSON.stringify(parsed.plan.request);
}

/**
 * @param {string} inline
 * @param {string} asidePrefix
 * @param {{ kind?: string, signal?: AbortSignal, onProgress?: () => void }} [more]
 */
export function task(inline, asidePrefix, more = {}) {
  return {
    kind: 'document',
    request: { inline },
    inputPaths: [],
    fetched: {},
    asidePrefix,
    timeoutMs: 300_000,
    memoryRetry: false,
    urgent: false,
    signal: new AbortController().signal,
    onProgress: () => undefined,
    ...more,
  };
}

/**
 * Documents per second of a pool that always has the next one at hand, and the CPU of this whole process for each (the
 * compiler and the garbage collector have threads of their own, which use the other cores).
 * @param {InstanceType<typeof RenderPool>} pool
 * @param {string} inline
 * @param {number} count
 * @param {string} directory emptied afterwards
 */
export async function poolRate(pool, inline, count, directory) {
  mkdirSync(directory, { recursive: true });
  const cpu = process.cpuUsage();
  const from = performance.now();
  let begun = 0;
  const ahead = pool.state.threads + 1;
  await Promise.all(
    Array.from({ length: ahead }, async () => {
      while (begun < count) {
        begun += 1;
        const outcome = await pool.run(task(inline, join(directory, String(begun))));
        if (outcome.type !== 'done') throw new Error(JSON.stringify(outcome));
      }
    }),
  );
  const perSecond = (count * 1000) / (performance.now() - from);
  const { user, system } = process.cpuUsage(cpu);
  rmSync(directory, { recursive: true });
  return { perSecond, cpuMs: (user + system) / 1000 / count };
}
