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
 * by announcing bodies that never come, with more renders than may wait, with readers that have no cursor, with submits
 * and listings without end, and with two large files at one time. The flood is made on the same cores, so it is aimed at a server of its own, too: what that
 * does to the submits is the machine's part, and only the rest is of sharing one server.
 * @param {import('./kit/figure.mjs').Run} run
 * @returns {Promise<import('./kit/figure.mjs').Figure[]>}
 */
export async function run({ short, profile, say }) {
  const rounds = short ? 2 : 4;
  const seconds = short ? 3 : 6;
  const directories = ['shares', 'shares-apart'].map((name) => temporaryDirectory(name));
  const load = new LoadProcess();
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
  const beside = async (/** @type {Flood} */ flood, /** @type {(flood: Flood) => void} */ begin) => {
    begin(flood);
    const ms = await submit();
    await flood.end();
    return ms;
  };
  try {
    const flood = new Flood(server.port);
    const apart = new Flood(neighbour.port);
    for (const one of [flood, apart])
      await Promise.all(Array.from({ length: stored }, () => one.ask('/api/v1/jobs', smallDocument())));
    await submit();
    const figures = [];
    for (const [name, begin] of Object.entries(floods)) {
      /** @type {{ quiet: number, apart: number, flooded: number }[]} */
      const rows = [];
      for (let round = 0; round < rounds; round += 1) {
        const row = {
          quiet: await submit(),
          apart: await beside(apart, begin),
          flooded: await beside(flood, begin),
        };
        rows.push(row);
        say(
          `${name}: submit p99 ${row.quiet.toFixed(1)} ms quiet, ${row.apart.toFixed(1)} ms beside it on the ` +
            `machine, ${row.flooded.toFixed(1)} ms beside it in the server`,
        );
      }
      const ratios = rows.map(({ quiet, flooded }) => flooded / quiet);
      const quiet = median(rows.map((row) => row.quiet));
      const flooded = median(rows.map((row) => row.flooded));
      figures.push(
        {
          name: `${name}: submit p99 of another owner`,
          value: median(ratios),
          unit: 'x of quiet',
          atMost: 3,
          note: `${quiet.toFixed(1)} and ${flooded.toFixed(1)} ms, ${spread(ratios, 2)}`,
        },
        {
          name: `${name}: the same, of a server that the flood does not ask`,
          value: median(rows.map((row) => row.apart / row.quiet)),
          unit: 'x of quiet',
          note: `${median(rows.map((row) => row.apart)).toFixed(1)} ms: the part of the machine`,
        },
      );
    }
    await Promise.all([flood.close(), apart.close()]);
    return figures;
  } finally {
    await Promise.all([server.stop(), neighbour.stop()]);
    load.close();
    for (const directory of directories) removeDirectory(directory);
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
    const isFile = body instanceof Uint8Array;
    const type = isFile ? 'multipart/form-data; boundary=b' : 'application/json';
    const { statusCode, body: answer } = await this.#agent.request({
      origin: `http://127.0.0.1:${this.#port}`,
      path,
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        authorization: `Bearer ${flooder}`,
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': type }),
      },
      signal: this.#going.signal,
      ...(body === undefined ? {} : { body: isFile ? body : JSON.stringify(body) }),
    });
    await answer.dump({ limit: Number.MAX_SAFE_INTEGER });
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

/** A file of 30 MB, as browsers send it. It is no document: the job that it makes fails at once. */
const largeForm = Buffer.concat([
  Buffer.from(
    '--b\r\nContent-Disposition: form-data; name="kind"\r\n\r\nextract_text\r\n' +
      '--b\r\nContent-Disposition: form-data; name="pdf_data"; filename="a.pdf"\r\n\r\n%PDF-1.7\n',
  ),
  Buffer.alloc(30_000_000, 'x'),
  Buffer.from('\r\n--b--\r\n'),
]);

/** @type {Readonly<Record<string, (flood: Flood) => void>>} */
const floods = {
  announcing: (flood) => flood.announce(64),
  renders: (flood) => flood.keepAsking(80, '/api/v1/render', longTable(500)),
  readers: (flood) => flood.keepAsking(50, '/api/v1/events?topic=jobs'),
  submits: (flood) => {
    flood.keepAsking(32, '/api/v1/jobs', smallDocument());
    flood.keepAsking(32, '/api/v1/jobs?limit=200');
  },
  files: (flood) => flood.keepAsking(2, '/api/v1/jobs', largeForm),
};
