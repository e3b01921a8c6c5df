import { describe, expect, it } from 'vitest';
import { type Face, families, fonts } from '../../src/render/fonts/catalogue.js';
import { CffSubsetter } from '../../src/render/fonts/cff-subset.js';
import { readFace } from '../../src/render/fonts/face-file.js';
import {
  type EmbeddedFont,
  type GlyphRun,
  type ParsedFont,
  parseFont,
  type Subset,
} from '../../src/render/fonts/pdfkit.js';
import { FontRegistry } from '../../src/render/fonts/registry.js';
import { nameCharacters, Segmenter } from '../../src/render/fonts/segments.js';
import { SharedFont } from '../../src/render/fonts/sharing.js';
import type { Definition } from '../../src/render/kinds/document/backs.js';
import { Bands, heightOf } from '../../src/render/kinds/document/bands.js';
import { composeDefinition } from '../../src/render/kinds/document/definition.js';
import { drawDocument } from '../../src/render/kinds/document/draw-document.js';
import { rewriteTrees } from '../../src/render/kinds/document/name-tree.js';
import {
  type PdfDocument,
  PdfMakeDocument,
  PdfMakeLayout,
  PdfMakeRenderer,
  PdfMakeSvgMeasure,
  pdfMakeTableLayouts,
} from '../../src/render/kinds/document/pdfmake.js';
import { drawWithPdfMake } from '../../src/render/kinds/document/pdfmake-back.js';
import { PictureShelf } from '../../src/render/kinds/document/pictures.js';
import { type DocumentRequest, documentKind } from '../../src/render/kinds/document/request.js';
import { Typesetter } from '../../src/render/kinds/document/typesetting.js';
import { createdAt } from './document-fixture.js';
import { emptyContext } from './run-context.js';

/** A definition belongs to one drawing, with rows that are the request's: the engine keeps its notes in it. */
function define(registry: FontRegistry, request: object): Promise<Definition> {
  const parsed = documentKind.parse(structuredClone(request));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  const checked = parsed.plan.request as DocumentRequest;
  const segmenter = new Segmenter(registry, checked.language);
  return composeDefinition(
    checked,
    new Typesetter(segmenter),
    new PictureShelf(emptyContext),
    emptyContext,
    createdAt,
  );
}

async function shared(registry: FontRegistry, request: object): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  const sink = {
    write: (piece: Uint8Array) => pieces.push(Uint8Array.from(piece)),
    warn: () => undefined,
    layout: () => undefined,
    pages: () => undefined,
    placed: () => undefined,
  };
  await drawDocument(await define(registry, request), registry, new Map(), sink, [drawWithPdfMake]);
  return Buffer.concat(pieces);
}

const faces = families.flatMap((family) => Object.values(family.faces));

/**
 * What we have otherwise than pdfkit: the width of a font's first glyph, the box of what is missing, in thousandths
 * instead of units of the font, the line height of families that stand in for others, and font files with PostScript outlines.
 */
function asOurs(document: PdfDocument): void {
  const open = document.font.bind(document);
  const seen = new Set<object>();
  document.font = (source, ...rest) => {
    open(source, ...rest);
    const font = document._font as Partial<EmbeddedFont>;
    if (font.widths !== undefined && !seen.has(font)) {
      seen.add(font);
      font.widths[0] = (font.widths[0] ?? 0) * (font.scale ?? 1);
      const face = faces.find((one) => one.source.type === 'file' && one.source.path === paths.get(source));
      if (face?.source.type === 'file') Object.assign(font, face.source.height);
      if (font.font !== undefined && font.subset?.cff !== undefined)
        font.subset.encode = ours(font.font, font.subset);
    }
    return document;
  };
}

/** The same glyphs in a font file of ours; `fonts-cff.test.ts` compares what they draw. */
function ours(font: ParsedFont, { glyphs }: Subset): () => Uint8Array {
  return () => {
    const subset = new CffSubsetter(font).open();
    subset.glyphs.splice(0, subset.glyphs.length, ...glyphs);
    return subset.encode();
  };
}

/** Paths of font files by their bytes. */
const paths = new Map<unknown, string>();

function bytesOf(face: Face): Buffer {
  const bytes = readFace(face);
  if (face.source.type === 'file') paths.set(bytes, face.source.path);
  return bytes;
}

