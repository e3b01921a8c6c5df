import { setMaxListeners } from 'node:events';
import { connect } from 'node:net';
import { Agent } from 'undici';
import { longTable, smallDocument } from './kit/documents.mjs';
import { LoadProcess } from './kit/load-process.mjs';
import { owner, removeDirectory, startServer, temporaryDirectory, token } from './kit/server.mjs';
import { median, spread } from './kit/statistics.mjs';

const flooder = 'bench-token-of-the-owner-who-floods';
const perSecond = 50;
/** Jobs of the flooder, so that a snapshot of them is some work. */
const stored = 1_000;

/**
 * How long a submit of one owner takes while another takes all it can of what both share, against the same without that:
 * by announcing bodies that never come, with more renders than may wait, with readers that have no cursor, and with submits
 * and listings without end. The flood is made on the same cores.
 * @param {import('./kit/figure.mjs').Run} run
 * @returns {Promise<import('./kit/figure.mjs').Figure[]>}
 */
export async function run({ short, profile, say }) {
  const rounds = short ? 2 : 4;
  const seconds = short ? 3 : 6;
  const directory = temporaryDirectory('shares');
  const load = new LoadProcess();
  const server = await startServer({
    directory,
    env: { INKWIRE_WORKERS: '2', INKWIRE_KEYS: `${owner}=${token},flood=${flooder}` },
    profile: profile('shares'),
  });
  const body = JSON.stringify(smallDocument());
  const submit = async () =>
    (
      await load.run({
        port: server.port,
        token,
        exchange: 'submit',
        connections: 4,
        body,
        seconds,
        perSecond,
      })
    ).ms.p99;
  try {
    const flood = new Flood(server.port);
    await Promise.all(Array.from({ length: stored }, () => flood.ask('/api/v1/jobs', smallDocument())));
    await submit();
    const figures = [];
    for (const [name, begin] of Object.entries(floods)) {
      /** @type {{ quiet: number, flooded: number }[]} */
      const rows = [];
      for (let round = 0; round < rounds; round += 1) {
        const quiet = await submit();
        begin(flood);
        const flooded = await submit();
        await flood.end();
        rows.push({ quiet, flooded });
        say(`${name}: submit p99 ${quiet.toFixed(1)} ms quiet, ${flooded.toFixed(1)} ms beside it`);
      }
      const ratios = rows.map(({ quiet, flooded }) => flooded / quiet);
      const [quiet, flooded] = [rows.map((row) => row.quiet), rows.map((row) => row.flooded)].map(median);
      figures.push({
        name: `${name}: submit p99 of another owner`,
        value: median(ratios),
        unit: 'x of quiet',
        atMost: 3,
        note: `${quiet?.toFixed(1)} and ${flooded?.toFixed(1)} ms, ${spread(ratios, 2)}`,
      });
    }
    await flood.close();
    return figures;
  } finally {
    await server.stop();
    load.close();
    removeDirectory(directory);
  }
}

/** Each request under way listens to it. */
function listenedTo() {
  const going = new AbortController();
  setMaxListeners(0, going.signal);
  return going;
}

/** One owner's requests, again and again until the end. */
class Flood {
  #port;
  #agent = new Agent({ connections: 256 });
  #going = listenedTo();
  /** @type {Promise<unknown>[]} */
  #loops = [];
  /** @type {import('node:net').Socket[]} */
  #sockets = [];

  /** @param {number} port */
  constructor(port) {
    this.#port = port;
  }

  /**
   * @param {string} path
   * @param {object} [body]
   */
  async ask(path, body) {
    const { statusCode, body: answer } = await this.#agent.request({
      origin: `http://127.0.0.1:${this.#port}`,
      path,
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        authorization: `Bearer ${flooder}`,
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      signal: this.#going.signal,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    await answer.dump();
    return statusCode;
  }

  /**
   * @param {number} count at one time
   * @param {string} path
   * @param {object} [body]
   */
  keepAsking(count, path, body) {
    const { signal } = this.#going;
    const loop = async () => {
      while (!signal.aborted) {
        // What is refused is asked for again, but not in a busy loop.
        const status = await this.ask(path, body).catch(() => 0);
        if (status === 0 || status >= 400) await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    this.#loops.push(...Array.from({ length: count }, loop));
  }

  /** @param {number} count of bodies, of which one byte comes */
  announce(count) {
    for (let number = 0; number < count; number += 1) {
      const socket = connect(this.#port, '127.0.0.1').on('error', () => undefined);
      socket.write(
        'POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n' +
          `Authorization: Bearer ${flooder}\r\nContent-Length: 33554432\r\n\r\n{`,
      );
      this.#sockets.push(socket);
    }
  }

  async end() {
    this.#going.abort();
    for (const socket of this.#sockets.splice(0)) socket.destroy();
    await Promise.all(this.#loops.splice(0));
    this.#going = listenedTo();
  }

  close() {
    return this.#agent.destroy();
  }
}

/** @type {Readonly<Record<string, (flood: Flood) => void>>} */
const floods = {
  announcing: (flood) => flood.announce(64),
  renders: (flood) => flood.keepAsking(80, '/api/v1/render', longTable(500)),
  readers: (flood) => flood.keepAsking(50, '/api/v1/events?topic=jobs'),
  submits: (flood) => {
    flood.keepAsking(32, '/api/v1/jobs', smallDocument());
    flood.keepAsking(32, '/api/v1/jobs?limit=200');
  },
};
