import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Builds into `dist/`. With `--if-changed` not where what is there was built from the same files: a server starts again
 * without waiting.
 */

const root = fileURLToPath(new URL('.', import.meta.url));
const stamp = join(root, 'dist', '.built-from');
/** Folders below `client/` that nothing is built from. */
const apart = new Set(['dist', 'node_modules', 'conformance', 'php', 'python']);

const state = stateOfInputs();
if (!process.argv.includes('--if-changed') || builtFrom() !== state) {
  // What is cut off is not whole.
  rmSync(stamp, { force: true });
  console.log('Building what the server and its clients run; this takes some seconds.');
  const { status } = spawnSync('npm', ['run', '--silent', 'build:all'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.exit(status ?? 1);
  writeFileSync(stamp, state);
}

/** A digest of all that is built from. */
function stateOfInputs() {
  const files = [
    ...['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'vite.server.config.js'],
    ...filesOf('src'),
    ...filesOf('client'),
  ];
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${file}\n`).update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

/** Paths of all files below a folder, in one order. */
function filesOf(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter(({ name }) => !apart.has(name))
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      return entry.isDirectory() ? filesOf(path) : [path];
    });
}

/** Undefined where nothing whole is there. */
function builtFrom() {
  try {
    return readFileSync(stamp, 'utf8');
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  }
}