/** The same definition drawn by pdfmake's own document, layout and renderer, with fonts parsed for it alone. */
async function unshared(registry: FontRegistry, request: object): Promise<Buffer> {
  const definition = await define(registry, request);
  const own = Object.fromEntries(
    families.map(({ name, faces }) => [
      name,
      Object.fromEntries(
        Object.entries(faces).map(([style, face]) => [
          style,
          face.source.type === 'standard' ? face.source.name : bytesOf(face),
        ]),
      ),
    ]),
  );
  const options = {
    autoFirstPage: false,
    font: null,
    size: [definition.pageSize.width, definition.pageSize.height],
    pdfVersion: '1.7',
    compress: true,
    displayTitle: definition.info.Title !== undefined,
    info: definition.info,
    ...(definition.language === undefined ? {} : { lang: definition.language }),
  };
  const document = new PdfMakeDocument(own, {}, {}, {}, options, null, () => true);
  asOurs(document);
  const pieces: Uint8Array[] = [];
  const done = new Promise<void>((resolve) => {
    document.push = (piece) => {
      if (piece === null) resolve();
      else pieces.push(Uint8Array.from(piece));
      return true;
    };
  });
  const head = Buffer.from('%PDF-1.7\n%\xFF\xFF\xFF\xFF\n', 'latin1');
  const { defaultStyle, margins } = definition;
  const bands = new Bands(definition.bands, definition.firstBands, margins, (node, width) =>
    heightOf(node, width, document, defaultStyle),
  );
  const layout = new PdfMakeLayout(definition.pageSize, margins, new PdfMakeSvgMeasure());
  layout.registerTableLayouts(pdfMakeTableLayouts);
  const pages = layout.layoutDocument(
    definition.content((size, isFirst) => bands.margins(size, isFirst)),
    document,
    {},
    defaultStyle,
    undefined,
    bands.placed('header'),
    bands.placed('footer'),
    definition.watermark(),
  );
  const renderer = new PdfMakeRenderer(document);
  const renderVector = renderer.renderVector.bind(renderer);
  renderer.renderVector = (vector) => {
    renderVector(vector);
    // The ground of a text is no more translucent than it was asked for, whatever was drawn before.
    if (vector.fillOpacity !== undefined) document.opacity(1);
  };
  renderer.renderPages(pages);
  rewriteTrees(document._root.data.Names.data);
  document.end();
  await done;
  return Buffer.concat([head, ...pieces]);
}

const invoice = {
  title: 'Rechnung',
  language: 'de',
  fonts: { default: 'dejavu-sans', size: 10 },
  header: 'Kopf',
  footer: 'Seite {page} von {pages}',
  operations: [
    { type: 'add_text', text: 'Rechnung Ω Å fi ffl', heading: 1 },
    {
      type: 'add_text',
      text: 'Blocksatz mit vielen Wörtern, die umbrochen werden. '.repeat(8),
      align: 'justify',
      lang: 'de',
    },
    {
      type: 'add_table',
      headers: ['Pos', 'Artikel', 'Preis'],
      rows: Array.from({ length: 70 }, (_, i) => [i, `Ware ${i} – Größe Ä`, `${i},00 €`]),
      zebra: true,
    },
    { type: 'add_list', items: ['eins', { text: 'zwei', items: ['drei'] }] },
    {
      type: 'add_html',
      html: '<p><b>fett</b> <i>kursiv</i> <u>unter</u> H<sub>2</sub>O <code>code</code></p>',
    },
  ],
};
/** Characters that share a glyph in the font: whoever comes first decides what a font of one's own remembers. */
const pairs = ['\u2212\uff0d', '\u2215\uff0f', '\u3008\u2329', '\u6bcd\u2e9f', '\u2011-'];
const paired = (texts: readonly string[]) => ({
  fonts: { default: 'noto-sans-jp' },
  operations: texts.map((text) => ({ type: 'add_text', text })),
});
const ambiguous = paired(pairs);
const reversed = paired(pairs.map((pair) => [...pair].reverse().join('')));
/** The engine measures a table column by column and draws it row by row: what it meets first is not what it draws first. */
const crossed = {
  fonts: { default: 'noto-sans-jp' },
  operations: pairs.map(([one, other]) => ({
    type: 'add_table',
    rows: [
      ['1', other],
      [one, '2'],
    ],
  })),
};
const compatible = {
  operations: [
    { type: 'add_text', text: 'Arimo “quoted” AVA To. 10 €, Привет, Ω' },
    { type: 'set_font', family: 'tinos', style: 'BI', size: 14 },
    { type: 'add_text', text: 'Tinos AVA fi ffl' },
    { type: 'add_html', html: '<p>code: <code>x = 1;</code> <b>fett</b></p>' },
  ],
};
const standard = {
  fonts: { default: 'helvetica' },
  operations: [
    { type: 'add_text', text: 'Helvetica “quoted” AVA To. 10 €' },
    { type: 'set_font', family: 'times', style: 'BI', size: 14 },
    { type: 'add_text', text: 'Times AVA, mixed Привет' },
    { type: 'set_font', family: 'courier', style: 'U' },
    { type: 'add_text', text: 'Courier' },
  ],
};
/** Paragraphs of more words than the layout has at hand at a time; in the second no word may begin a line. */
const long = {
  fonts: { size: 6 },
  operations: [
    { type: 'add_text', text: 'ein Absatz, der lang ist, '.repeat(1_000) },
    {
      type: 'add_html',
      html: `<p>${'ein <b>fett</b>es Wort, '.repeat(900)}</p><p>${'<b>ab</b>cd'.repeat(2_200)} Ende</p>`,
    },
    { type: 'add_text', text: `${'x'.repeat(200)} kurz `.repeat(2_300) },
  ],
};
const eastern = {
  language: 'ja',
  operations: [
    { type: 'add_text', text: '日本語のテキスト、かな。漢字 ABC 123 简体' },
    { type: 'add_text', text: '한국어', bold: true },
  ],
};

