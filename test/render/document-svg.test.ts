import { writeFileSync } from 'node:fs';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { FontRegistry } from '../../src/render/fonts/registry.js';
import { documentKind } from '../../src/render/kinds/document/request.js';
import { inspect, render, without } from './document-fixture.js';

const registry = new FontRegistry();
const noPoppler = without('pdftotext', 'pdftoppm');
const mm = 72 / 25.4;

/** Width, height and place in points of what is red on the first page; a pixel is half a point. */
async function redBox(pdf: Uint8Array): Promise<readonly [number, number, number, number]> {
  const png = inspect(pdf, 'sh', '-c', 'pdftoppm -r 144 -png -singlefile "$0" | base64', '{}');
  const { data, info } = await sharp(Buffer.from(png, 'base64'))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  let [left, top, right, bottom] = [info.width, info.height, -1, -1];
  for (let y = 0; y < info.height; y++) {
    for (let x = 0; x < info.width; x++) {
      const at = (y * info.width + x) * 3;
      if ((data[at] ?? 0) < 200 || (data[at + 1] ?? 0) > 60 || (data[at + 2] ?? 0) > 60) continue;
      [left, right] = [Math.min(left, x), Math.max(right, x)];
      [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
    }
  }
  return [(right - left + 1) / 2, (bottom - top + 1) / 2, left / 2, top / 2];
}

async function drawn(svg: string, more: object = {}) {
  return render(registry, { margin_mm: 0, operations: [{ type: 'add_svg', svg, ...more }] });
}
async function boxOf(svg: string, more: object = {}) {
  const { pdf, warnings } = await drawn(svg, more);
  expect(warnings).toEqual([]);
  return redBox(pdf);
}
const near = (box: readonly number[], expected: readonly number[]) => {
  for (const [i, value] of expected.entries())
    expect(Math.abs((box[i] ?? -99) - value)).toBeLessThanOrEqual(1);
};
const root = (attributes: string, content = '<rect width="100%" height="100%" fill="red"/>') =>
  `<svg xmlns="http://www.w3.org/2000/svg" ${attributes}>${content}</svg>`;
const issuesOf = (svg: string) => {
  const parsed = documentKind.parse({ operations: [{ type: 'add_svg', svg }] });
  return parsed.ok ? [] : parsed.issues;
};

describe('document drawings: sizes', () => {
  it.skipIf(noPoppler).each([
    ['width="50mm" height="30mm"', [50 * mm, 30 * mm]],
    ['width="5cm" height="1in"', [50 * mm, 72]],
    ['width="100pt" height="2pc"', [100, 24]],
    ['width="100" height="50"', [75, 37.5]],
    ['width="100px" height="50px"', [75, 37.5]],
    ['width="10em" height="5em"', [120, 60]],
    ['width="10em" height="5em" font-size="10pt"', [100, 50]],
    ['width="10ex" height="5rem"', [60, 60]],
    ['width="50%" height="20mm"', [105 * mm, 20 * mm]],
    ['width="1e2" height="50"', [75, 37.5]],
    ['viewBox="0 0 40 20"', [30, 15]],
    ['viewBox="0,0,40,20" width="80"', [60, 30]],
    ['viewBox="0 0 40 20" height="10mm"', [20 * mm, 10 * mm]],
    ['viewBox="0 0 40 20" width="100%" height="100%"', [210 * mm, 105 * mm]],
    ['viewBox="10 10 40 20" x="5" y="5" width="50%"', [105 * mm, 52.5 * mm], 'x="10" y="10"'],
    ['style="width:40mm;height:20mm" width="1" height="1"', [40 * mm, 20 * mm]],
  ] as [string, number[], string?][])('S1: %s', async (attributes, expected, place = '') => {
    near(await boxOf(root(attributes, `<rect ${place} width="100%" height="100%" fill="red"/>`)), expected);
  });

  it.skipIf(noPoppler)(
    'parts in units stand where they say, and the operation may size the whole',
    async () => {
      const bill = root(
        'width="210mm" height="105mm"',
        '<rect x="62mm" y="42mm" width="46mm" height="46mm" fill="red"/>',
      );
      near(await boxOf(bill), [46 * mm, 46 * mm, 62 * mm, 42 * mm]);
      near(await boxOf(bill, { width: 105 }), [23 * mm, 23 * mm, 31 * mm, 21 * mm]);
      near(await boxOf(root('', '<rect width="4cm" height="2cm" fill="red"/>'), { width: 80, height: 40 }), [
        40 * mm,
        20 * mm,
      ]);
      near(await boxOf(root('viewBox="0 0 10 10"'), { width: 40, height: 20 }), [20 * mm, 20 * mm, 10 * mm]);
    },
  );

  it.skipIf(noPoppler)('A5: a drawing and an image of the same pixels have the same size', async () => {
    const image = sharp({ create: { width: 100, height: 50, channels: 3, background: '#ff0000' } });
    const source = (await image.png().toBuffer()).toString('base64');
    const { pdf } = await render(registry, { margin_mm: 0, operations: [{ type: 'add_image', source }] });
    const raster = await redBox(pdf);
    near(await boxOf(root('width="100" height="50"')), raster);
    const inSource = Buffer.from(root('width="100" height="50"')).toString('base64');
    const other = await render(registry, {
      margin_mm: 0,
      operations: [{ type: 'add_image', source: inSource }],
    });
    near(await redBox(other.pdf), raster);
  });
});

describe('document drawings: what is drawn, refused and told', () => {
  it.skipIf(noPoppler)('A4: currentColor is the colour around it, black at first', async () => {
    const { pdf } = await drawn(
      '<svg viewBox="0 0 24 24" width="48" height="48" stroke="currentColor" stroke-width="4"><path d="M2 12h20"/></svg>',
    );
    const png = Buffer.from(
      inspect(pdf, 'sh', '-c', 'pdftoppm -r 72 -png -singlefile "$0" | base64', '{}'),
      'base64',
    );
    expect((await sharp(png).stats()).channels[0]?.min).toBeLessThan(40);
    const content = '<g><rect width="100%" height="100%" fill="currentColor"/></g>';
    near(await boxOf(root('width="40" height="20" color="red"', content)), [30, 15]);
    near(await boxOf(root('width="40" height="20" style="color:red"', content.replace('C', 'c'))), [30, 15]);
  });

  it.skipIf(noPoppler).each(['rgb(255 0 0)', 'hsl(0, 100%, 50%)', '#ff0000ff', 'RED', 'rgb(100%, 0%, 0%)'])(
    'colour %s',
    async (color) => {
      near(
        await boxOf(root('width="40" height="20"', `<rect width="40" height="20" fill="${color}"/>`)),
        [30, 15],
      );
    },
  );

  it.each([
    ['<svg width="100" height="50"><rect width="100"', /cannot be read \(line 1\)/],
    ['<svg width="100" height="50"><g><rect width="1" height="1"/>', /<g> is not closed/],
    ['<svg width="100" height="50"><g>\n</svg>', /closes <svg> where <g> is open \(line 2\)/],
    ['<svg width="100" height="50"/><svg/>', /one element/],
    ['<svg width="100" height="50"/>text', /outside of its root/],
    ['<svg width="100" height="50"><text>a &nbsp; b</text></svg>', /entity/],
    ['<svg width="100" height="50"><text>a & b</text></svg>', /entity/],
    ['<svg width="100" height="50"><rect fill=red /></svg>', /cannot be read/],
    ['<svg width="100" height="50"><rect x="1" x="2"/></svg>', /twice/],
    ['<svg width="0" height="50"/>', /nothing/],
    ['<svg viewBox="0 0 0 1"/>', /nothing/],
    ['<svg:svg width="1" height="1"/>', /prefix/],
    ['<svg width="1" height="1"><svg:rect/></svg>', /prefix/],
    ['<svg width="1"/>', /width and height or a viewBox/],
    ['<!DOCTYPE svg [<!ENTITY a "b">]><svg width="1" height="1"/>', /DOCTYPE/],
    ['<!DOCTYPE svg SYSTEM "x" [<!ATTLIST a b CDATA "c">]><svg width="1" height="1"/>', /DOCTYPE/],
    ['<svg width="1" height="1"><!DOCTYPE svg><!DOCTYPE svg></svg>', /DOCTYPE/],
  ])('A6: %s is refused with its pointer', (svg, message) => {
    expect(issuesOf(svg)).toEqual([
      { pointer: '/operations/0/svg', message: expect.stringMatching(message) },
    ]);
    const source = `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`;
    expect(documentKind.parse({ operations: [{ type: 'add_image', source }] })).toMatchObject({
      ok: false,
      issues: [{ pointer: '/operations/0/source' }],
    });
  });

  it.skipIf(noPoppler)(
    'A7: a DOCTYPE that declares nothing is taken, also in images of every source',
    async () => {
      const svg = `<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN"\n  "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">\n<!-- made by hand -->\n${root('width="40" height="20"')}\n`;
      near(await boxOf(svg), [30, 15]);
      near(await boxOf(svg.replace(/<\?xml.*\n/, '')), [30, 15]);
      const bare = svg.replace(/<\?xml.*\n/, '');
      const operations = [{ type: 'add_image', source: Buffer.from(bare).toString('base64') }];
      near(await redBox((await render(registry, { operations })).pdf), [30, 15]);
      const fetched = await render(
        registry,
        { operations: [{ type: 'add_image', source: 'https://example.org/x.svg' }] },
        (_, folder) => {
          writeFileSync(folder(99), bare);
          return { path: folder(99), contentType: 'image/svg+xml' };
        },
      );
      near(await redBox(fetched.pdf), [30, 15]);
    },
  );

  it('S2: what the engine does not draw is told with its pointer', async () => {
    const filtered = root(
      'width="40" height="20"',
      '<defs><filter id="f"><feGaussianBlur stdDeviation="2"/></filter></defs><switch><rect width="9" height="9"/></switch>' +
        '<Rect width="9" height="9"/><inkscape:note/><path d="M0 0 L5"/><polygon points="1,2,3"/>',
    );
    const { warnings } = await render(registry, {
      operations: [
        { type: 'add_text', text: 'x' },
        { type: 'add_svg', svg: filtered },
        { type: 'add_image', source: `data:image/svg+xml,${encodeURIComponent(filtered)}` },
        { type: 'add_svg', svg: root('width="40" height="20"') },
      ],
    });
    expect(new Set(warnings.map(({ code }) => code))).toEqual(new Set(['drawing_left_out']));
    const at = (pointer: string) =>
      warnings.filter((warning) => warning.pointer === pointer).map(({ message }) => message);
    expect(at('/operations/1/svg')).toContain('Not drawn: <filter>, <switch>, <Rect>');
    expect(at('/operations/1/svg').join()).toMatch(/SvgPath/);
    expect(at('/operations/1/svg').join()).toMatch(/SvgElemPolygon/);
    expect(at('/operations/2/source')).toEqual(at('/operations/1/svg'));
    expect(warnings.length).toBe(2 * at('/operations/1/svg').length);
    const broken = root(
      'width="9" height="9"',
      '<image width="9" height="9" href="data:image/png;base64,AAAA"/>',
    );
    const [warning, ...more] = (await drawn(broken)).warnings;
    expect(more).toEqual([]);
    expect(warning?.message).toMatch(/failed to open image/);
    expect(warning?.message.length).toBeLessThanOrEqual(200);
  });
});

describe('document drawings: text', () => {
  it.skipIf(noPoppler)('T2: letters and their marks are composed, as in other text', async () => {
    const { pdf, warnings } = await drawn(
      root(
        'width="600" height="200"',
        '<text x="9" y="30" font-size="20">O\u0308l Nguye\u0302\u0303n</text>',
      ),
    );
    expect(warnings).toEqual([]);
    expect(inspect(pdf, 'pdftotext', '-raw', '{}', '-')).toContain('\u00d6l Nguy\u1ec5n');
  });

  it.skipIf(noPoppler)(
    'A8: every character comes from a font that has it, and the others keep theirs',
    async () => {
      const { pdf, warnings } = await drawn(
        root(
          'width="600" height="200"',
          '<text x="9" y="30" font-size="20">✓ Tick 日本 한국 Ω</text><g font-family="Times New Roman" font-style="italic">' +
            '<text x="9" y="60" font-size="20">Slanted 日本 &#26085;<tspan font-weight="bold">Жук</tspan></text></g>' +
            '<text x="9" y="90" style="font-family: \'Courier New\', monospace">Mono <![CDATA[한]]></text><title>Ж</title>',
        ),
      );
      expect(warnings).toEqual([]);
      const read = inspect(pdf, 'pdftotext', '-raw', '{}', '-').replace(/\s+/g, '');
      for (const word of ['✓', 'Tick', '日本', '한국', 'Ω', 'Slanted日本日', 'Жук', 'Mono한'])
        expect(read).toContain(word);
      const fonts = inspect(pdf, 'pdffonts', '{}');
      for (const font of [
        'Arimo-Regular',
        'Tinos-Italic',
        'Tinos-BoldItalic',
        'Cousine-Regular',
        'NotoSansJP',
        'NotoSansKR',
      ])
        expect(fonts).toContain(font);
    },
  );

  it.skipIf(noPoppler)('a text in several fonts stays in one line, at its anchor', async () => {
    const centred = (text: string) =>
      drawn(
        root(
          'width="400" height="50"',
          `<text x="200" y="30" text-anchor="middle" fill="red">${text}</text>`,
        ),
      );
    const [width, , left] = await redBox((await centred('abc 日本語 abc')).pdf);
    expect(Math.abs(left + width / 2 - 150)).toBeLessThan(2);
    expect(width).toBeGreaterThan(70);
  });

  it('characters that no font has are told, in drawings and watermarks', async () => {
    const { warnings } = await render(registry, {
      watermark: '\u{13001}',
      operations: [
        { type: 'add_text', text: 'x' },
        {
          type: 'add_svg',
          svg: root('width="9" height="9"', '<text>a \u{13000} &#x13000;</text><desc>\u{13002}</desc>'),
        },
      ],
    });
    expect(warnings).toEqual([
      {
        code: 'missing_glyph',
        message: expect.stringMatching(/U\+13000, U\+13001 /),
        pointer: '/operations/1',
      },
    ]);
  });

  it.skipIf(noPoppler)(
    'A8: a watermark takes as many fonts as it needs and stays in the middle',
    async () => {
      for (const more of [{}, { font_size: 40 }]) {
        const { pdf, warnings } = await render(registry, {
          watermark: { text: '✓ 日本 ENTWURF', angle: 0, color: '#ff0000', opacity: 1, ...more },
          operations: [{ type: 'add_spacer', height: 1 }],
        });
        expect(warnings).toEqual([]);
        expect(inspect(pdf, 'pdftotext', '-raw', '{}', '-').replace(/\s+/g, '')).toBe('✓日本ENTWURF');
        const [width, , left] = await redBox(pdf);
        expect(Math.abs(left + width / 2 - 297.6)).toBeLessThan(6);
        expect(width).toBeLessThan(596);
        expect(width).toBeGreaterThan('font_size' in more ? 250 : 540);
      }
    },
  );
});
