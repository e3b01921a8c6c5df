import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(import.meta.url);

/**
 * Where an installed package lies; undefined where it is not installed. Font packages have no entry point and may hide their
 * package.json, so that their folder is looked for along the search path.
 */
export function folderOfPackage(name: string): string | undefined {
  const folders = (require.resolve.paths(name) ?? []).map((folder) => join(folder, name));
  return folders.find((folder) => existsSync(join(folder, 'package.json')));
}
