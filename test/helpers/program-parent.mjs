import { bubblewrap, unshare } from '../../dist/src/render/program-sandbox.js';
import { Programs } from '../../dist/src/render/programs.js';

/** A server that runs one program without end, to be killed: `node program-parent.mjs WAY DIRECTORY SCRIPT`. */
const [way, directory, script] = process.argv.slice(2);
const programs = new Programs({
  directory,
  registry: { sh: { file: 'sh' } },
  sandboxes: [bubblewrap, unshare].map((make) => make({ nice: 0 })).filter(({ name }) => name === way),
  allowUnsandboxed: way === 'none: allowed',
  nice: 0,
  maxRunning: 1,
  maxWaiting: 0,
  maxListeners: 0,
  onFault: (fault) => console.error(fault),
});
await programs.open();
const limits = { wallMs: 600_000, memoryMb: 512, outputBytes: 1_000_000, processes: 100 };
const call = { program: 'sh', args: ['-c', script], files: [], limits };
const { outcome } = await programs.run(call, new AbortController().signal);
console.log(JSON.stringify(outcome));
