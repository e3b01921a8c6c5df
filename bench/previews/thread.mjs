import { parentPort, workerData } from 'node:worker_threads';
import { drawerOf } from './drawing.mjs';

const { path, pages, from, step, passes } = workerData;
const drawer = drawerOf(path, { format: 'jpg', dpi: 150 });

async function draw(times) {
  for (let pass = 0; pass < times; pass += 1)
    for (let page = from; page < pages; page += step) await drawer.draw(page);
}

// The instance is started, the document open, and what is run often compiled by threads that would count as those that draw.
await draw(4 * step);
parentPort.once('message', async () => {
  const [from, before] = [performance.now(), performance.eventLoopUtilization()];
  await draw(passes);
  // How long it took, and the part of it in which this thread itself was at work: encoders have threads of their own.
  const { utilization } = performance.eventLoopUtilization(before);
  parentPort.postMessage({ ms: performance.now() - from, own: utilization });
  drawer.close();
  parentPort.close();
});
parentPort.postMessage('ready');
