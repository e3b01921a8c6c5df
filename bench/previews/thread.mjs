import { parentPort, workerData } from 'node:worker_threads';
import { drawerOf } from './drawing.mjs';

const { path, pages, from, step } = workerData;
const drawer = drawerOf(path, { format: 'jpg', dpi: 150 });
await drawer.draw(from);
parentPort.once('message', async () => {
  for (let page = from; page < pages; page += step) await drawer.draw(page);
  drawer.close();
});
parentPort.postMessage('ready');
