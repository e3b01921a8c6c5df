import { describe, expect, it } from 'vitest';
import type { JobWarning } from '../../src/protocol/job-record.js';
import type { EmbeddedFont } from '../../src/render/fonts/pdfkit.js';
import { FontRegistry } from '../../src/render/fonts/registry.js';
import { Segmenter } from '../../src/render/fonts/segments.js';
import { inspect, render, without } from './document-fixture.js';

const registry = new FontRegistry();
const svg = 'xmlns="http://www.w3.org/2000/svg" width="300" height="40"><text x="5" y="30" font-size="20"';
const noPoppler = without('pdftotext');
const families = ['helvetica', 'times', 'arimo', 'tinos', 'dejavu-sans', 'noto-sans-jp'];
/** Without the one that says that a font is not embedded. */
const others = (warnings: readonly JobWarning[]) => warnings.filter(({ code }) => code !== 'standard_font');

interface Word {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly page: number;
}

function wordsOf(pdf: Uint8Array): Word[] {
  const pages = inspect(pdf, 'pdftotext', '-bbox', '{}', '-').split('<page ').slice(1);
  return pages.flatMap((sheet, page) =>
    [...sheet.matchAll(/xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)".*?>(.*?)<\/word>/g)].map(
      ([, left, top, right, text = '']) => ({
        text,
        left: Number(left),
        right: Number(right),
        top: Number(top),
        page,
      }),
    ),
  );
}

const plainText = (pdf: Uint8Array, ...args: string[]) => inspect(pdf, 'pdftotext', ...args, '{}', '-');
const lines = (pdf: Uint8Array) =>
  plainText(pdf, '-layout')
    .split(/[\n\f]/)
    .map((line) => line.trim())
    .filter((line) => line !== '');

describe.skipIf(noPoppler)('missing characters', () => {
  it.each(families)(
    'A3 have a box of their own width, one for a cluster, and keep their text (%s)',
    async (family) => {
      const { pdf, warnings } = await render(registry, {
        fonts: { default: family },
        operations: [{ type: 'add_text', text: 'one क्षि two \u{13000} three कु end' }],
      });
      const words = wordsOf(pdf);
      // Copied or extracted it is what was given.
      const read = plainText(pdf);
      for (const word of ['one', 'two', 'three', 'end']) expect(read).toContain(word);
      expect(read.replace(/[\u200d\s]/g, '')).toBe('oneक्षिtwo\u{13000}threeकुend');
      for (const [i, word] of words.entries()) {
        const next = words[i + 1];
        if (next !== undefined) expect(next.left).toBeGreaterThan(word.right - 0.1);
        if (/[^ -~]/.test(word.text)) expect(word.right - word.left).toBeLessThan(15);
      }
      expect(others(warnings).map(({ code, pointer }) => [code, pointer])).toEqual([
        ['missing_glyph', '/operations/0'],
      ]);
    },
  );

  it.each([...families, 'cousine', 'dejavu-serif'])('A3 signs of currencies are few (%s)', async (family) => {
    const signs = Array.from({ length: 0x20c0 - 0x20a0 + 1 }, (_, n) => String.fromCodePoint(0x20a0 + n));
    const operations = [{ type: 'add_text', text: `${signs.join(' ')} $ ¢ £ ¥ ¤ ฿` }];
    const { pdf, warnings } = await render(registry, { fonts: { default: family }, operations });
    expect(others(warnings).map(({ message }) => message)).toEqual([
      'No font has a glyph for U+20BF, U+20C0',
    ]);
    for (const sign of signs) expect(plainText(pdf)).toContain(sign);
  });

  it.each([
    ['a drawing', { operations: [{ type: 'add_svg', svg: `<svg ${svg}>A ₿ B ₿₿ C</text></svg>` }] }],
    ['a watermark', { watermark: { text: 'A ₿ B ₿₿ C', angle: 0, font_size: 40 }, operations: [] }],
    ['a footer', { footer: { text: 'A ₿ B ₿₿ C' }, operations: [] }],
  ])('A3 have a box of their own width in %s, too', async (_, { operations, ...members }) => {
    const blank = { type: 'add_spacer', height: 1 };
    const { pdf, warnings } = await render(registry, { ...members, operations: [blank, ...operations] });
    expect(others(warnings).map(({ code }) => code)).toEqual(['missing_glyph']);
    const words = wordsOf(pdf);
    expect(words.map(({ text }) => text).join('')).toBe('A₿B₿₿C');
    const right = (text: string): number =>
      Math.max(...words.flatMap((w) => (w.text === text ? [w.right] : [])));
    const left = (text: string): number =>
      Math.min(...words.flatMap((w) => (w.text === text ? [w.left] : [])));
    for (const [i, { right: end }] of words.entries()) {
      const next = words[i + 1];
      if (next !== undefined) expect(next.left).toBeGreaterThan(end - 0.1);
    }
    // Two boxes, and the spaces at both sides of them, are twice a box and more.
    expect(left('C') - right('B')).toBeGreaterThan(1.5 * (left('B') - right('A')));
  });

  it('a mark that no font has with its base is left out and told of', async () => {
    const { pdf, warnings } = await render(registry, {
      operations: [{ type: 'add_text', text: 'vor A\u{1e8d0}B nach 日\u0308本' }],
    });
    expect(plainText(pdf).replaceAll(/\s/g, '')).toBe('vorABnach日本');
    expect(warnings[0]?.message).toContain('U+1E8D0, U+0308');
  });
});