/** The layout of a face as fontkit does it, scaled by pdfkit. */
function wholeLayout(faceId: string): (text: string) => GlyphRun {
  const font = new FontRegistry().open(faceId, { options: {} }, 'F1') as EmbeddedFont;
  return (text) => font.layoutRun(text);
}

describe('font sharing', () => {
  it.each([
    ['an invoice', invoice],
    ['characters with a glyph in common', ambiguous],
    ['the same in another order', reversed],
    ['the same drawn in another order than measured', crossed],
    ['the default fonts', compatible],
    ['standard fonts', standard],
    ['Japanese, Chinese, Korean', eastern],
    ['paragraphs of thousands of words', long],
  ])('writes the bytes that fonts of its own would give: %s', async (_, request) => {
    const registry = new FontRegistry();
    // What went before must not show.
    for (const other of [reversed, ambiguous, standard, invoice]) await shared(registry, other);
    const expected = await unshared(registry, request);
    expect((await shared(registry, request)).equals(expected)).toBe(true);
    expect((await shared(registry, request)).equals(expected)).toBe(true);
  });

  it('writes the subsets that fontkit writes, for every face with TrueType outlines', () => {
    for (const family of families) {
      for (const face of Object.values(family.faces)) {
        if (face.source.type !== 'file' || !face.source.path.endsWith('.ttf')) continue;
        const bytes = readFace(face);
        const own = parseFont(bytes).createSubset();
        const font = new SharedFont(parseFont(bytes));
        const subset = font.font.createSubset();
        for (let id = 0; id < 700; id += 7) {
          own.includeGlyph(id);
          subset.includeGlyph(id);
        }
        const written = font.subsetter?.encode(subset);
        expect(written !== undefined && Buffer.from(written).equals(own.encode())).toBe(true);
      }
    }
  });

  it('lays out words from pairs as the font lays them out as a whole, in every face', () => {
    let seed = 11;
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return (seed >> 8) % below;
    };
    const pools = [
      Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join(''),
      '0123456789.,:-/ ',
      'abcdefghijklmnopqrstuvwxyz',
      'fiflffTtjAVWToYy.,',
      'äöüßÄÖÜéèàçñøåłőšžİıŉĳ€ .,TVAfij',
      Array.from({ length: 0xdf }, (_, i) => String.fromCharCode(0xa1 + i)).join(''),
    ];
    // A family without an own italic has a face twice.
    const files = new Map(
      faces.filter(({ source }) => source.type === 'file').map((face) => [face.id, face]),
    );
    for (const face of files.values()) {
      const font = new SharedFont(parseFont(readFace(face)));
      const whole = wholeLayout(face.id);
      let composed = 0;
      for (let n = 0; n < 180; n++) {
        const pool = pools[n % pools.length] ?? '';
        const text = Array.from({ length: 2 + random(9) }, () => pool[random(pool.length)]).join('');
        const run = font.pairs.run(text);
        if (run === undefined) continue;
        composed++;
        const expected = whole(text);
        // As one text each: comparing members one by one takes most of the time of the test.
        const told = ({ glyphs, positions, advanceWidth }: GlyphRun) =>
          JSON.stringify([
            text,
            advanceWidth,
            glyphs.map(({ id, codePoints }) => [id, ...codePoints]),
            positions.map((at) => [at.xAdvance, at.yAdvance, at.xOffset, at.yOffset, at.advanceWidth]),
          ]);
        if (told(run) !== told(expected)) expect(told(run)).toBe(told(expected));
        // Spaces end what is laid out together.
        if (!text.includes(' '))
          expect([text, font.pairs.width(text)]).toEqual([text, expected.advanceWidth]);
      }
      // The one of emoji has no letters.
      const least = face.id.startsWith('noto-emoji') ? -1 : 50;
      expect([face.id, composed > least]).toEqual([face.id, true]);
    }
  }, 60_000);

  it('keeps no more font bytes than it may, and draws the same after dropping one', async () => {
    const small = new FontRegistry(1_000_000);
    const large = new FontRegistry();
    expect((await shared(small, invoice)).equals(await shared(large, invoice))).toBe(true);
    expect((await shared(small, invoice)).equals(await shared(large, invoice))).toBe(true);
  });
});

