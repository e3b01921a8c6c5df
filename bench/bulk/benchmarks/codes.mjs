import { removeDirectory, startServer, temporaryDirectory } from '../../kit/server.mjs';
import { median } from '../../kit/statistics.mjs';
import { csv, makeForm } from '../form.mjs';
import { ended, submit } from '../job.mjs';

/**
 * One thread on one core, one that has a second core for what the server does beside it, and two threads on two cores. A
 * row takes a tenth of a millisecond, and a third of a job's CPU is the server's own: so the second core is worth most of
 * itself to one thread already, and what two threads add is measured against one core.
 */
const settings = [
  { name: 'one-core', threads: 1, under: ['taskset', '-c', '0'] },
  { name: 'one', threads: 1, under: [] },
  { name: 'two', threads: 2, under: [] },
];

/**
 * A QR code for each row, in each setting, in turns. The time is that of all of the job.
 * @param {import('../../kit/figure.mjs').Run} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, profile, say }) {
  const count = short ? 1_000 : 10_000;
  const rounds = short ? 1 : 3;
  const value = { template: 'https://example.org/members/{{reference}}?mail={{email}}' };
  const members = {
    pdf_file: await makeForm(),
    rows_file: Buffer.from(csv(count)),
    header: 'true',
    fields: JSON.stringify([{ name: 'name', value: { column: 'name' } }]),
    overlays: JSON.stringify([{ type: 'qr', page: 0, x: 480, y: 20, width: 90, height: 90, value }]),
  };
  const servers = [];
  try {
    for (const { name, threads, under } of settings) {
      const directory = temporaryDirectory(`bulk-codes-${name}`);
      const env = { INKWIRE_WORKERS: String(threads) };
      const server = await startServer({ directory, env, profile: profile(`codes-${name}`), under });
      servers.push({ directory, server });
    }
    /** @type {number[]} */
    const ratios = [];
    /** @type {number[]} */
    const beside = [];
    /** @type {number[]} */
    const alone = [];
    for (let round = -1; round < rounds; round += 1) {
      const ms = [];
      for (const { server } of servers) {
        const { id, at } = await submit(server.port, members);
        await ended(server.port, id);
        ms.push(performance.now() - at);
      }
      const [oneCore = 0, one = 0, two = 1] = ms;
      const times = settings.map(({ name }, at) => `${name} ${ms[at]?.toFixed(0)} ms`).join(', ');
      say(`${round < 0 ? 'to warm up' : `round ${round + 1}`}: ${times}`);
      if (round < 0) continue;
      ratios.push(oneCore / two);
      beside.push(one / two);
      alone.push(one / count);
    }
    return [
      {
        name: 'two threads on two cores to one on one core',
        value: median(ratios),
        unit: 'x',
        atLeast: 1.7,
        note: `${count} rows with a QR code`,
      },
      { name: 'two threads on two cores to one that has both', value: median(beside), unit: 'x' },
      { name: 'a row with its code, one thread', value: median(alone), unit: 'ms', atMost: 1 },
    ];
  } finally {
    for (const { directory, server } of servers) {
      await server.stop();
      removeDirectory(directory);
    }
  }
}
