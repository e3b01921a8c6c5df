import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Runs tests on another version of Node: `node test/on-node.mjs 24 [arguments of vitest]`. npm brings that Node into a
 * temporary folder, which is removed afterwards; nothing of this machine changes. The tests run on what was built before
 * (`npm run build`), and what they start runs on that Node, too.
 */
const [version, ...args] = process.argv.slice(2);
if (version === undefined) throw new Error('Name a version of Node: node test/on-node.mjs 24');

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), `inkwire-node-${version}-`));
// npm's package `node` only links to these, by a script.
const platform = process.platform === 'win32' ? 'win' : process.platform;
const name = `node-${platform}-${process.arch}`;

try {
  run('npm', [
    'install',
    '--prefix',
    folder,
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    `${name}@${version}`,
  ]);
  const bin = join(folder, 'node_modules', name, 'bin');
  const node = join(bin, process.platform === 'win32' ? 'node.exe' : 'node');
  run(node, ['--version']);
  process.exitCode = run(node, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...args], {
    PATH: `${bin}${delimiter}${dirname(process.execPath)}${delimiter}${process.env.PATH}`,
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** The exit code of tests; a step before them that fails throws. */
function run(command, args, env) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
    shell: command === 'npm' && process.platform === 'win32',
  });
  if (error !== undefined) throw error;
  if (status !== 0 && env === undefined) throw new Error(`${command} ${args.join(' ')} ended with ${status}`);
  return status ?? 1;
}
