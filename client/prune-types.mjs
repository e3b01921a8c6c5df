/**
 * Leaves of `dist/types` what programs can reach: tsc declares every file, and each takes a block of the disk of everybody who installs
 * the package.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('dist/types/', import.meta.url));
/** @type {Set<string>} */
const reached = new Set();
const reach = (/** @type {string} */ file) => {
  if (reached.has(file)) return;
  reached.add(file);
  for (const [, specifier = ''] of readFileSync(file, 'utf8').matchAll(
    /(?:from|import\()\s*['"](\.[^'"]*)\.js['"]/g,
  )) {
    const target = resolve(dirname(file), `${specifier}.d.ts`);
    if (!existsSync(target)) throw new Error(`${file} wants ${specifier}`);
    reach(target);
  }
};
for (const entry of ['sdk/client', 'react/react', 'element/inkwire-job', 'viewer/inkwire-pages'])
  reach(join(root, 'client', `${entry}.d.ts`));
for (const each of readdirSync(root, { recursive: true, withFileTypes: true })) {
  const file = join(each.parentPath, each.name);
  if (each.isFile() && !reached.has(file)) rmSync(file);
}
