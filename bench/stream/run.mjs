import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
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
installPeers();
if (!hasNchan()) console.log('nchan is left out: it needs nginx-light and libnginx-mod-nchan (Debian)');
const parts = { profile: profiler(profile, ['--cpu-prof-interval=250']) };
process.exit(await runSuite({ chosen, short, folder: new URL('.', import.meta.url), parts }));

/** The peers have a lock file of their own and are installed here, when first needed. */
function installPeers() {
  const directory = fileURLToPath(new URL('.', import.meta.url));
  if (existsSync(new URL('./node_modules/socket.io', import.meta.url))) return;
  console.log('Installing the peers ...');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: directory,
    stdio: 'inherit',
  });
  if (status !== 0) {
    console.error('The peers could not be installed');
    process.exit(2);
  }
}
