import { appendFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { getEnvironmentData, parentPort, workerData } from 'node:worker_threads';
import { backs } from '../../../dist/src/render/kinds/backs.js';
import { serveTasks } from '../../../dist/src/render/thread-server.js';

/**
 * The render thread of the server, whose steps of `bulk_fill` a test holds up by files in a folder, finds the runs of, and
 * has die: `pace-<ms>` makes each chunk take so long, `hold-<row>` keeps chunks from that row on, `hold-finish` the last step, `poison-<row>` ends the thread.
 */
const folder = getEnvironmentData('folder');
const files = (prefix) =>
  readdirSync(folder)
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length));

async function passHold(holds) {
  while (files('hold-').some(holds)) await new Promise((resolve) => setTimeout(resolve, 5));
}

function unruly(runner) {
  return {
    name: runner.name,
    prepare: (request, context) => {
      appendFileSync(join(folder, 'runs'), 'prepare\n');
      return runner.prepare(request, context);
    },
    async chunk(units, context) {
      await passHold((place) => place !== 'finish' && units.from >= Number(place));
      appendFileSync(join(folder, 'runs'), `${units.from}-${units.to}\n`);
      const [pace] = files('pace-');
      if (pace !== undefined) await new Promise((resolve) => setTimeout(resolve, Number(pace)));
      const poisoned = files('poison-').map(Number);
      if (poisoned.some((row) => units.from <= row && row < units.to)) process.exit(7);
      return runner.chunk(units, context);
    },
    async finish(lost, context) {
      await passHold((place) => place === 'finish');
      return runner.finish(lost, context);
    },
  };
}

serveTasks(
  parentPort,
  workerData,
  backs.map((back) =>
    back.name === 'bulk_fill' ? { ...back, load: async () => unruly(await back.load()) } : back,
  ),
);
