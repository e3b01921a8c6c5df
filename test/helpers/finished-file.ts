import { readFileSync } from 'node:fs';
import type { FinishedFile } from '../../src/render/wire.js';

/** The text of an artifact that a render thread has made, wherever it lies. */
export function textOf(file: FinishedFile | undefined): string {
  if (file === undefined) throw new Error('There is no such file');
  return 'bytes' in file ? Buffer.from(file.bytes).toString() : readFileSync(file.path, 'utf8');
}
