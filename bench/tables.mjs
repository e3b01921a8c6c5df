import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { planned } from './kit/direct-pool.mjs';
import { longTable } from './kit/documents.mjs';
import { removeDirectory, temporaryDirectory } from './kit/server.mjs';
import { median, spread } from './kit/statistics.mjs';

/** MiB that a process with a render thread may grow by, and ms of CPU, by rows. */
const targets = [
  { rows: 2_000, grownMiB: 25 },
  { rows: 10_000, grownMiB: 70 },
  { rows: 49_999, grownMiB: 300, cpuMs: 2_000 },
];

/**
 * Long tables: memory and CPU of the document kind against pdfmake as its README shows it, each document in a process
 * of its own (bench/table.mjs) with the heap that a render thread has by default. Start-up counts for both. And how much
 * memory a table adds to a process whose render thread has drawn small documents (bench/table-in-pool.mjs).
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
  return [...figures, ...(await inPool({ short, say }))];
}

/**
 * @param {Pick<import('./kit/figure.mjs').Run, 'short' | 'say'>} run
 * @returns {Promise<import('./kit/figure.mjs').Figure[]>}
 */
async function inPool({ short, say }) {
  const script = fileURLToPath(new URL('./table-in-pool.mjs', import.meta.url));
  const directory = temporaryDirectory('tables');
  try {
    /** @type {import('./kit/figure.mjs').Figure[]} */
    const figures = [];
    for (const { rows, ...target } of short ? targets.slice(0, 1) : targets) {
      const plan = join(directory, `${rows}.json`);
      const { operations } = longTable(rows);
      writeFileSync(plan, planned({ fonts: { default: 'dejavu-sans', size: 10 }, operations }));
      const grown = [];
      const cpu = [];
      for (let round = 0; round < (short ? 1 : 5); round++) {
        const { stdout } = await promisify(execFile)(process.execPath, [script, plan]);
        say(`${rows} rows: ${stdout.trim()}`);
        /** @type {{ grownMiB: number, cpuMs: number }} */
        const { grownMiB, cpuMs } = JSON.parse(stdout);
        grown.push(grownMiB);
        cpu.push(cpuMs);
      }
      const note = (/** @type {number[]} */ values) => `on a render thread, ${spread(values)}`;
      figures.push(
        {
          name: `memory that ${rows} rows add`,
          value: median(grown),
          unit: 'MiB',
          atMost: target.grownMiB,
          note: note(grown),
        },
        {
          name: `CPU for ${rows} rows`,
          value: median(cpu),
          unit: 'ms',
          ...(target.cpuMs === undefined ? {} : { atMost: target.cpuMs }),
          note: note(cpu),
        },
      );
    }
    return figures;
  } finally {
    removeDirectory(directory);
  }
}
