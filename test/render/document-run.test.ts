import { writeFileSync } from 'node:fs';
import { PDFArray, PDFDict, PDFDocument, PDFHexString, PDFName, PDFNumber, PDFString } from '@cantoo/pdf-lib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { FontRegistry } from '../../src/render/fonts/registry.js';
import { RenderFailure } from '../../src/render/kind.js';
import { colourImages } from './codes-fixture.js';
import { inspect, render, without } from './document-fixture.js';

const registry = new FontRegistry();
const noPoppler = without('pdftotext', 'pdffonts', 'pdfinfo');
const noQpdf = without('qpdf');
const text = (pdf: Uint8Array, ...args: string[]) => inspect(pdf, 'pdftotext', ...args, '{}', '-');

async function picture(format: 'png' | 'jpeg' | 'gif' | 'webp'): Promise<string> {
  const image = sharp({
    create: { width: 40, height: 20, channels: 4, background: { r: 200, g: 30, b: 60, alpha: 0.5 } },
  });
  return (await image.toFormat(format).toBuffer()).toString('base64');
}
const svg =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 60"><rect width="100" height="60" fill="#f80"/><text x="9" y="30" font-size="12">Zeichnung Ω</text></svg>';

type Bookmarked = readonly (string | Bookmarked)[];

/** Titles of bookmarks; those below one are a list behind it. */
function bookmarksOf(document: PDFDocument): Bookmarked {
  const below = (parent: PDFDict | undefined): Bookmarked => {
    const found: (string | Bookmarked)[] = [];
    let item = parent?.lookupMaybe(PDFName.of('First'), PDFDict);
    while (item !== undefined) {
      const title = item.lookup(PDFName.of('Title'));
      found.push(title instanceof PDFHexString || title instanceof PDFString ? title.decodeText() : '?');
      const children = below(item);
      if (children.length > 0) found.push(children);
      item = item.lookupMaybe(PDFName.of('Next'), PDFDict);
    }
    return found;
  };
  return below(document.catalog.lookupMaybe(PDFName.of('Outlines'), PDFDict));
}

