/** The SDK as check.mjs drives it. */
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import { Inkwire } from '@inkwire/client';

const inkwire = new Inkwire({
  url: process.env.INKWIRE_URL,
  key: process.env.INKWIRE_KEY,
});
const feeds = new Map();
const say = (/** @type {number} */ id, /** @type {object} */ told) =>
  process.stdout.write(`${JSON.stringify({ id, ...told })}\n`);

/** @type {Readonly<Record<string, (id: number, command: any) => Promise<void>>>} */
const commands = {
  async submit(id, { request }) {
    say(id, { job: await inkwire.submit(request) });
  },
  async watch(id, { job }) {
    for await (const event of inkwire.watch(job.job_id, { after: job.events_cursor })) say(id, { event });
    say(id, { end: true });
  },
  async follow(id, { topics, after }) {
    const feed = inkwire.subscribe(topics, after === null ? {} : { after });
    feeds.set(id, feed);
    for await (const event of feed) say(id, { event });
    say(id, { end: true, cursor: feed.cursor });
  },
  async close(id, { feed }) {
    feeds.get(feed).close();
    say(id, {});
  },
  async download(id, { job_id: jobId }) {
    const bytes = await (await inkwire.download(jobId)).bytes();
    say(id, { sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length });
  },
  async batch(id, { requests }) {
    const onDocument = (/** @type {any} */ { index, job, error }) =>
      say(id, error === undefined ? { index, job } : { index, error: described(error) });
    await inkwire.runBatch(requests, { name: `batch-${process.pid}-${id}`, onDocument });
    say(id, { end: true });
  },
};

const described = (/** @type {any} */ { slug, status, message, errors }) => ({
  slug,
  status,
  message: [message, ...(errors ?? []).map((each) => `${each.pointer}: ${each.message}`)].join(' '),
});

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  commands[command.do]?.(command.id, command).catch((error) =>
    say(command.id, { end: true, error: described(error) }),
  );
}
inkwire.close();