describe('font segments', () => {
  const registry = new FontRegistry();
  const split = (text: string, family = 'helvetica', language?: string) => {
    const segmenter = new Segmenter(registry, language);
    return {
      parts: segmenter.split(text, family, 'normal', undefined, '/x').map((part) => [part.family, part.text]),
      segmenter,
    };
  };

  it('leaves what the requested family can show in one run', () => {
    expect(split('plain text, (really) 100 %').parts).toEqual([['helvetica', 'plain text, (really) 100 %']]);
    expect(split('Größe – 10 € “x”').parts).toEqual([['helvetica', 'Größe – 10 € “x”']]);
    expect(split('Привет, мир! 1', 'dejavu-serif').parts).toEqual([['dejavu-serif', 'Привет, мир! 1']]);
  });

  it('falls back by character and comes back as soon as it can', () => {
    expect(split('abc Привет abc').parts).toEqual([
      ['helvetica', 'abc '],
      ['dejavu-sans', 'Привет '],
      ['helvetica', 'abc'],
    ]);
    expect(split('times Ω', 'times').parts.at(-1)).toEqual(['dejavu-serif', 'Ω']);
  });

  it('takes Han characters from the font of the language', () => {
    expect(split('漢', 'helvetica', 'ja').parts[0]?.[0]).toBe('noto-sans-jp');
    expect(split('漢', 'helvetica', 'zh-Hans').parts[0]?.[0]).toBe('noto-sans-sc');
    expect(split('漢', 'helvetica', 'ko').parts[0]?.[0]).toBe('noto-sans-kr');
  });

  it('loses no character but controls, whatever the text is', () => {
    for (const text of [
      '',
      'a\tb',
      'a\r\nb\rc',
      '\u0007bell',
      'x\u0301',
      '\u{1f600}x',
      'a\u200bb',
      '\ufeffa',
      '\u200e\u200f',
      '日本\u0308',
    ]) {
      expect(
        split(text)
          .parts.map(([, part]) => part)
          .join(''),
      ).toBe(text.replace(/\r\n?/g, '\n').replace('\u0007', ''));
    }
  });

  it('takes a base and its marks from one font', () => {
    expect(split('Ö A\u030angstro\u0308m').parts).toEqual([['helvetica', 'Ö Ångström']]);
    expect(split('ax\u0302b').parts).toEqual([
      ['helvetica', 'a'],
      ['dejavu-sans', 'x\u0302'],
      ['helvetica', 'b'],
    ]);
    // No font has both; the base is not torn from its mark, and the mark is told of.
    const { parts, segmenter } = split('日\u0308本');
    expect(parts).toEqual([['noto-sans-jp', '日\u0308本']]);
    expect([...segmenter.missing]).toEqual([0x308]);
  });

  it('does not look for a font that has characters which are not shown', () => {
    for (const text of ['a\u00adb', 'a\u200bb\u2060c', '\ufeffa\u200e', 'a\u200d\ufe0fb'])
      expect(split(text).parts).toEqual([['helvetica', text]]);
    expect(split('\u200fПривет\u00adмир').parts).toEqual([['dejavu-sans', '\u200fПривет\u00adмир']]);
    expect(split('a\u00ad\u200b').segmenter.missingCount).toBe(0);
  });

  it('counts what is missing of a cluster once, in one piece', () => {
    const { parts, segmenter } = split('x 👨‍👩‍👧‍👦 🇩🇪 y');
    expect(parts.map(([, part]) => part).join('')).toBe('x 👨‍👩‍👧‍👦 🇩🇪 y');
    expect(parts.length).toBeLessThanOrEqual(5);
    expect(segmenter.missing.has(0x200d)).toBe(false);
  });

  it('names what no font has, a bounded list of it', () => {
    const { segmenter } = split(String.fromCodePoint(...Array.from({ length: 60 }, (_, i) => 0x13000 + i)));
    expect(segmenter.missingCount).toBe(60);
    expect(segmenter.missing.size).toBe(20);
    expect(nameCharacters([0x41, 0x13000])).toBe('U+0041, U+13000');
  });

  it('tells the capabilities in plain values', () => {
    expect(fonts.map((font) => font.family)).toContain('noto-sans-jp');
    expect(JSON.parse(JSON.stringify(fonts))).toEqual(fonts);
  });
});
