import { readFile, rename, writeFile } from 'node:fs/promises';
import { Inkwire } from 'inkwire/client';

const place = process.argv[2] ?? 'cursor.txt';
const inkwire = new Inkwire({ url: process.env.INKWIRE_URL, key: process.env.INKWIRE_KEY });

const after = await readFile(place, 'utf8').catch(() => undefined);
const feed = inkwire.subscribe(['jobs'], {
  types: ['job.completed', 'job.failed', 'job.cancelled'],
  // The first time: only what happens from now on.
  ...(after === undefined ? { snapshot: false } : { after }),
});

// Also when nothing happens: a cursor that is never moved grows too old in the end. Not amid the work on an item.
let working = false;
const timer = setInterval(() => working || save().catch(fail), 10_000);
process.once('SIGTERM', () => feed.close());

for await (const item of feed) {
  working = true;
  if (item.type === 'reset') {
    // Away for longer than the log is kept: what follows is a snapshot of all jobs.
    console.log(`missed events: ${item.reason}`);
  } else if (item.type === 'snapshot') {
    for (const job of item.jobs) if (job.completed_at !== undefined) await handle(job);
  } else {
    await handle(item.job);
  }
  await save();
  working = false;
}

clearInterval(timer);
await save();
inkwire.close();

/** May be called twice for one job, when the process ends between this and `save`. */
async function handle(job) {
  console.log(`${job.job_id} ${job.status}`);
}

/** Everything up to here is done. In one step, so that a crash leaves the old cursor or the new one. */
async function save() {
  if (feed.cursor === undefined) return;
  await writeFile(`${place}.new`, feed.cursor);
  await rename(`${place}.new`, place);
}

function fail(error) {
  console.error(error);
  process.exitCode = 1;
  feed.close();
}
