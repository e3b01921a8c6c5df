import { smallDocument } from './kit/documents.mjs';
import { FloodProcess, floodNames } from './kit/flood-process.mjs';
import { LoadProcess } from './kit/load-process.mjs';
import { owner, removeDirectory, startServer, temporaryDirectory, token } from './kit/server.mjs';
import { percentiles, spread } from './kit/statistics.mjs';

const flooder = 'bench-token-of-the-owner-who-floods';
const perSecond = 50;
/** Jobs of the flooder, so that a snapshot of them is some work. */
const stored = 1_000;

/**
 * How long a submit of one owner takes while another takes all it can of what both share, against the same without that:
 * by announcing bodies that never come, with more renders than may wait, with readers that have no cursor, with submits
 * and listings without end, and with two large files at one time. The flood is made on the same cores, so it is aimed at a server of its own, too: what that
 * does to the submits is the machine's part, and only the rest is of sharing one server. The flood and the submits that are
 * measured are a process each. A p99 is that of all rounds together, 1,200 submits: those of a round alone are three.
 * @param {import('./kit/figure.mjs').Run} run
 * @returns {Promise<import('./kit/figure.mjs').Figure[]>}
 */
export async function run({ short, profile, say }) {
  const rounds = short ? 2 : 4;
  const seconds = short ? 3 : 6;
  const directories = ['shares', 'shares-apart'].map((name) => temporaryDirectory(name));
  const load = new LoadProcess();
  const flood = new FloodProcess();
  const [server, neighbour] = await Promise.all(
    directories.map((directory) =>
      startServer({
        directory,
        env: { INKWIRE_WORKERS: '2', INKWIRE_KEYS: `${owner}=${token},flood=${flooder}` },
        profile: profile('shares'),
      }),
    ),
  );
  if (server === undefined || neighbour === undefined) throw new Error('Two servers were asked for');
  const body = JSON.stringify(smallDocument());
  const submit = () => {
    const order = { port: server.port, token, body, seconds, perSecond };
    return load.run({ ...order, exchange: 'submit', connections: 4, inDetail: true });
  };
  const beside = async (/** @type {string} */ name, /** @type {number} */ port) => {
    await flood.carryOut({ type: 'begin', port, token: flooder, flood: name });
    const measured = await submit();
    await flood.carryOut({ type: 'end' });
    return measured;
  };
  try {
    for (const { port } of [server, neighbour])
      await flood.carryOut({ type: 'fill', port, token: flooder, count: stored });
    await submit();
    const figures = [];
    for (const name of floodNames) {
      /** @type {Record<'quiet' | 'apart' | 'flooded', import('./kit/load.mjs').Measured[]>} */
      const all = { quiet: [], apart: [], flooded: [] };
      for (let round = 0; round < rounds; round += 1) {
        const quiet = await submit();
        const apart = await beside(name, neighbour.port);
        const flooded = await beside(name, server.port);
        all.quiet.push(quiet);
        all.apart.push(apart);
        all.flooded.push(flooded);
        say(
          `${name}: submit p99 ${quiet.ms.p99.toFixed(1)} ms quiet, ${apart.ms.p99.toFixed(1)} ms beside it on the ` +
            `machine, ${flooded.ms.p99.toFixed(1)} ms beside it in the server (turns of the generator: p99 ` +
            `${(flooded.loopMs ?? 0).toFixed(1)} ms)`,
        );
      }
      const quiet = p99Of(all.quiet);
      const flooded = p99Of(all.flooded);
      const ratios = all.flooded.map(({ ms }, round) => ms.p99 / (all.quiet[round]?.ms.p99 ?? Number.NaN));
      figures.push(
        {
          name: `${name}: submit p99 of another owner`,
          value: flooded / quiet,
          unit: 'x of quiet',
          atMost: 3,
          note: `${quiet.toFixed(1)} and ${flooded.toFixed(1)} ms; of the rounds ${spread(ratios, 2)}`,
        },
        {
          name: `${name}: the same, of a server that the flood does not ask`,
          value: p99Of(all.apart) / quiet,
          unit: 'x of quiet',
          note: `${p99Of(all.apart).toFixed(1)} ms: the part of the machine`,
        },
      );
    }
    return figures;
  } finally {
    await Promise.all([server.stop(), neighbour.stop()]);
    load.close();
    flood.close();
    for (const directory of directories) removeDirectory(directory);
  }
}

/** @param {readonly import('./kit/load.mjs').Measured[]} rounds */
function p99Of(rounds) {
  return percentiles(rounds.flatMap(({ times = [] }) => times)).p99;
}
