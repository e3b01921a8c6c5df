import bidiFactory from 'bidi-js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EmbeddedFont } from '../../src/render/fonts/pdfkit.js';
import { FontRegistry } from '../../src/render/fonts/registry.js';
import type { Inline } from '../../src/render/kinds/document/page-items.js';
import { PdfMakeLine } from '../../src/render/kinds/document/pdfmake.js';
import { LineOrder } from '../../src/render/layout/line-order.js';
import { type Letter, Reader } from '../words/reader.js';
import { render } from './document-fixture.js';

/** Lines of which some is written from right to left, as they stand on paper. */

const registry = new FontRegistry();
const reader = new Reader();

/** The letters of each line from left to right, without its blanks. */
async function lettersOf(operations: readonly object[], more: object = {}): Promise<Letter[][]> {
  const { pdf, warnings } = await render(registry, { operations, ...more });
  expect(warnings).toEqual([]);
  const { letters } = await reader.read(pdf, 0);
  const lines: Letter[][] = [];
  // Of one line are those whose middles are at one height.
  for (const letter of letters) {
    const middle = (letter.top + letter.bottom) / 2;
    const line = lines.find(([first]) => {
      if (first === undefined || first.page !== letter.page) return false;
      return Math.abs((first.top + first.bottom) / 2 - middle) < 2.5;
    });
    if (line === undefined) lines.push([letter]);
    else line.push(letter);
  }
  return lines.map((line) => line.toSorted((a, b) => a.left - b.left));
}

/** PDFium has a guess of its own at brackets, and tells an emoji in two halves. */
const plain = (text: string): string => text.replace(/[()[\]]/g, '|').replace(/[\ud800-\udfff]{2}/g, '*');

const textOf = (line: readonly Letter[] | undefined): string =>
  plain((line ?? []).map(({ text }) => text).join(''));

const order = new LineOrder();
const font = registry.open('dejavu-sans:DejaVuSans.ttf', { options: {} }, 'F1') as EmbeddedFont;

/** The characters of a line of one text, as their glyphs stand from left to right, without its blanks. */
function drawn(text: string): string {
  const line = new PdfMakeLine(1_000);
  const words = (text.match(/\S+\s*/g) ?? []).map((word): Inline => ({ text: word, width: word.length }));
  order.mark(words);
  for (const word of words) line.addInline(word);
  order.arrange(line, (part) => part.length);
  return line.inlines
    .flatMap((inline) => font.layout(inline.text).glyphs)
    .map(({ codePoints }) => String.fromCodePoint(...codePoints))
    .join('')
    .replaceAll(' ', '');
}

async function seen(text: string, more: object = {}): Promise<readonly string[]> {
  return (await lettersOf([{ type: 'add_text', text, ...more }])).map(textOf);
}

