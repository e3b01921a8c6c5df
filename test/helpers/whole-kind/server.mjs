import { readFileSync } from 'node:fs';
import { pino } from 'pino';
import { startApp } from '../../../dist/src/app.js';
import { serve } from '../../../dist/src/cli/serve.js';
import { readConfig } from '../../../dist/src/config.js';
import { wholeKind } from './kind.mjs';

/** The server as `inkwire serve` starts it, with this kind in the place of its own. */
const read = readConfig(process.env, (path) => readFileSync(path, 'utf8'));
if (!read.ok) throw new Error(read.defects.join('\n'));
const logStream = pino.destination({ fd: 2, sync: false });
const never = new Promise(() => undefined);
const signal = new Promise((resolve) => process.once('SIGTERM', resolve));
process.exitCode = await serve({
  start: () =>
    startApp({
      config: read.config,
      version: '0',
      log: pino({ level: read.config.logLevel }, logStream),
      logStream,
      kinds: {
        fronts: [wholeKind],
        renderThread: new URL('thread.mjs', import.meta.url),
        bodyThread: new URL('body-thread.mjs', import.meta.url),
      },
    }),
  firstSignal: signal,
  secondSignal: never,
  print: (line) => console.log(line),
  say: (line) => console.error(line),
});
process.exit();
