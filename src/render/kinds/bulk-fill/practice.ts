import { crc32 } from 'node:zlib';
import { CsvScanner } from './rows/csv-scanner.js';
import { defaultRowLimits } from './rows/row.js';
import { TemplateBuilder } from './template/compile.js';
import { rowFiller } from './template/row-filler.js';
import { sampleForm } from './template/sample-form.js';
import { openSource } from './template/source.js';

/** So many rows of several fields have the compiler see most of what fills rows. */
const rows = 300;
const names = ['name', 'street', 'city', 'note'];

/** Fills a small form many times over, for nobody: the first job of a thread finds engine, fonts and compiled code. */
export async function practiseFilling(): Promise<void> {
  const source = await openSource(await sampleForm(names));
  if ('refused' in source) throw new Error(source.message);
  const builder = new TemplateBuilder({
    source,
    pack: {
      format: 'inkwire-package',
      version: 1,
      source: { sha256: source.sha256, page_count: 1 },
      overlays: [
        { type: 'text', page: 0, x: 50, y: 50, width: 200, height: 20, value: { column: 'column_0' } },
      ],
      fields: [...names, 'agreed'].map((name, i) => ({ name, value: { column: `column_${i}` } })),
    },
    images: new Map(),
  });
  const read: (readonly (string | undefined)[])[] = [];
  const scanner = new CsvScanner(defaultRowLimits, (row) => {
    if ('fault' in row) return;
    read.push(row.cells);
    builder.add(row.cells);
  });
  const line = (row: number) =>
    `Łucja Müller ${row},"Lange Straße ${row}",Zürich,"Some words, row ${row}",true\n`;
  scanner.push(Buffer.from(Array.from({ length: rows }, (_, row) => line(row)).join('')));
  scanner.end();
  const { prefix, program } = builder.compile();
  const fill = rowFiller(
    { length: prefix.length, crc32: crc32(prefix) },
    JSON.parse(JSON.stringify(program)),
  );
  for (const [row, cells] of read.entries()) fill(cells, row);
}
