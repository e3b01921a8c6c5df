import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Face } from './catalogue.js';
import { folderOfPackage } from './packages.js';

/** Bytes of a face that comes from a file; whoever wants no more of it loads no engine of fonts. */
export function readFace(face: Face): Buffer {
  if (face.source.type !== 'file') throw new Error(`${face.id} has no file`);
  const { package: name, path } = face.source;
  const folder = folderOfPackage(name);
  if (folder === undefined)
    throw new Error(`font package ${name} is not installed (looked from ${dirname(import.meta.url)})`);
  return readFileSync(join(folder, path));
}
