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
  await draw(passes);
  parentPort.postMessage('done');
  drawer.close();
  parentPort.close();
});
parentPort.postMessage('ready');
