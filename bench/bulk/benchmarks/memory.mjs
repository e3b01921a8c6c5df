import { residentMiB } from '../../kit/cpu.mjs';
import { removeDirectory, startServer, temporaryDirectory } from '../../kit/server.mjs';
import { csv, makeForm } from '../form.mjs';
import { ended, submit, watchMemory } from '../job.mjs';

/**
 * The most that the whole process of the server holds while it fills, two threads and a spare one: after the threads have
 * seen a job, one of 10,000 rows, then one of 50,000.
 * @param {import('../../kit/figure.mjs').Run} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, profile, say }) {
  const [few, many] = short ? [1_000, 5_000] : [10_000, 50_000];
  const directory = temporaryDirectory('bulk-memory');
  const env = { INKWIRE_WORKERS: '2', INKWIRE_BULK_MAX_ROWS: '100000' };
  const server = await startServer({ directory, env, profile: profile('memory') });
  try {
    const form = await makeForm();
    const peakOf = async (/** @type {number} */ rows) => {
      const memory = watchMemory(server.pid);
      const members = { pdf_file: form, rows_file: Buffer.from(csv(rows)), header: 'true' };
      await ended(server.port, (await submit(server.port, members)).id);
      const peak = memory.stop();
      say(`${rows} rows: ${peak.toFixed(0)} MiB, ${residentMiB(server.pid).toFixed(0)} MiB afterwards`);
      return peak;
    };
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const start = residentMiB(server.pid);
    for (let round = 0; round < 2; round += 1) await peakOf(few);
    const one = await peakOf(few);
    const other = await peakOf(many);
    return [
      {
        name: `${few} rows`,
        value: one,
        unit: 'MiB',
        atMost: 300,
        note: `${start.toFixed(0)} MiB before any job`,
      },
      { name: `${many} rows`, value: other, unit: 'MiB' },
      { name: 'growth', value: (other / one - 1) * 100, unit: '%', atMost: 5 },
    ];
  } finally {
    await server.stop();
    removeDirectory(directory);
  }
}
