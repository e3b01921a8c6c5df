/**
 * Draws the pages of a document by so many threads, which take chunks as those of a job do, in a process of its own that may be bound to
 * some cores. Prints JSON: milliseconds of wall and of CPU a page, by threads that are ready, so that their starts and ends are not counted.
 * What the cores had nothing to do (`idle`), how far apart the threads ended (`apart`), and what the busiest one did by itself (`own`) are
 * parts of the time, 0 to 1.
 *   node bench/previews/threads.mjs <path> <pages> <threads> <cores>
 */
import { Worker } from 'node:worker_threads';

const [path = '', ...numbers] = process.argv.slice(2);
const [pages = 0, threads = 0, cores = 0] = numbers.map(Number);
/** A document of some length: the first chunk of a short one and its last would decide. */
const total = 160;
/** Pages that are somebody's already. */
const taken = new Int32Array(new SharedArrayBuffer(4));

const script = new URL('./thread.mjs', import.meta.url);
const workers = Array.from({ length: threads }, () => {
  return new Worker(script, { workerData: { path, pages, total, taken } });
});
const heard = () =>
  Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))));
await heard();
const [from, before] = [performance.now(), process.cpuUsage()];
const done = heard();
for (const worker of workers) worker.postMessage('go');
const ends = await done;
const wall = performance.now() - from;
const { user, system } = process.cpuUsage(before);
const cpu = (user + system) / 1000;
await Promise.all(workers.map((worker) => worker.terminate()));
const times = ends.map(({ ms }) => ms);
console.log(
  JSON.stringify({
    wall: wall / total,
    cpu: cpu / total,
    idle: 1 - cpu / (wall * cores),
    apart: 1 - Math.min(...times) / Math.max(...times),
    own: Math.max(...ends.map(({ own }) => own)),
  }),
);
