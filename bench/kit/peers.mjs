import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * Installs the peers of a folder with a lock file of its own, when they are first needed; none needs its install script.
 * Ends the process where they cannot be had.
 * @param {URL} folder
 * @param {string} peer one of them, which is there when all are
 */
export function installPeers(folder, peer) {
  if (existsSync(new URL(`./node_modules/${peer}`, folder))) return;
  console.log('Installing the peers ...');
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: fileURLToPath(folder),
    stdio: 'inherit',
  });
  if (status !== 0) {
    console.error('The peers could not be installed');
    process.exit(2);
  }
}
