import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { TemplateBuilder } from '../../../src/render/kinds/bulk-fill/template/compile.js';
import { rowFiller } from '../../../src/render/kinds/bulk-fill/template/row-filler.js';
import { noReaders, read, textOf } from './readers.js';
import { opened, pack, smallForm, textField, writePdf } from './small-forms.js';

/** Rows of `count` texts, drawn from a part of the Han characters in turn. */
function hanRows(count: number, distinct: number, length: number): readonly (readonly [string])[] {
  let next = 0;
  return Array.from({ length: count }, () => [
    Array.from({ length }, () => String.fromCodePoint(0x4e00 + ((next++ * 7) % distinct))).join(''),
  ]);
}

async function filled(rows: readonly (readonly string[])[], more: Partial<ReturnType<typeof pack>> = {}) {
  const fields = [
    textField('a', '20 100 280 120', '/DA(/Helv 8 Tf 0 g)'),
    textField('kept', '20 60 280 80', '/V(\ufeff)'.replace('(\ufeff)', '<FEFF56FA5B9A>')),
  ];
  const source = await opened(writePdf(smallForm({ fields })));
  const mapped = [{ name: 'a', value: { column: 'column_0' } }];
  const given = pack(source, { fields: mapped, language: 'zh', ...more });
  const builder = new TemplateBuilder({ source, pack: given, images: new Map() });
  for (const row of rows) builder.add(row);
  const { prefix, program } = builder.compile();
  const fill = rowFiller(
    { length: prefix.length, crc32: crc32(prefix) },
    JSON.parse(JSON.stringify(program)),
  );
  const pdfOf = (row: number) => Buffer.concat([prefix, fill(rows[row] ?? [], row).tail]);
  return { prefix, program, pdfOf };
}

describe.skipIf(noReaders)('a job with thousands of Han characters', () => {
  it('has in each file the glyphs of its own row', async () => {
    const rows = hanRows(1_000, 2_100, 30);
    const { pdfOf, program, prefix } = await filled(rows);
    expect(program.rowFonts).toHaveLength(1);
    for (const row of [0, 499, 999]) {
      const pdf = pdfOf(row);
      const text = await read(pdf);
      expect(text).toContain(rows[row]?.[0]);
      // What the source has in each file is there, too.
      expect(text).toContain('固定');
      expect(pdf.length - prefix.length).toBeLessThan(15_000);
    }
    expect(prefix.length).toBeLessThan(10_000);
  });

  it('has common characters in what all files share', async () => {
    const rows = hanRows(200, 1_000, 12).map(([text]): [string] => [`中文${text}`]);
    const { pdfOf, program } = await filled(rows);
    expect(program.rowFonts[0]?.texts).not.toContain('中');
    expect(await read(pdfOf(7))).toContain(rows[7]?.[0]);
  });

  it('is the same for a row that comes alone or after others, and empty rows have no glyphs', async () => {
    const rows = [...hanRows(99, 900, 20), [''] as const];
    const [one, other] = [await filled(rows), await filled(rows)];
    one.pdfOf(1);
    expect(one.pdfOf(2).equals(other.pdfOf(2))).toBe(true);
    expect((await read(one.pdfOf(99))).trim().replace(/\s+/g, ' ')).toBe('Printed text 固定');
  });

  it('flattened, and in overlays, shows the same text', async () => {
    const rows = hanRows(50, 700, 15);
    const place = { page: 0, x: 20, y: 10, width: 260, height: 30, size: 10 } as const;
    const overlays = [{ ...place, type: 'text', value: { template: '壱 {{column_0}}' } }] as const;
    const { pdfOf } = await filled(rows, { flatten: true, overlays });
    const text = await read(pdfOf(3));
    expect(text.split(rows[3]?.[0] ?? '?')).toHaveLength(3);
  });

  it('with few of them has all glyphs in what the files share', async () => {
    const { program, pdfOf } = await filled(hanRows(100, 40, 5));
    expect(program.rowFonts).toEqual([]);
    expect(textOf(pdfOf(0))).toContain('固定');
  });
});
