import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { Inkwire } from 'inkwire/client';
import { longTable } from './kit/documents.mjs';
import { removeDirectory, startServer, temporaryDirectory, token } from './kit/server.mjs';
import { median, spread } from './kit/statistics.mjs';

/**
 * What a page pays for the SDK, and how soon it sees something: `npm run client:facts`.
 *
 * The time is from the call of `submit` to the first `job.progress`, for a client that has no connection yet, with a
 * server that was just started and does nothing else.
 */

const rounds = 20;
const transports = /** @type {const} */ (['websocket', 'sse', 'long-poll']);
/** Bytes. */
const most = 10 * 1024;
const web = new URL('../dist/web/', import.meta.url);
/** Rows: a long-poll tells of progress once in a second, so that its documents must take longer than that. */
const rows = { websocket: 2_000, sse: 2_000, 'long-poll': 10_000 };

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
      /** @type {number[]} */
      const values = [];
      while (values.length < rounds) values.push(await untilProgress(options, longTable(rows[transport])));
      const name = `${transport}, ${key === undefined ? 'no key' : 'key'}:`;
      console.log(`${name.padEnd(20)} ${median(values).toFixed(0)} (${spread(values)})`);
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
 * @param {import('inkwire/client').InkwireOptions} options
 * @param {import('inkwire/client').JobRequest} document
 */
async function untilProgress(options, document) {
  const client = new Inkwire(options);
  const begin = performance.now();
  const job = await client.submit(document);
  let ms;
  // To its end, so that the next one finds an idle server.
  for await (const { type } of client.watch(job.job_id, { after: job.events_cursor }))
    if (type === 'job.progress') ms ??= performance.now() - begin;
  client.close();
  if (ms === undefined) throw new Error('The job ended before there was progress');
  return ms;
}