describe.skipIf(noPoppler)('letters and marks', () => {
  it.each(families)('A2 are composed, in the order that was given (%s)', async (family) => {
    const { pdf, warnings } = await render(registry, {
      fonts: { default: family },
      operations: [
        { type: 'add_text', text: 'A\u030angstro\u0308m O\u0308l Nguye\u0302\u0303n' },
        { type: 'add_html', html: '<p>A<b>\u030angstro</b>\u0308m <i>x</i>\u0302</p>' },
      ],
    });
    const [first, second] = lines(pdf).map((line) => line.normalize('NFC'));
    expect(first).toBe('Ångström Öl Nguyễn');
    expect(second?.replaceAll(' ', '')).toBe('Ångströmx\u0302');
    expect(others(warnings)).toEqual([]);
  });
});

const ship = 'Donau\u00addampf\u00adschiff\u00adfahrts\u00adgesell\u00adschaft';

describe.skipIf(noPoppler)('soft hyphens', () => {
  const column = (text: string, width: number, more: object = {}) => ({
    columns: [{ width, operations: [{ type: 'add_text', text, ...more }] }],
    type: 'add_columns',
  });

  it.each(families)('are printed as a hyphen at the end of a line and nowhere else (%s)', async (family) => {
    const { pdf, warnings } = await render(registry, {
      fonts: { default: family },
      operations: [column(`${ship} end`, 45), { type: 'add_text', text: `${ship} x\u00ad` }],
    });
    const read = lines(pdf);
    const whole = read.pop();
    expect(whole).toBe('Donaudampfschifffahrtsgesellschaft x');
    expect(read.length).toBeGreaterThan(1);
    for (const line of read.slice(0, -1)) expect(line).toMatch(/[a-z]-$|gesellschaft$/);
    expect(read.join('').replaceAll(/[- ]/g, '')).toBe('Donaudampfschifffahrtsgesellschaftend');
    // Only at the places that were given.
    const breaks = read.slice(0, -1).map((line) => line.replace(/-$/, ''));
    const syllables = ship.split('\u00ad');
    for (const part of breaks) expect(syllables.some((syllable) => part.endsWith(syllable))).toBe(true);
    expect(others(warnings)).toEqual([]);
  });

  it.each(['left', 'right', 'center', 'justify'])(
    'keep within the column and leave no gap (%s)',
    async (align) => {
      const text = `${ship} und `.repeat(12);
      for (const family of ['helvetica', 'dejavu-sans']) {
        const { pdf } = await render(registry, {
          fonts: { default: family },
          operations: [column(text, 60, { align })],
        });
        const words = wordsOf(pdf);
        const right = (10 + 60) * (72 / 25.4);
        for (const word of words) expect(word.right).toBeLessThan(right + 0.2);
        expect(
          words
            .map((word) => word.text)
            .join('')
            .replaceAll('-', ''),
        ).toBe('Donaudampfschifffahrtsgesellschaftund'.repeat(12));
        expect(words.some((word) => word.text.endsWith('-'))).toBe(true);
      }
    },
  );

  it('are printed in cells, lists and HTML, too, and cost a table no width', async () => {
    const { pdf } = await render(registry, {
      operations: [
        { type: 'add_table', widths: [30, '*'], rows: [[ship, 'Wert']] },
        { type: 'add_html', html: '<p style="text-align:justify">Donau&shy;<b>dampf&shy;schiff</b> a</p>' },
        { type: 'add_list', items: [`${ship} `.repeat(6)] },
      ],
    });
    const read = plainText(pdf, '-layout');
    expect(read).toContain('Donaudampfschiff a');
    expect(read).toMatch(/-\s/);
    expect(read).not.toContain('\u00ad');
    expect(read.replace(/-?\s+/g, '').split('Donau').length).toBe(1 + 1 + 1 + 6);
  });
});