describe('document run', () => {
  it.skipIf(noPoppler)('reads back text of six scripts, from every place text can be', async () => {
    const samples = ['Größe 10 €', 'Ελληνικά', 'Привет мир', 'ქართული', '日本語のテキスト', '한국어 텍스트'];
    const { pdf, warnings } = await render(registry, {
      language: 'ja',
      header: 'Kopf Привет',
      operations: [
        ...samples.map((sample) => ({ type: 'add_text', text: sample })),
        { type: 'add_text', text: '简体中文测试', lang: 'zh-Hans', bold: true },
        { type: 'add_table', headers: ['表', 'Таблица'], rows: [['日本', 'Ответ']] },
        { type: 'add_table', html: '<table><tr><td>Zelle Ωμέγα</td></tr></table>' },
        { type: 'add_list', items: ['Пункт', { text: '항목', items: ['Unterpunkt ß'] }] },
        { type: 'add_html', html: '<h2>Überschrift Жук</h2><p>Absatz <b>жирный</b></p>' },
        { type: 'add_columns', columns: [{ operations: [{ type: 'add_text', text: 'Spalte Я' }] }] },
      ],
    });
    const read = text(pdf, '-layout').normalize('NFC');
    for (const sample of [
      ...samples,
      'Kopf Привет',
      '简体中文测试',
      'Таблица',
      'Ответ',
      'Ωμέγα',
      'Пункт',
      '항목',
      'Unterpunkt ß',
      'Überschrift Жук',
      'жирный',
      'Spalte Я',
    ]) {
      expect(read).toContain(sample);
    }
    expect(warnings).toEqual([]);
    const fonts = inspect(pdf, 'pdffonts', '{}');
    expect(fonts).toMatch(/\+Arimo-Regular .*yes yes yes/);
    expect(fonts).not.toMatch(/Type 1|no +(?:yes|no) +(?:yes|no)/);
    expect(fonts).toMatch(/\+DejaVuSans .*yes yes yes/);
    expect(fonts).toMatch(/\+NotoSansJP-Regular/);
    // Japanese text comes from the Japanese font, Chinese text from the Chinese one.
    expect(fonts).toMatch(/\+NotoSansHans-Bold/);
    expect(fonts).toMatch(/\+NotoSansKR-Regular/);
  });

  it.skipIf(noPoppler)(
    'embeds every font but those that are asked for by name, and warns of these',
    async () => {
      const everywhere = [
        { type: 'add_text', text: 'text', heading: 1 },
        {
          type: 'add_html',
          html: '<p>p <b>b</b> <i>i</i> <code>code</code></p><ul><li>x</li></ul><pre>y</pre>',
        },
        { type: 'add_table', headers: ['a'], rows: [['b']] },
        { type: 'add_toc' },
        { type: 'add_barcode', symbology: 'ean13', value: '4006381333931' },
        {
          type: 'add_svg',
          svg: '<svg width="99" height="20"><text y="9" font-family="Helvetica, Arial">a</text><text y="19" style="font-family:monospace">b</text></svg>',
        },
      ];
      const { pdf, warnings } = await render(registry, {
        header: 'Kopf',
        watermark: 'ENTWURF',
        operations: [{ type: 'set_font', family: 'Arial' }, ...everywhere],
      });
      expect(warnings).toEqual([]);
      expect(inspect(pdf, 'pdffonts', '{}')).not.toMatch(/Type 1 /);
      const asked = await render(registry, {
        fonts: { default: 'Times' },
        operations: [
          { type: 'add_text', text: 'x' },
          { type: 'set_font', family: 'helvetica' },
          { type: 'add_text', text: 'x' },
          { type: 'set_font', family: 'helvetica', style: 'B' },
          {
            type: 'add_columns',
            columns: [{ operations: [{ type: 'set_font', family: 'courier' }, everywhere[0]] }],
          },
        ],
      });
      expect(asked.warnings.map(({ code, pointer }) => [code, pointer])).toEqual([
        ['standard_font', '/fonts/default'],
        ['standard_font', '/operations/1/family'],
        ['standard_font', '/operations/4/columns/0/operations/0/family'],
      ]);
      expect(inspect(asked.pdf, 'pdffonts', '{}')).toMatch(/Times-Roman +Type 1/);
    },
  );

  it.skipIf(noPoppler)('the default font keeps the lines and pages of the one with its widths', async () => {
    const operations = [
      { type: 'add_text', text: 'Ein Absatz mit vielen Wörtern, der umbrochen wird. '.repeat(200) },
      {
        type: 'add_table',
        headers: ['a', 'b'],
        rows: Array.from({ length: 90 }, (_, i) => [`Zeile ${i}`, '1']),
      },
    ];
    const ours = await render(registry, { operations });
    const standard = await render(registry, { fonts: { default: 'helvetica' }, operations });
    expect(ours.pages).toBe(standard.pages);
  });

  it('warns once of glyphs that no font has', async () => {
    const { warnings } = await render(registry, {
      operations: [
        { type: 'add_text', text: 'fine' },
        { type: 'add_text', text: 'missing \u{13000}\u{13001} and \u{13000}' },
        { type: 'add_table', headers: ['a'], rows: [['\u{13002}']] },
        { type: 'add_text', text: 'שלום' },
      ],
    });
    expect(warnings.map(({ code, pointer }) => [code, pointer])).toEqual([
      ['missing_glyph', '/operations/1'],
    ]);
    expect(warnings[0]?.message).toContain('U+13000, U+13001, U+13002');
  });

  it.skipIf(noPoppler)('repeats header rows and numbers the pages', async () => {
    const { pdf, pages } = await render(registry, {
      footer: 'Seite {page} von {pages}',
      operations: [
        {
          type: 'add_table',
          headers: ['KOPFZEILE', 'Wert'],
          rows: Array.from({ length: 120 }, (_, i) => [`Zeile ${i}`, i]),
          zebra: true,
        },
      ],
    });
    expect(pages).toBeGreaterThan(2);
    const sheets = text(pdf, '-layout').split('\f').slice(0, -1);
    expect(sheets.length).toBe(pages);
    for (const [i, sheet] of sheets.entries()) {
      expect(sheet).toContain('KOPFZEILE');
      expect(sheet).toContain(`Seite ${i + 1} von ${pages}`);
    }
    for (let i = 0; i < 120; i++) expect(sheets.some((sheet) => sheet.includes(`Zeile ${i} `))).toBe(true);
  });

  it.skipIf(noPoppler)('puts fixed content where it says and lets the rest flow', async () => {
    const { pdf } = await render(registry, {
      operations: [
        { type: 'add_text', text: 'flowing' },
        { type: 'add_text', text: 'fixed', x: 100, y: 200, font_size: 10 },
        { type: 'add_text', text: 'bottom', x: 10, y: 292, font_size: 8 },
        { type: 'add_text', text: 'next' },
      ],
    });
    const words = new Map(
      [
        ...inspect(pdf, 'pdftotext', '-bbox', '{}', '-').matchAll(
          /xMin="([\d.]+)" yMin="([\d.]+)".*?>(\w+)<\/word>/g,
        ),
      ].map(([, x, y, word]) => [word, { x: Number(x) / (72 / 25.4), y: Number(y) / (72 / 25.4) }]),
    );
    expect(words.get('flowing')?.x).toBeCloseTo(10, 0);
    expect(words.get('fixed')?.x).toBeCloseTo(100, 0);
    expect(words.get('fixed')?.y).toBeCloseTo(200, 0);
    expect(words.get('bottom')?.y).toBeGreaterThan(291);
    const flow = (words.get('next')?.y ?? 0) - (words.get('flowing')?.y ?? 0);
    expect(flow).toBeGreaterThan(3);
    expect(flow).toBeLessThan(8);
    expect(inspect(pdf, 'pdfinfo', '{}')).toMatch(/Pages: +1\n/);
  });

  it.skipIf(noPoppler)('gives each page its own size, and a page for every add_page', async () => {
    const { pdf, pages } = await render(registry, {
      page_size: 'A4',
      operations: [
        { type: 'set_font', size: 10 },
        { type: 'add_page', page_size: 'A5', orientation: 'landscape' },
        { type: 'add_text', text: 'one' },
        { type: 'add_page' },
        { type: 'add_page', page_size: { width_mm: 100, height_mm: 150 }, orientation: 'portrait' },
        { type: 'add_text', text: 'three' },
        { type: 'add_page_break' },
        { type: 'add_text', text: 'four' },
      ],
    });
    expect(pages).toBe(4);
    const sizes = [...inspect(pdf, 'pdfinfo', '-l', '9', '{}').matchAll(/size: +([\d.]+) x ([\d.]+)/g)].map(
      ([, w, h]) => [Math.round(Number(w) / (72 / 25.4)), Math.round(Number(h) / (72 / 25.4))],
    );
    expect(sizes).toEqual([
      [210, 148],
      [210, 148],
      [100, 150],
      [100, 150],
    ]);
  });

  it.skipIf(noPoppler)('lists headings in the table of contents and as bookmarks', async () => {
    const { pdf } = await render(registry, {
      operations: [
        { type: 'add_toc', title: 'Inhalt' },
        { type: 'add_page' },
        { type: 'add_text', text: 'Erstes Kapitel', heading: 1 },
        { type: 'add_page' },
        { type: 'add_html', html: '<h1>Второе</h1>' },
      ],
    });
    const [contents = ''] = text(pdf, '-layout').split('\f');
    expect(contents).toMatch(/Inhalt[\s\S]*Erstes Kapitel +2[\s\S]*Второе +3/);
    expect(pdf.includes('/Outlines')).toBe(true);
  });

  it('nests bookmarks by the level of their headings', async () => {
    const heading = (level: number, text: string) => ({ type: 'add_text', text, heading: level });
    const { pdf } = await render(registry, {
      operations: [
        { type: 'add_toc' },
        heading(2, 'Before'),
        heading(1, 'One'),
        heading(3, 'One.0.1'),
        heading(2, 'One.1'),
        { type: 'add_html', html: '<h3>One.1.1</h3><p>text</p><h2>One.2</h2>' },
        { type: 'add_page' },
        { type: 'add_columns', columns: [{ operations: [heading(2, 'One.3')] }] },
        heading(1, 'Two'),
        heading(2, 'Two.1'),
      ],
    });
    const document = await PDFDocument.load(pdf);
    expect(bookmarksOf(document)).toEqual([
      'Before',
      'One',
      ['One.0.1', 'One.1', ['One.1.1'], 'One.2', 'One.3'],
      'Two',
      ['Two.1'],
    ]);
  });

  it('has one area to click for each line of a link, and one for each part of a line of the contents', async () => {
    const address = 'https://example.org/';
    const { pdf } = await render(registry, {
      operations: [
        { type: 'add_toc' },
        { type: 'add_page' },
        { type: 'add_text', text: 'A heading of five words', heading: 1 },
        { type: 'add_page' },
        { type: 'add_text', text: 'word '.repeat(70).trim(), link: address },
        {
          type: 'add_html',
          html: `<p><a href="${address}">here</a> between the two <a href="${address}">there</a></p>`,
        },
        { type: 'add_html', html: `<p><a href="${address}a">one</a> <a href="${address}b">two</a></p>` },
      ],
    });
    const document = await PDFDocument.load(pdf);
    const [contents, , linked] = document.getPages().map(({ node }) => {
      const all = node.Annots()?.asArray() ?? [];
      return all.map((annotation) => {
        const dict = document.context.lookup(annotation, PDFDict);
        const uri = dict.lookup(PDFName.of('A'), PDFDict).lookup(PDFName.of('URI'));
        const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = dict
          .lookup(PDFName.of('Rect'), PDFArray)
          .asArray()
          .map((number) => (number instanceof PDFNumber ? number.asNumber() : Number.NaN));
        return { uri: uri instanceof PDFString ? uri.asString() : '', width: x2 - x1, height: y2 - y1 };
      });
    });
    // The words, and the number.
    expect(contents).toHaveLength(2);
    expect(contents?.[0]?.width).toBeGreaterThan(100);
    const [first, , , , last] = linked ?? [];
    expect(linked?.map(({ uri }) => uri.replace(address, '/'))).toEqual([
      '/',
      '/',
      '/',
      '/',
      '/',
      '/',
      '/a',
      '/b',
    ]);
    expect(first?.width).toBeGreaterThan(400);
    expect(last?.width).toBeLessThan(60);
    for (const { width, height } of linked ?? []) {
      expect(width).toBeGreaterThan(10);
      expect(height).toBeLessThan(30);
    }
  });

  it.skipIf(noQpdf)('draws every operation into a file that qpdf finds nothing wrong with', async () => {
    const [png, jpeg, gif, webp] = await Promise.all([
      picture('png'),
      picture('jpeg'),
      picture('gif'),
      picture('webp'),
    ]);
    const { pdf, pages, warnings, pieces } = await render(registry, {
      title: 'Alles Ω',
      author: 'A',
      subject: 'S',
      keywords: 'k',
      header: { left: 'L', right: 'R', line: true },
      footer: '{page}',
      watermark: { text: 'DRAFT', angle: 30 },
      attachments: [
        { name: 'note.txt', content: Buffer.from('hello').toString('base64'), content_type: 'text/plain' },
      ],
      operations: [
        { type: 'add_toc' },
        { type: 'set_font', family: 'times', style: 'BIU', size: 11 },
        { type: 'add_text', text: 'text', heading: 2, link: 'https://example.org/' },
        ...[png, jpeg, gif, webp].map((source) => ({ type: 'add_image', source, width: 20 })),
        { type: 'add_image', source: png, width: 20, height: 20, fit: 'cover' },
        {
          type: 'add_image',
          source: `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`,
          x: 100,
          y: 50,
          width: 40,
        },
        { type: 'add_svg', svg, width: 50, align: 'right' },
        {
          type: 'add_table',
          html: '<table><thead><tr><th colspan=2>H</th></tr></thead><tr><td rowspan=2>a</td><td>b</td></tr><tr><td>c</td></tr></table>',
        },
        { type: 'add_list', ordered: true, style: 'upper-roman', items: ['x', { text: 'y', items: ['z'] }] },
        { type: 'add_link', url: 'https://example.org/', text: 'link' },
        { type: 'add_link', url: 'https://example.org/', x: 10, y: 10, width: 20, height: 5 },
        { type: 'add_line' },
        { type: 'add_line', x1: 10, y1: 10, x2: 50, y2: 50, dash: 2 },
        { type: 'add_rect', x: 10, y: 10, width: 20, height: 20, fill: '#ff0000', opacity: 0.3, radius: 50 },
        { type: 'add_qr', value: 'https://example.org/', align: 'center' },
        { type: 'add_barcode', symbology: 'ean13', value: '4006381333931' },
        { type: 'add_barcode', symbology: 'datamatrix', value: 'ABC', height: 15 },
        {
          type: 'add_columns',
          columns: [
            { operations: [{ type: 'add_text', text: 'a' }] },
            {
              width: 30,
              operations: [
                { type: 'add_columns', columns: [{ operations: [{ type: 'add_text', text: 'b' }] }] },
              ],
            },
          ],
        },
        { type: 'add_spacer', height: 500 },
        {
          type: 'add_html',
          html: '<p style="color:#c00">x <sub>1</sub></p><pre> y</pre><hr><blockquote>q</blockquote>',
        },
        { type: 'add_page_break' },
      ],
    });
    expect(pages).toBeGreaterThan(1);
    expect(pieces).toBeGreaterThan(0);
    expect(warnings.map(({ code }) => code)).toEqual(['standard_font']);
    expect(inspect(pdf, 'qpdf', '--check', '{}')).toMatch(/No syntax or stream encoding errors/);
    expect(inspect(pdf, 'qpdf', '--list-attachments', '{}')).toContain('note.txt');
    expect(inspect(pdf, 'qpdf', '--show-attachment=note.txt', '{}')).toBe('hello');
  });

  it.skipIf(noQpdf || noPoppler)('encrypts with AES-256 and the permissions asked for', async () => {
    const { pdf } = await render(registry, {
      encryption: {
        user_password: 'geheim',
        owner_password: 'chef',
        permissions: { printing: 'low', copying: false },
      },
      operations: [{ type: 'add_text', text: 'vertraulich' }],
    });
    expect(pdf.includes('vertraulich')).toBe(false);
    expect(() => inspect(pdf, 'pdftotext', '{}', '-')).toThrow();
    expect(inspect(pdf, 'pdftotext', '-upw', 'geheim', '{}', '-')).toContain('vertraulich');
    const shown = inspect(pdf, 'qpdf', '--password=chef', '--show-encryption', '{}');
    expect(shown).toMatch(/^R = 6$/m);
    expect(shown).toMatch(/AESv3/);
    expect(shown).toMatch(/extract for any purpose: not allowed/);
    expect(shown).toMatch(/print low resolution: allowed/);
  });

  it.skipIf(noPoppler)('A22 turns pictures of every format as their EXIF says, as browsers do', async () => {
    // Each corner has its own colour; one and a half times as wide as high.
    const corner = (color: string, left: number, top: number) =>
      `<rect x="${left}" y="${top}" width="60" height="40" fill="${color}"/>`;
    const corners = [
      corner('#f00', 0, 0),
      corner('#0f0', 60, 0),
      corner('#00f', 0, 40),
      corner('#000', 60, 40),
    ];
    const drawn = `<svg xmlns="http://www.w3.org/2000/svg" width="120" height="80">${corners.join('')}</svg>`;
    const upright = await sharp(Buffer.from(drawn)).removeAlpha().png().toBuffer();
    const sides = async (picture: Buffer) => {
      const { data, info } = await sharp(picture).removeAlpha().raw().toBuffer({ resolveWithObject: true });
      const at = (x: number, y: number) => {
        const start = (Math.floor(y * info.height) * info.width + Math.floor(x * info.width)) * 3;
        return [0, 1, 2].map((channel) => ((data[start + channel] ?? 0) > 127 ? '1' : '0')).join('');
      };
      return [at(0.2, 0.2), at(0.8, 0.2), at(0.2, 0.8), at(0.8, 0.8), info.width > info.height];
    };
    for (const format of ['png', 'webp', 'jpeg'] as const) {
      for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8]) {
        const source = await sharp(upright)
          .withMetadata({ orientation })
          .toFormat(format, { quality: 100 })
          .toBuffer();
        const operations = [{ type: 'add_image', source: source.toString('base64') }];
        const page = { page_size: { width_mm: 60, height_mm: 60 }, margin: 10 };
        const { pdf } = await render(registry, { ...page, operations });
        const [shown = Buffer.alloc(0)] = colourImages(pdf, 72);
        const cut = await sharp(shown).trim({ background: '#fff', threshold: 40 }).png().toBuffer();
        const right = await sharp(source).rotate().png().toBuffer();
        expect([format, orientation, ...(await sides(cut))]).toEqual([
          format,
          orientation,
          ...(await sides(right)),
        ]);
      }
    }
  });

  it('fails with a pointer on an image that only shows its fault when it is decoded', async () => {
    const whole = Buffer.from(await picture('png'), 'base64');
    const broken = whole.subarray(0, whole.length - 40);
    const failing = render(registry, {
      operations: [
        { type: 'add_text', text: 'x' },
        { type: 'add_image', source: broken.toString('base64') },
      ],
    });
    await expect(failing).rejects.toThrow(RenderFailure);
    await expect(failing).rejects.toMatchObject({ pointer: '/operations/1/source' });
  });

  it('draws fetched images, and refuses what is none or points elsewhere', async () => {
    const operations = [{ type: 'add_image', source: 'https://example.org/x', width: 10 }];
    const serve = (bytes: Uint8Array) =>
      render(registry, { operations }, (_, folder) => {
        writeFileSync(folder(99), bytes);
        return { path: folder(99), contentType: 'image/png' };
      });
    expect((await serve(Buffer.from(await picture('png'), 'base64'))).pages).toBe(1);
    await expect(serve(Buffer.from('<html>'))).rejects.toMatchObject({ pointer: '/operations/0/source' });
    const sly = Buffer.from('<svg viewBox="0 0 1 1"><image href="/etc/passwd"/></svg>');
    await expect(serve(sly)).rejects.toMatchObject({ pointer: '/operations/0/source' });
  });

  it.skipIf(noPoppler)(
    'keeps a table with long words on the page, and loses no text of a long cell',
    async () => {
      const long = Array.from({ length: 12 }, (_, i) => `${'W'.repeat(30)}${i}`);
      const tall = Array.from({ length: 3_000 }, (_, i) => `w${i}`).join(' ');
      const { pdf } = await render(registry, {
        operations: [
          { type: 'add_table', headers: long, rows: [long] },
          { type: 'add_table', headers: ['a'], rows: [[tall], ['last']] },
        ],
      });
      const boxes = [...inspect(pdf, 'pdftotext', '-bbox', '{}', '-').matchAll(/xMax="([\d.]+)"/g)].map(
        ([, x]) => Number(x),
      );
      expect(Math.max(...boxes)).toBeLessThan(595);
      const read = text(pdf).split(/\s+/);
      for (const word of ['w0', 'w1500', 'w2999', 'last']) expect(read).toContain(word);
    },
  );

  it.skipIf(noPoppler)(
    'gives a column of an equal share the width of its longest word, and keeps the others on the page',
    async () => {
      const word = 'Donaudampfschiffahrtsgesellschaft';
      const row = ['left', word, 'right', '1,234.00'];
      const { pdf } = await render(registry, {
        page_size: 'A5',
        margin_mm: 10,
        operations: [
          { type: 'add_table', widths: ['*', '*', '*', 'auto'], rows: [row] },
          { type: 'add_table', widths: ['*', '*'], rows: [['a', word]] },
        ],
      });
      const words = [
        ...inspect(pdf, 'pdftotext', '-bbox', '{}', '-').matchAll(
          /xMin="([\d.]+)".* xMax="([\d.]+)".*>(.+)</g,
        ),
      ].map(([, left, right, shown]) => ({ left: Number(left), right: Number(right), shown }));
      expect(words.map(({ shown }) => shown).sort()).toEqual([...row, 'a', word].sort());
      // A5 with margins of 10 mm.
      for (const { right } of words) expect(right).toBeLessThan(((148 - 10) / 25.4) * 72);
      const of = (name: string) => words.find(({ shown }) => shown === name);
      for (const [i, name] of row.slice(1).entries())
        expect(of(name)?.left).toBeGreaterThan(of(row[i] ?? '')?.right ?? 0);
    },
  );

  it.skipIf(noPoppler)(
    'ends with header rows higher than a page, lines higher than a page, and nested percentages',
    async () => {
      const tall = Array.from({ length: 2_000 }, (_, i) => `h${i}`).join(' ');
      const { pdf } = await render(registry, {
        operations: [
          { type: 'add_table', headers: [tall], rows: [['cell']] },
          { type: 'add_text', text: 'Huge', font_size: 900 },
          {
            type: 'add_columns',
            columns: [
              {
                width: 'auto',
                operations: [
                  {
                    type: 'add_columns',
                    columns: [{ width: '50%', operations: [{ type: 'add_text', text: 'inner' }] }],
                  },
                ],
              },
              { operations: [{ type: 'add_table', headers: ['q'], rows: [['r']] }] },
            ],
          },
        ],
      });
      const read = text(pdf).split(/\s+/);
      for (const word of ['h0', 'h1999', 'cell', 'inner', 'r']) expect(read).toContain(word);
      // A letter of it fills a page, and none is dropped.
      for (const letter of 'Huge') expect(read).toContain(letter);
    },
  );

  it('tells many distinct steps of a 2,000-row table, never falling, in both phases', async () => {
    const { progress, pages, pieces } = await render(registry, {
      footer: '{page}',
      operations: [
        {
          type: 'add_table',
          headers: ['a', 'b'],
          rows: Array.from({ length: 2_000 }, (_, i) => [`r${i}`, i]),
        },
      ],
    });
    const distinct = (phase: string) =>
      new Set(progress.filter((step) => step.phase === phase).map((step) => step.ratio)).size;
    expect(distinct('layout')).toBeGreaterThan(100);
    expect(distinct('pages')).toBe((pages ?? 0) + 1);
    expect(pieces).toBeGreaterThan(1);
    for (const [i, step] of progress.entries()) {
      expect(step.ratio).toBeGreaterThanOrEqual(progress[i - 1]?.ratio ?? 0);
      expect(step.ratio).toBeLessThanOrEqual(1);
    }
    expect(progress.at(-1)).toMatchObject({ phase: 'storing', pagesDone: pages, pagesTotal: pages });
  });
});
