import { performance } from 'node:perf_hooks';

/** What the benchmarks in this process have in common. */

/**
 * CPU milliseconds of one of so many.
 * @param {number} count
 * @param {() => unknown} work
 */
export async function cost(count, work) {
  const from = process.cpuUsage();
  const began = performance.now();
  for (let n = 0; n < count; n += 1) await work();
  const { user, system } = process.cpuUsage(from);
  if (performance.now() === began) throw new Error('Nothing was measured');
  return (user + system) / 1000 / count;
}

/**
 * A job as a render thread runs it.
 * @param {any} kind
 * @param {any} runner
 * @param {object} request
 */
export function renderer(kind, runner, request) {
  const parsed = kind.parse(request);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  const { plan } = parsed;
  const text = JSON.stringify(plan.request);
  return async () => {
    /** @type {Uint8Array[]} */
    const chunks = [];
    await runner.run(JSON.parse(text), {
      parts: [],
      inputPath: () => '',
      fetched: () => undefined,
      progress: () => undefined,
      warn: (/** @type {object} */ warning) => {
        throw new Error(JSON.stringify(warning));
      },
      scratch: () => '',
      artifact: () => ({
        write: (/** @type {Uint8Array} */ chunk) => chunks.push(chunk),
        end: () => undefined,
      }),
    });
    return Buffer.concat(chunks);
  };
}
