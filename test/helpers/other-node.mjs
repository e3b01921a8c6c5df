import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

// npm's package `node` only links to these, by a script.
const platform = process.platform === 'win32' ? 'win' : process.platform;
const name = `node-${platform}-${process.arch}`;

/** Brings another version of Node into a folder, by npm; nothing of this machine changes. @returns the folder of its program */
export function fetchNode(version, folder) {
  const args = ['--prefix', folder, '--no-audit', '--no-fund', '--ignore-scripts', `${name}@${version}`];
  const { status, error } = spawnSync('npm', ['install', ...args], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`npm could not bring Node ${version}: ${status}`);
  return join(folder, 'node_modules', name, 'bin');
}
