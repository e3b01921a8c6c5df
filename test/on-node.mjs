import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchNode } from './helpers/other-node.mjs';

/**
 * Runs tests on another version of Node: `node test/on-node.mjs 24 [arguments of vitest]`. npm brings that Node into a
 * temporary folder, which is removed afterwards; nothing of this machine changes. The tests run on what was built before
 * (`npm run build`), and what they start runs on that Node, too.
 */
const [version, ...args] = process.argv.slice(2);
if (version === undefined) throw new Error('Name a version of Node: node test/on-node.mjs 24');

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), `inkwire-node-${version}-`));

try {
  const bin = fetchNode(version, folder);
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
  });
  if (error !== undefined) throw error;
  if (status !== 0 && env === undefined) throw new Error(`${command} ${args.join(' ')} ended with ${status}`);
  return status ?? 1;
}
