import { smallDocument } from '../../kit/documents.mjs';
import { LoadProcess } from '../../kit/load-process.mjs';
import { removeDirectory, startServer, temporaryDirectory, token } from '../../kit/server.mjs';
import { csv, makeForm } from '../form.mjs';
import { ended, submit } from '../job.mjs';

const neighbour = 'npk_live_benchkey_fedcba9876543210fedcba9876543210';

/**
 * How long another owner waits for a document of one page, from submit to download, while bulk jobs follow each other.
 * @param {import('../../kit/figure.mjs').Run} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, profile, say }) {
  const seconds = short ? 5 : 20;
  const directory = temporaryDirectory('bulk-neighbour');
  const env = { INKWIRE_WORKERS: '2', INKWIRE_KEYS: `bench=${token},neighbour=${neighbour}` };
  const server = await startServer({ directory, env, profile: profile('neighbour') });
  const load = new LoadProcess();
  let ends = false;
  try {
    const members = { pdf_file: await makeForm(), rows_file: Buffer.from(csv(10_000)), header: 'true' };
    const body = JSON.stringify(smallDocument());
    const order = {
      port: server.port,
      token: neighbour,
      exchange: /** @type {const} */ ('document'),
      connections: 4,
      body,
    };
    await load.run({ ...order, count: 50 });
    await ended(server.port, (await submit(server.port, members)).id);
    let jobs = 0;
    const bulk = (async () => {
      for (; !ends; jobs += 1) await ended(server.port, (await submit(server.port, members)).id);
    })();
    const beside = await load.run({ ...order, seconds, perSecond: 5 });
    ends = true;
    await bulk;
    const alone = await load.run({ ...order, seconds: Math.ceil(seconds / 2), perSecond: 5 });
    say(
      `beside ${jobs} jobs of 10,000 rows: ${JSON.stringify(beside.ms)}; alone: ${JSON.stringify(alone.ms)}`,
    );
    return [
      {
        name: "another owner's document, p99",
        value: beside.ms.p99,
        unit: 'ms',
        atMost: 300,
        note: `alone ${alone.ms.p99.toFixed(0)} ms`,
      },
      {
        name: 'the same, median',
        value: beside.ms.p50,
        unit: 'ms',
        note: `alone ${alone.ms.p50.toFixed(0)} ms`,
      },
    ];
  } finally {
    ends = true;
    load.close();
    await server.stop();
    removeDirectory(directory);
  }
}
