import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { Inkwire } from 'inkwire/client';
import { longTable } from './kit/documents.mjs';
import { removeDirectory, startServer, temporaryDirectory, token } from './kit/server.mjs';
import { median, spread } from './kit/statistics.mjs';

/**
 * What a page pays for the SDK, and how soon it sees something: `npm run client:facts`.
 *
 * The time is from the call of `submit` to the first `job.progress`, with a server that was just started and does
 * nothing else. `new`: a client that has no connection yet. `open`: one that follows `jobs` already.
 */

const rounds = 20;
const transports = /** @type {const} */ (['websocket', 'sse', 'long-poll']);
/** Bytes. */
const most = 10 * 1024;
const web = new URL('../dist/web/', import.meta.url);
/** Some seconds in all: there is progress to be seen. */
const document = longTable(2_000);

const sizes = readdirSync(web)
  .filter((name) => /^client.*\.js$/.test(name))
  .map((name) => ({ name, bytes: gzipSync(readFileSync(new URL(name, web)), { level: 9 }).length }))
  .sort((one, other) => Number(other.name === 'client.js') - Number(one.name === 'client.js'));
for (const { name, bytes } of sizes) console.log(`${name}: ${bytes} bytes gzip`);

console.log(`\nsubmit to first job.progress, ms: median of ${rounds} (least to most)`);
for (const key of [token, undefined]) {
  for (const transport of transports) {
    const directory = temporaryDirectory('client');
    // Without a key the server is in development mode.
    const server = await startServer({ directory, env: key === undefined ? { INKWIRE_KEYS: '' } : {} });
    const options = {
      url: `http://127.0.0.1:${server.port}`,
      transports: [transport],
      ...(key === undefined ? {} : { key }),
    };
    try {
      const fresh = await repeat(async () => {
        const client = new Inkwire(options);
        const ms = await untilProgress(client, (job) =>
          client.watch(job.job_id, { after: job.events_cursor }),
        );
        client.close();
        return ms;
      });
      const client = new Inkwire(options);
      const feed = client.subscribe(['jobs'], { snapshot: false });
      await live(client);
      const open = await repeat(() => untilProgress(client, () => feed));
      client.close();
      const name = `${transport}, ${key === undefined ? 'no key' : 'key'}:`;
      const said = (/** @type {number[]} */ values) =>
        `${median(values).toFixed(0)} (${spread(values)})`.padEnd(18);
      console.log(`${name.padEnd(20)} new ${said(fresh)} open ${said(open)}`);
    } finally {
      await server.stop();
      removeDirectory(directory);
    }
  }
}

const [client] = sizes;
if (client === undefined || client.bytes > most) {
  console.error(`client.js is to be at most ${most} bytes`);
  process.exitCode = 1;
}

/**
 * @param {() => Promise<number>} act
 * @returns {Promise<number[]>}
 */
async function repeat(act) {
  const values = [];
  while (values.length < rounds) values.push(await act());
  return values;
}

/**
 * Submits, and cancels as soon as there was progress, so that the next one finds an idle server.
 * @param {Inkwire} client
 * @param {(job: import('inkwire/client').SubmittedJob) => import('inkwire/client').Feed<import('inkwire/client').StreamItem | import('inkwire/client').WatchItem>} follow
 */
async function untilProgress(client, follow) {
  const begin = performance.now();
  const job = await client.submit(document);
  const feed = follow(job);
  const ms = await new Promise((resolve) => {
    const stop = feed.on('job.progress', ({ job: { job_id: id } }) => {
      if (id !== job.job_id) return;
      stop();
      resolve(performance.now() - begin);
    });
  });
  await client.cancel(job.job_id);
  await client.waitFor(job.job_id);
  return ms;
}

/** @param {Inkwire} client */
function live(client) {
  return new Promise((resolve) => {
    const stop = client.onConnection(({ status }) => {
      if (status !== 'live') return;
      stop();
      resolve(undefined);
    });
  });
}