describe('the words of a line', () => {
  it.each([
    ['שלום עולם', 'םלועםולש', 'follow each other from right to left'],
    ['abc שלום עולם def', 'abcםלועםולשdef', 'do so within words of the other direction'],
    ['שלום abc def עולם', 'םלועabcdefםולש', 'have words of the other direction as they are read'],
    ['שלום 12 34', '3412םולש', 'take numbers for words, each as it is written'],
    ['שלום 1,234.50 ו־2025-03-01', '2025-03-01־ו1,234.50םולש', 'never turn a number, also a date'],
    ['سعر ٤٥٦ و 2025-03-01', '2025-03-01و٤٥٦رعس', 'never turn a number behind Arabic letters'],
    ['סכום (123) סוף', 'ףוס(123)םוכס', 'have brackets that open to the other side'],
    ['abc (שלום) def', 'abc(םולש)def', 'have brackets of their line'],
    ['שלום, עולם!', '!םלוע,םולש', 'have their marks behind them'],
    ['קוד A-1 ו B2', 'B2וA-1דוק', 'have codes in them as they are'],
    ['abc שלום 😀 עולם', 'abcםלוע😀םולש', 'have emoji where they belong'],
  ])('%s stands as %s: they %s', async (text, expected) => {
    expect(await seen(text)).toEqual([plain(expected)]);
    expect(drawn(text)).toBe(expected);
  });

  it('each line and paragraph by itself', async () => {
    expect(await seen('אחת שתיים\nabc שלוש ארבע')).toEqual(['םייתשתחא', 'abcעבראשולש']);
    const words = ['אלף', 'בית', 'גמל', 'דלת', 'הלך', 'ויו', 'זין', 'חית'];
    const turned = (some: readonly string[]) =>
      some
        .map((word) => [...word].reverse().join(''))
        .toReversed()
        .join('');
    const lines = await seen(words.join(' '), { width: 30 });
    expect(lines.length).toBeGreaterThan(1);
    let at = 0;
    for (const line of lines) {
      const count = line.length / 3;
      expect(line).toBe(turned(words.slice(at, at + count)));
      at += count;
    }
    expect(at).toBe(words.length);
  });

  it('whole, where a word might have been broken', async () => {
    const line = (latin: string) => seen(`שלום ${latin} בית ab\u00adcd 12`);
    expect(await line('qhwz\u00adb\u00ad\u00adkk')).toEqual(await line('qhwzbkk'));
    expect(await line('qhwz\u00adbkk')).toEqual(['abcd12תיבqhwzbkkםולש']);
    expect(await seen('ab של\u00adום של\u00adום cd')).toEqual(['abםולשםולשcd']);
  });

  it('also where they have looks of their own, in cells, lists and bands', async () => {
    const html = '<p>אחת <b>שתיים</b> <a href="https://x.test">שלוש</a> (<i>abc</i>)</p>';
    expect((await lettersOf([{ type: 'add_html', html }])).map(textOf)).toEqual(['|abc|שולשםייתשתחא']);
    const table = { type: 'add_table', rows: [['אחת שתיים']] };
    expect((await lettersOf([table])).map(textOf)).toEqual(['םייתשתחא']);
    const band = await lettersOf([{ type: 'add_text', text: 'x' }], { header: 'דף {page} מתוך {pages}' });
    expect(band.map(textOf)).toContain('1ךותמ1ףד');
  });

  it('fill a justified line from edge to edge, and stand at the side that is asked for', async () => {
    const text = 'אלף בית גמל דלת הלך ויו זין חית טית יוד כפר למד';
    const margins = { top: 10, left: 10, right: 10, bottom: 10 };
    const page_size = { width_mm: 80, height_mm: 100 };
    const edges = async (align: string) => {
      const [line] = await lettersOf([{ type: 'add_text', text, align }], { page_size, margins });
      return [line?.[0]?.left ?? 0, line?.at(-1)?.right ?? 0] as const;
    };
    const [left, right] = await edges('justify');
    expect(left).toBeCloseTo(10, 0);
    expect(right).toBeCloseTo(70, 0);
    expect((await edges('right'))[1]).toBeCloseTo(70, 0);
    expect((await edges('left'))[0]).toBeCloseTo(10, 0);
  });

  it('stand as the Unicode algorithm says, whatever the mixture', () => {
    const bidi = bidiFactory() as ReturnType<typeof bidiFactory> & {
      getReorderedString(text: string, levels: object): string;
    };
    const word = fc.constantFrom(
      'שלום',
      'אב',
      'abc',
      'x',
      '12',
      '7',
      '(',
      ')',
      '[',
      ']',
      '-',
      ',',
      '!',
      'גדה',
      'א(ב)',
    );
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 12 }), (words) => {
        const text = words.join(' ');
        const expected = bidi.getReorderedString(text, bidi.getEmbeddingLevels(text));
        expect(drawn(text)).toBe(expected.replaceAll(' ', ''));
      }),
      { numRuns: 2_000, seed: 7 },
    );
  });
});
