import { removeDirectory, startServer, temporaryDirectory } from '../../kit/server.mjs';
import { median } from '../../kit/statistics.mjs';
import { csv, makeForm } from '../form.mjs';
import { ended, submit } from '../job.mjs';

/**
 * A QR code for each row, on one thread and on two, in turns: where a row takes half a millisecond or more, a second
 * thread must be worth its core. The time is that of filling, without what comes before the first row.
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
    for (const threads of [1, 2]) {
      const directory = temporaryDirectory(`bulk-codes-${threads}`);
      const env = { INKWIRE_WORKERS: String(threads) };
      servers.push({
        directory,
        server: await startServer({ directory, env, profile: profile(`codes-${threads}`) }),
      });
    }
    /** @type {number[]} */
    const ratios = [];
    /** @type {number[]} */
    const alone = [];
    for (let round = -1; round < rounds; round += 1) {
      const ms = [];
      for (const { server } of servers) {
        const { id, at } = await submit(server.port, members);
        await ended(server.port, id);
        ms.push(performance.now() - at);
      }
      const [one = 0, two = 1] = ms;
      say(
        `${round < 0 ? 'to warm up' : `round ${round + 1}`}: one thread ${one.toFixed(0)} ms, two ${two.toFixed(0)} ms`,
      );
      if (round < 0) continue;
      ratios.push(one / two);
      alone.push(one / count);
    }
    return [
      {
        name: 'two threads against one',
        value: median(ratios),
        unit: 'x',
        atLeast: 1.7,
        note: `${count} rows with a QR code`,
      },
      { name: 'a row with its code, one thread', value: median(alone), unit: 'ms', atMost: 1 },
    ];
  } finally {
    for (const { directory, server } of servers) {
      await server.stop();
      removeDirectory(directory);
    }
  }
}
