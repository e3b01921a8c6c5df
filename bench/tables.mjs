import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { median } from './kit/statistics.mjs';

/**
 * Long tables: memory and CPU of the document kind against pdfmake as its README shows it, each document in a process
 * of its own (bench/table.mjs) with the heap that a render thread has by default. Start-up counts for both.
 * @param {import('./kit/figure.mjs').Run} run
 * @returns {Promise<import('./kit/figure.mjs').Figure[]>}
 */
export async function run({ short, say }) {
  const script = fileURLToPath(new URL('./table.mjs', import.meta.url));
  /**
   * @param {'pdfmake' | 'inkwire'} engine
   * @param {number} rows
   * @returns {Promise<{ cpuMs: number, peakMiB: number, bytes: number }>}
   */
  const one = async (engine, rows) => {
    const args = ['--max-old-space-size=1024', script, engine, String(rows)];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    say(stdout.trim());
    return JSON.parse(stdout);
  };
  /** @type {import('./kit/figure.mjs').Figure[]} */
  const figures = [];
  for (const rows of short ? [2_000] : [10_000, 49_999]) {
    const plain = [];
    const ours = [];
    for (let round = 0; round < (short ? 1 : 3); round++) {
      // The order alternates, so that neither always runs in the other's wake.
      const turn = /** @type {const} */ (['pdfmake', 'inkwire']);
      for (const engine of round % 2 === 0 ? turn : turn.toReversed())
        (engine === 'pdfmake' ? plain : ours).push(await one(engine, rows));
    }
    /**
     * @param {'cpuMs' | 'peakMiB'} what
     * @param {string} unit
     */
    const both = (what, unit) => {
      const stock = median(plain.map((figure) => figure[what]));
      const own = median(ours.map((figure) => figure[what]));
      return { value: own / stock, unit: 'x', note: `${own.toFixed(0)} ${unit} against ${stock.toFixed(0)}` };
    };
    figures.push(
      { name: `peak memory, ${rows} rows`, ...both('peakMiB', 'MiB'), atMost: 1.15 },
      { name: `CPU, ${rows} rows`, ...both('cpuMs', 'ms'), atMost: 0.8 },
    );
  }
  return figures;
}
