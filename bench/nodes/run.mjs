import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { profiler, readCommand, runSuite } from '../kit/suite.mjs';
import { hasRedis } from './redis.mjs';

/**
 * Runs the benchmarks of many nodes, all or those named, one after the other, and prints one table.
 *
 *     npm run bench:nodes -- [names...] [--short] [--profile=DIRECTORY]
 */

const { chosen, short, profile } = readCommand({
  submits: './benchmarks/submits.mjs',
  processes: './benchmarks/processes.mjs',
  claims: './benchmarks/claims.mjs',
  cancel: './benchmarks/cancel.mjs',
  fanout: './benchmarks/fanout.mjs',
});
installPeers();
if (!hasRedis()) console.log('BullMQ is left out: it needs redis-server (Debian)');
const parts = { profile: profiler(profile) };
process.exit(await runSuite({ chosen, short, folder: new URL('.', import.meta.url), parts }));

/** The peers have a lock file of their own and are installed here, when first needed; none needs its install script. */
function installPeers() {
  if (existsSync(new URL('./node_modules/bullmq', import.meta.url))) return;
  console.log('Installing the peers ...');
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    stdio: 'inherit',
  });
  if (status !== 0) {
    console.error('The peers could not be installed');
    process.exit(2);
  }
}
