import { crc32 } from 'node:zlib';
import type { RunContext } from '../../../kind.js';
import type { OpenedPackage } from '../package/package-file.js';
import { TemplateBuilder } from './compile.js';
import { decodeImages } from './images.js';
import type { Message } from './program.js';
import { rowFiller } from './row-filler.js';
import type { Source } from './source.js';

/** One row, filled as a job would fill it: its PDF in two pieces, and what a job tells of all rows and of this one. */
export interface OneRow {
  readonly prefix: Uint8Array;
  readonly tail: Uint8Array;
  readonly warnings: Readonly<Record<'template' | 'images' | 'row', readonly Message[]>>;
}

/** @param opened without files where it is no package that was sent */
export async function fillOneRow(
  source: Source,
  { pack, pictures, fonts }: Omit<OpenedPackage, 'files'>,
  cells: readonly (string | undefined)[],
  context: Pick<RunContext, 'picture'>,
): Promise<OneRow> {
  const { images, warnings } = await decodeImages(pictures, context);
  const builder = new TemplateBuilder({ source, pack, images, fonts });
  builder.add(cells);
  const template = builder.compile();
  const prefix = { length: template.prefix.length, crc32: crc32(template.prefix) };
  const { tail, warnings: row } = rowFiller(prefix, template.program)(cells, 0);
  return { prefix: template.prefix, tail, warnings: { template: template.warnings, images: warnings, row } };
}
