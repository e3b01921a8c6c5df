import { crc32 } from 'node:zlib';
import type { RunContext } from '../../../kind.js';
import type { FillPackage } from '../package/package.js';
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

/** @param files pictures of the package, by their names */
export async function fillOneRow(
  { source, pack, files }: { source: Source; pack: FillPackage; files: ReadonlyMap<string, Uint8Array> },
  cells: readonly (string | undefined)[],
  context: Pick<RunContext, 'picture'>,
): Promise<OneRow> {
  const { images, warnings } = await decodeImages(files, context);
  const builder = new TemplateBuilder({ source, pack, images });
  builder.add(cells);
  const template = builder.compile();
  const prefix = { length: template.prefix.length, crc32: crc32(template.prefix) };
  const { tail, warnings: row } = rowFiller(prefix, template.program)(cells, 0);
  return { prefix: template.prefix, tail, warnings: { template: template.warnings, images: warnings, row } };
}
