import { setTimeout as pause } from 'node:timers/promises';
import { previewPrograms } from '../../dist/src/render/kinds/preview/inputs/program-names.js';
import { bubblewrap, unshare } from '../../dist/src/render/program-sandbox.js';
import { Programs } from '../../dist/src/render/programs.js';

/** A server that keeps an office started, to be killed: `node office-parent.mjs WAY DIRECTORY`. Says so when it is. */
const [way, directory] = process.argv.slice(2);
const programs = new Programs({
  directory,
  registry: previewPrograms,
  sandboxes: [bubblewrap, unshare].map((make) => make({ nice: 0 })).filter(({ name }) => name === way),
  allowUnsandboxed: false,
  nice: 0,
  maxRunning: 1,
  maxWaiting: 0,
  maxListeners: 1,
  onFault: (fault) => console.error(fault),
});
await programs.open();
const limits = { wallMs: 600_000, memoryMb: 1_024, outputBytes: 100_000_000, processes: 128 };
const call = { program: 'soffice', args: ['--version'], files: [], limits };
await programs.run(call, new AbortController().signal);
while (programs.kept === 0) await pause(5);
process.stdout.write('kept\n');
setInterval(() => undefined, 60_000);
