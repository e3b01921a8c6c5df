import { PDFDict, PDFDocument, PDFName } from '@cantoo/pdf-lib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type {
  CheckmarkOverlay,
  TextOverlay,
  Value,
} from '../../../src/render/kinds/bulk-fill/package/package.js';
import { inspect } from '../document-fixture.js';
import { checked, noReaders, popplerImages, red } from './readers.js';
import { fill, smallForm, writePdf } from './small-forms.js';

/** What a package may say of a text and of a mark, each member by what is seen of it. */

/** A page of 300 x 200 with nothing on it. */
const form = writePdf(smallForm({ content: ' ' }));
const room = { page: 0, x: 50, y: 40, width: 200, height: 60 } as const;

interface Word {
  readonly text: string;
  /** Points from the upper left corner of the page. */
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

function wordsOf(pdf: Uint8Array): readonly Word[] {
  const found = inspect(pdf, 'pdftotext', '-bbox', '{}', '-').matchAll(
    /<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">([^<]*)</g,
  );
  return [...found].map(([, ...given]) => {
    const [left = 0, top = 0, right = 0, bottom = 0] = given.map(Number);
    return { text: given[4] ?? '', left, top, right, bottom };
  });
}

async function drawn(overlay: Partial<TextOverlay>, row: readonly string[] = ['word']) {
  const given = { ...room, type: 'text', value: { column: 'column_0' }, ...overlay } as const;
  const filled = await fill(form, {}, { overlays: [given], row });
  await checked(filled.pdf);
  return { ...filled, words: wordsOf(filled.pdf) };
}

async function fontsOf(pdf: Uint8Array): Promise<readonly string[]> {
  const document = await PDFDocument.load(pdf);
  return document.context
    .enumerateIndirectObjects()
    .flatMap(([, object]) => (object instanceof PDFDict ? [object.get(PDFName.of('BaseFont'))] : []))
    .map((name) => (name instanceof PDFName ? name.decodeText().replace(/^INKFIL\+/, '') : ''));
}

describe.skipIf(noReaders)('a text overlay', () => {
  it('font and style: is in that family of the server, and in the usual one where it says none', async () => {
    expect(await fontsOf((await drawn({})).pdf)).toContain('Arimo-Regular');
    expect(await fontsOf((await drawn({ font: 'Times', style: 'bolditalics' })).pdf)).toContain(
      'Tinos-BoldItalic',
    );
    expect(await fontsOf((await drawn({ font: 'courier' })).pdf)).toContain('Cousine-Regular');
  });

  it('size: has letters so large, 12 points where it says none', async () => {
    const width = async (overlay: Partial<TextOverlay>) => {
      const [word] = (await drawn(overlay)).words;
      return (word?.right ?? 0) - (word?.left ?? 0);
    };
    const usual = await width({});
    expect((await width({ size: 24 })) / usual).toBeCloseTo(2, 1);
    expect((await width({ size: 12 })) / usual).toBeCloseTo(1, 2);
  });

  it('color: is in it, and black where it says none', async () => {
    const page = async (overlay: Partial<TextOverlay>) =>
      popplerImages((await drawn({ size: 40, ...overlay }, ['\u2588\u2588'])).pdf)[0] ?? Buffer.alloc(0);
    expect(await red(await page({ color: '#ff0000' }))).toBeGreaterThan(300);
    const black = await page({});
    expect(await red(black)).toBe(0);
    const { data } = await sharp(black).greyscale().raw().toBuffer({ resolveWithObject: true });
    expect(data.filter((value) => value < 20).length).toBeGreaterThan(300);
  });

  it('align: stands at the left, in the middle or at the right of its room', async () => {
    const place = async (align?: TextOverlay['align']) =>
      (await drawn(align === undefined ? {} : { align })).words[0] ?? { left: 0, right: 0 };
    const [usual, left, center, right] = [
      await place(),
      await place('left'),
      await place('center'),
      await place('right'),
    ];
    expect(left.left).toBeCloseTo(room.x, 0);
    expect(usual.left).toBe(left.left);
    expect((center.left + center.right) / 2).toBeCloseTo(room.x + room.width / 2, 0);
    expect(right.right).toBeCloseTo(room.x + room.width, 0);
  });

  const long = 'words that go on and on and fill more than one line of it';

  it('multiline: is wrapped at spaces and keeps line breaks; else it is one line', async () => {
    const lines = ({ words }: { readonly words: readonly Word[] }) =>
      new Set(words.map(({ top }) => top)).size;
    const wrapped = await drawn({ multiline: true }, [long]);
    expect([lines(wrapped), wrapped.codes]).toEqual([2, []]);
    expect(wrapped.words.map(({ text }) => text).join(' ')).toBe(long);
    for (const { right } of wrapped.words) expect(right).toBeLessThanOrEqual(room.x + room.width + 0.5);
    expect(lines(await drawn({ multiline: true }, ['one\ntwo\nthree']))).toBe(3);
    expect(lines(await drawn({}, ['one\ntwo\nthree']))).toBe(1);
  });

  it('shrink: is smaller where it does not fit, and is told of where it may not be', async () => {
    const shrunk = await drawn({ shrink: true }, [long]);
    expect(shrunk.codes).toEqual([]);
    expect(shrunk.words.at(-1)?.right).toBeLessThanOrEqual(room.x + room.width + 0.5);
    const short = await drawn({ shrink: true }, ['word']);
    expect(short.words).toEqual((await drawn({}, ['word'])).words);
    const kept = await drawn({}, [long]);
    expect([kept.codes, kept.row.applied, kept.row.skipped]).toEqual([['TEXT_OVERFLOW'], 1, 0]);
  });

  it('rotate: is turned clockwise around the middle of its room', async () => {
    const [turned] = (await drawn({ rotate: 90, align: 'center', size: 20 }, ['mmmm'])).words;
    const [middle, across] = [room.x + room.width / 2, room.y + room.height / 2];
    if (turned === undefined) throw new Error('There is no word');
    expect(turned.bottom - turned.top).toBeGreaterThan(2 * (turned.right - turned.left));
    expect((turned.top + turned.bottom) / 2).toBeCloseTo(across, 0);
    expect(Math.abs((turned.left + turned.right) / 2 - middle)).toBeLessThan(room.height / 2);
  });

  it.each<[string, Value, string]>([
    ['static: the same in every row', { static: 'Fixed' }, 'Fixed'],
    ['column: what the row has in it', { column: 'column_1' }, 'Lovelace'],
    ['template: text with columns in it', { template: '{{column_1}}, {{column_0}}!' }, 'Lovelace, Ada!'],
    ['template: nothing for a column that the row has not', { template: 'a{{column_7}}b' }, 'ab'],
  ])('value %s', async (_what, value, text) => {
    const { words } = await drawn({ value }, ['Ada', 'Lovelace']);
    expect(words.map((word) => word.text).join(' ')).toBe(text);
  });
});

describe.skipIf(noReaders)('a checkmark', () => {
  const mark: CheckmarkOverlay = {
    ...room,
    type: 'checkmark',
    value: { column: 'column_0' },
    color: '#ff0000',
  };
  const inked = async (text: string) => {
    const { pdf, row, codes } = await fill(form, {}, { overlays: [mark], row: [text] });
    await checked(pdf);
    const count = await red(popplerImages(pdf)[0] ?? Buffer.alloc(0));
    return { isDrawn: count > 100, applied: row.applied, skipped: row.skipped, codes };
  };

  it.each(['true', 'Yes', 'ON', '1', 'x'])('is drawn for %s, in its colour', async (word) => {
    expect(await inked(word)).toEqual({ isDrawn: true, applied: 1, skipped: 0, codes: [] });
  });

  it.each(['false', 'no', 'off', '0', '', ' '])('is not drawn for %j, and is applied', async (word) => {
    expect(await inked(word)).toEqual({ isDrawn: false, applied: 1, skipped: 0, codes: [] });
  });

  it('NATIVE_FIELD_VALUE_UNMATCHED: for any other word it is skipped', async () => {
    const codes = ['NATIVE_FIELD_VALUE_UNMATCHED'];
    expect(await inked('perhaps')).toEqual({ isDrawn: false, applied: 0, skipped: 1, codes });
  });
});
