// Loaded into a server before its own code, beside `--expose-gc`: on SIGUSR2 it says on standard error what its main
// thread holds. Twice collected, since what the first finds dead may have held something else.

import { writeSync } from 'node:fs';

process.on('SIGUSR2', () => {
  globalThis.gc();
  setImmediate(() => {
    globalThis.gc();
    const { heapUsed, external } = process.memoryUsage();
    writeSync(2, `held ${heapUsed + external}\n`);
  });
});
