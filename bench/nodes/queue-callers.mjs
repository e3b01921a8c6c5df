import { load, openQueue } from './queues.mjs';

/** The far end of queue-process.mjs: opens the queue that is named, and puts load on it when it is told to. */

const queue = await openQueue(JSON.parse(process.argv[2] ?? ''));

process.on('message', async (/** @type {{ callers: number, seconds: number }} */ { callers, seconds }) => {
  try {
    process.send?.({ measured: await load([queue], callers, seconds) });
  } catch (error) {
    process.send?.({ error: error instanceof Error ? error.stack : String(error) });
  }
});
process.once('disconnect', async () => {
  await queue.close();
  process.exit();
});
process.send?.({});