describe.skipIf(noPoppler)('format characters', () => {
  it.each(families)('draw nothing and are asked of no font (%s)', async (family) => {
    const { pdf, warnings } = await render(registry, {
      fonts: { default: family },
      operations: [
        { type: 'add_text', text: '\ufeffAuf\u200clage o\u2060k\u200e a\u200db \u202aBett\u202c x\ufe0f.' },
        {
          type: 'add_svg',
          svg: '<svg width="200" height="20"><text y="15">Auf&#x200c;lage&#xfeff;</text></svg>',
        },
      ],
      watermark: 'ENT\u00adWURF\ufeff',
    });
    const read = plainText(pdf);
    expect(read).toContain('Auflage ok ab Bett x.');
    expect(read.replaceAll(/\s/g, '')).toContain('ENTWURF');
    expect(read.split('Auflage').length).toBe(3);
    expect(others(warnings)).toEqual([]);
    const [word] = wordsOf(pdf).filter(({ text }) => text === 'ok');
    const plain = await render(registry, {
      fonts: { default: family },
      operations: [{ type: 'add_text', text: 'Auflage ok' }],
    });
    const [same] = wordsOf(plain.pdf).filter(({ text }) => text === 'ok');
    expect((word?.right ?? 0) - (word?.left ?? 0)).toBeCloseTo((same?.right ?? 0) - (same?.left ?? 0), 1);
  });

  it('a word is broken between clusters only', async () => {
    const { pdf } = await render(registry, {
      fonts: { default: 'dejavu-sans' },
      operations: [
        {
          type: 'add_columns',
          columns: [{ width: 20, operations: [{ type: 'add_text', text: 'x\u0302'.repeat(60) }] }],
        },
      ],
    });
    const read = lines(pdf);
    expect(read.length).toBeGreaterThan(3);
    for (const line of read) expect(line.replaceAll(' ', '')).toMatch(/^(?:x\u0302)+$/);
  });
});

describe('right-to-left text', () => {
  /** The characters that are drawn, from left to right; poppler would put them into an order of its own. */
  const drawn = (text: string) => {
    const font = registry.open('dejavu-sans:DejaVuSans.ttf', { options: {} }, 'F1') as EmbeddedFont;
    return font
      .layout(text)
      .glyphs.map(({ codePoints }) => String.fromCodePoint(...codePoints))
      .join('');
  };

  it.each(['123', '٤٥٦', '۷۸۹', '1,234.50', '2025-03-01', '۷٫۸'])(
    'digits are never reversed: %s',
    (digits) => {
      for (const text of [digits, `${digits} رقم`, `رقم${digits} `, `מספר${digits}`, `${digits}א`])
        expect(drawn(text)).toContain(digits);
    },
  );

  it('letters are joined and run from right to left, with mirrored brackets', () => {
    expect(drawn('(שלום)')).toBe('(םולש)');
    expect(drawn('abc שלום12 ')).toBe('abc 12םולש ');
    const plain = drawn('ببب');
    expect(plain).toBe('ببب');
    const joined = registry.open('dejavu-sans:DejaVuSans.ttf', { options: {} }, 'F1') as EmbeddedFont;
    const forms = joined.layout('ببب').glyphs.map(({ id }) => id);
    expect(new Set(forms).size).toBe(3);
    // A joiner that is not shown takes the form of a neighbour, one that separates takes it away.
    expect(joined.layout('ب\u200d').glyphs.map(({ id }) => id)).toEqual([forms[2]]);
    expect(joined.layout('ب\u200cب').glyphs.map(({ id }) => id)).toEqual([
      joined.layout('ب').glyphs[0]?.id,
      joined.layout('ب').glyphs[0]?.id,
    ]);
  });
});

describe('emoji', () => {
  const glyphs = (text: string, face = 'noto-emoji:NotoEmoji_400Regular.ttf') => {
    const font = registry.open(face, { options: {} }, 'F1') as EmbeddedFont;
    return font.layout(text).glyphs;
  };

  it.each(['😀', '👨‍👩‍👧‍👦', '🇩🇪', '❤️', '👍🏽', '🏳️‍🌈', '1️⃣'])('%s is one sign', (sign) => {
    expect(glyphs(sign).map(({ id }) => id)).toEqual([expect.any(Number)]);
    expect(glyphs(sign)[0]?.id).toBeGreaterThan(0);
  });

  it('stand in their own font, in which letters are none but boxes', () => {
    const segmenter = new Segmenter(registry, undefined);
    const segments = segmenter.split('Hello 🎉', 'noto-emoji', 'normal', undefined, '/a');
    expect(segments.map(({ family }) => family)).toEqual(['dejavu-sans', 'noto-emoji']);
    expect(segmenter.split('Hello', 'noto-emoji', 'normal', undefined, '/a')[0]?.family).toBe('dejavu-sans');
  });

  it('are drawn in every look, without a warning, and copied as they were written', async () => {
    const text = 'a 🎉 b 👩‍💻 c 🇯🇵 d';
    const operations = [true, false].flatMap((bold) =>
      [true, false].map((italic) => ({ type: 'add_text', text, bold, italic })),
    );
    const { pdf, warnings } = await render(registry, { operations });
    expect(warnings).toEqual([]);
    const segments = new Segmenter(registry, undefined).split('a 🎉 b', 'arimo', 'normal', undefined, '/a');
    expect(segments.map(({ text }) => text)).toEqual(['a ', '🎉', ' b']);
    for (const sign of ['🎉', '👩‍💻', '🇯🇵']) expect(lines(pdf).join('\n').split(sign)).toHaveLength(5);
  });
});

it('a slanted text has letters upright that no font has slanted', async () => {
  const text = 'abc سعر שלום';
  const { warnings } = await render(registry, {
    operations: [true, false].map((bold) => ({ type: 'add_text', text, bold, italic: true })),
  });
  expect(warnings).toEqual([]);
});
