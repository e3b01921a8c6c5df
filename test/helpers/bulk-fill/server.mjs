import { readFileSync } from 'node:fs';
import { setEnvironmentData } from 'node:worker_threads';
import { pino } from 'pino';
import { startApp } from '../../../dist/src/app.js';
import { serve } from '../../../dist/src/cli/serve.js';
import { readConfig } from '../../../dist/src/config.js';
import { kinds } from '../../../dist/src/render/kinds/kinds.js';

/** The server as `inkwire serve` starts it, with threads that a test holds up. */
const read = readConfig(process.env, (path) => readFileSync(path, 'utf8'));
if (!read.ok) throw new Error(read.defects.join('\n'));
// Threads have no environment of the process.
setEnvironmentData('folder', process.env.BULK_FILL_TEST_FOLDER);
const logStream = pino.destination({ fd: 2, sync: false });
const signal = new Promise((resolve) => process.once('SIGTERM', resolve));
process.exitCode = await serve({
  start: () =>
    startApp({
      config: read.config,
      version: '0',
      log: pino({ level: read.config.logLevel }, logStream),
      logStream,
      kinds: {
        fronts: kinds,
        renderThread: new URL('thread.mjs', import.meta.url),
        bodyThread: new URL('../../../dist/src/body-thread.js', import.meta.url),
      },
    }),
  firstSignal: signal,
  secondSignal: new Promise(() => undefined),
  print: (line) => console.log(line),
  say: (line) => console.error(line),
});
process.exit();
