import { installPeers } from '../kit/peers.mjs';
import { profiler, readCommand, runSuite } from '../kit/suite.mjs';
import { hasNchan } from './nchan.mjs';

/**
 * Runs the benchmarks of the stream, all or those named, one after the other, and prints one table.
 *
 *     npm run bench:stream -- [names...] [--short] [--profile=DIRECTORY]
 */

const { chosen, short, profile } = readCommand({
  burst: './benchmarks/burst.mjs',
  paced: './benchmarks/paced.mjs',
  idle: './benchmarks/idle.mjs',
  stalled: './benchmarks/stalled.mjs',
  stopped: './benchmarks/stopped.mjs',
  irrelevant: './benchmarks/irrelevant.mjs',
  resume: './benchmarks/resume.mjs',
});
const folder = new URL('.', import.meta.url);
installPeers(folder, 'socket.io');
if (!hasNchan()) console.log('nchan is left out: it needs nginx-light and libnginx-mod-nchan (Debian)');
const parts = { profile: profiler(profile, ['--cpu-prof-interval=250']) };
process.exit(await runSuite({ chosen, short, folder, parts }));
