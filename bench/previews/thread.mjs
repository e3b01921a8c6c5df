import { parentPort, workerData } from 'node:worker_threads';
import { drawPages } from '../../dist/src/render/kinds/preview/pages/draw-pages.js';
import { drawerOf } from './drawing.mjs';

const { path, pages, total, taken } = workerData;
const drawer = drawerOf(path, { format: 'jpg', dpi: 150 });
/** As those of a job. */
const pagesPerChunk = 8;

/** Pages from place `from` of many copies of the document. */
function draw(from, to) {
  const indexes = Array.from({ length: Math.max(0, to - from) }, (_, at) => (from + at) % pages);
  return drawPages(drawer, indexes, () => undefined);
}

// The instance is started, the document open, and what is run often compiled by threads that would count as those that draw.
await draw(0, 2 * pagesPerChunk);
parentPort.once('message', async () => {
  const [start, before] = [performance.now(), performance.eventLoopUtilization()];
  for (let from = 0; from < total; ) {
    from = Atomics.add(taken, 0, pagesPerChunk);
    await draw(from, Math.min(total, from + pagesPerChunk));
  }
  // How long it took, and the part of it in which this thread itself was at work: encoders have threads of their own.
  const { utilization } = performance.eventLoopUtilization(before);
  parentPort.postMessage({ ms: performance.now() - start, own: utilization });
  drawer.close();
  parentPort.close();
});
parentPort.postMessage('ready');
