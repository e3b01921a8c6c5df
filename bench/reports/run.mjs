import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { profiler, readCommand, runSuite } from '../kit/suite.mjs';

/**
 * Runs the benchmarks of designs, all or those named, one after the other, and prints one table.
 *
 *     npm run bench:reports -- [names...] [--short] [--profile=DIRECTORY]
 */

const { chosen, short, profile } = readCommand({
  'in-process': './benchmarks/in-process.mjs',
  carry: './benchmarks/carry.mjs',
  http: './benchmarks/http.mjs',
  japanese: './benchmarks/japanese.mjs',
  browsers: './benchmarks/browsers.mjs',
});
installPeers();
const parts = { profile: profiler(profile) };
process.exit(await runSuite({ chosen, short, folder: new URL('.', import.meta.url), parts }));

/** The peers have a lock file of their own and are installed here, when first needed; none needs its install script. */
function installPeers() {
  if (existsSync(new URL('./node_modules/@pdfme/generator', import.meta.url))) return;
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
