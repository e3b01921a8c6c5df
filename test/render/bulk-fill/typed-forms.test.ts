import { describe, expect, it } from 'vitest';
import { randomFrom } from '../../helpers/random.js';
import { noReaders } from './readers.js';
import { fill, smallForm, stream, writePdf } from './small-forms.js';
import { type DoneField, pageTyped, type Shown } from './typed-forms.js';

/**
 * Where a field looks otherwise than PDFium has it, and why:
 * - size: a text whose size is left to the viewer. PDFium takes 12 points at most for it, here it is as high as the field, as in Acrobat;
 * - arrow: PDFium draws the button of a dropdown, which nobody can press on paper;
 * - side: PDFium has the text of a dropdown at the left, whatever its field says.
 */
type Reason = 'size' | 'arrow' | 'side';

interface MadeForm {
  /** Of fields that look otherwise. */
  readonly reasons: readonly (readonly [place: DoneField['place'], Reason])[];
  readonly pdf: Buffer;
  readonly values: Readonly<Record<string, string>>;
  readonly done: readonly DoneField[];
}

/** `npm run fuzz:bulk` has more of them. */
const forms = Number(process.env.BULK_FORMS ?? 40);
const perBlock = 20;
const words = 'Ada Grace Łoś Müller Zürich street 12 of the old mill and its garden, near Praha 7'.split(' ');

/** A form of some fields of all sorts, and values for them. */
function madeForm(seed: number): MadeForm {
  const random = randomFrom(seed);
  const one = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;
  const some = (count: number) => Array.from({ length: count }, () => one(words)).join(' ');
  const fields: string[] = [];
  const values: Record<string, string> = {};
  const done: DoneField[] = [];
  const reasons: [DoneField['place'], Reason][] = [];
  const more: [number, string][] = [];
  const annotations: number[] = [];
  let number = 40;
  /** Pictures of a button of this size: on with a square in it. */
  const drawings = (state: string, size: number): string => {
    const frame = `1 1 ${size - 2} ${size - 2} re S`;
    for (const content of [`${frame} 4 4 ${size - 8} ${size - 8} re f`, frame])
      more.push([number++, stream(content, `/Subtype/Form/BBox[0 0 ${size} ${size}]`)]);
    return `/AP<</N<</${state} ${number - 2} 0 R/Off ${number - 1} 0 R>>>>`;
  };
  for (let row = 0; row < 4; row++) {
    const [bottom, height] = [150 - row * 42, one([18, 22, 30])];
    const left = 15 + Math.floor(random() * 20);
    const name = `f${row}`;
    const kind = one(['line', 'line', 'lines', 'comb', 'check', 'radio', 'choice'] as const);
    const width = kind === 'check' ? height : 120 + Math.floor(random() * 130);
    const place = [left, bottom, left + width, bottom + height] as const;
    const rect = `/Rect[${place.join(' ')}]`;
    const border = one(['', '/MK<</BC[0 0 0.6]>>', '/MK<</BC[0]/BG[0.9 1 0.9]>>', '/MK<</BG[1 1 0.8]>>']);
    const [size, side] = [one([0, 8, 10, 12, 12]), one([0, 0, 1, 2])];
    const look = `/DA(/${one(['Helv', 'CoBo'])} ${size} Tf ${one(['0 g', '1 0 0 rg', '0 0 1 rg'])})/Q ${side}${border}`;
    const widget = `/Type/Annot/Subtype/Widget${rect}/F 4/T(${name})`;
    if (kind !== 'radio') annotations.push(fields.length + 10);
    let text = '';
    if (kind === 'line') {
      text = some(1 + Math.floor(random() * 3));
      fields.push(`<<${widget}/FT/Tx${look}>>`);
    } else if (kind === 'lines') {
      text = some(3);
      fields.push(`<<${widget}/FT/Tx/Ff 4096${look}>>`);
    } else if (kind === 'comb') {
      text = one(['0123', 'AB12CD', '98765432']);
      fields.push(`<<${widget}/FT/Tx/Ff 16777216/MaxLen 8${look}>>`);
    } else if (kind === 'choice') {
      text = one(['red', 'green', 'blue']);
      fields.push(`<<${widget}/FT/Ch/Ff 131072/Opt[(red)(green)(blue)]${look}>>`);
    } else if (kind === 'check') {
      text = one(['yes', 'no']);
      fields.push(`<<${widget}/FT/Btn/AS/Off/V/Off${drawings('Yes', height)}>>`);
      if (text === 'yes') done.push({ place, deed: { is: 'clicked' } });
    } else {
      text = one(['A', 'B']);
      const kids = ['A', 'B'].map((state, index): [number, string] => {
        const x = left + index * (height + 10);
        const [of, at] = [
          `/Parent ${fields.length + 10} 0 R`,
          [x, bottom, x + height, bottom + height] as const,
        ];
        if (state === text) done.push({ place: at, deed: { is: 'clicked' } });
        const kid = `<</Type/Annot/Subtype/Widget/Rect[${at.join(' ')}]/F 4/AS/Off${of}${drawings(state, height)}>>`;
        annotations.push(number);
        return [number++, kid];
      });
      more.push(...kids);
      fields.push(
        `<</FT/Btn/Ff 49152/T(${name})/V/Off/Kids[${kids.map(([kid]) => `${kid} 0 R`).join(' ')}]>>`,
      );
    }
    values[name] = text;
    const hasText = kind === 'line' || kind === 'lines' || kind === 'comb' || kind === 'choice';
    if (hasText && size === 0) reasons.push([place, 'size']);
    else if (kind === 'choice' && side > 0) reasons.push([place, 'side']);
    else if (kind === 'choice')
      reasons.push([[left + width - 14, bottom, left + width, bottom + height], 'arrow']);
    if (kind === 'choice')
      done.push({ place, deed: { is: 'taken', option: ['red', 'green', 'blue'].indexOf(text) } });
    else if (hasText) done.push({ place, deed: { is: 'typed', text } });
  }
  return { pdf: writePdf(smallForm({ content: ' ', fields, more, annotations })), values, done, reasons };
}

const width = 600;
const perPoint = width / 300;
/** PDFium keeps text a point from the border of its field, we two. */
const near = 2 * perPoint;

/** Of two pictures: pixels that are dark in one, with nothing dark near them in the other. */
function alone(one: Buffer, other: Buffer, left: (x: number, y: number) => boolean): number {
  const dark = (data: Buffer, x: number, y: number) => (data[y * width + x] ?? 255) < 150;
  const height = one.length / width;
  let count = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      if (!dark(one, x, y) || left(x, y)) continue;
      let found = false;
      for (let down = -near; down <= near && !found; down++)
        for (let across = -near; across <= near && !found; across++)
          found = dark(other, x + across, y + down);
      if (!found) count++;
    }
  return count;
}

/** Whether something dark stands in a place of the page. */
function isInked({ data, height }: Shown, [left, bottom, right, top]: DoneField['place']): boolean {
  // Without the border.
  const [x0, x1] = [(left + 2) * perPoint, (right - 2) * perPoint];
  for (let y = height - (top - 2) * perPoint; y < height - (bottom + 2) * perPoint; y++)
    if (data.subarray(y * width + x0, y * width + x1).some((value) => value < 150)) return true;
  return false;
}

describe.skipIf(noReaders)('a form that PDFium fills itself', () => {
  const blocks = Array.from({ length: Math.ceil(forms / perBlock) }, (_, block) => block * perBlock + 1);
  it.each(blocks)(
    'looks as it does here, field by field but for what is listed: from form %i on',
    async (first) => {
      let [all, listed] = [0, 0];
      for (let seed = first; seed < Math.min(first + perBlock, forms + 1); seed++) {
        const { pdf, values, done, reasons } = madeForm(seed);
        const { pdf: filled } = await fill(pdf, values, { looksOtherwise: true });
        const [typed, own] = await Promise.all([pageTyped(pdf, done, width), pageTyped(filled, [], width)]);
        const isListed = (x: number, y: number) => {
          const [across, up] = [x / perPoint, (typed.height - y) / perPoint];
          return reasons.some(([[left, bottom, right, top]]) => {
            return across >= left - 2 && across <= right + 2 && up >= bottom - 2 && up <= top + 2;
          });
        };
        const apart = alone(typed.data, own.data, isListed) + alone(own.data, typed.data, isListed);
        // A text that is not there, or elsewhere, is three times as much.
        expect(apart / typed.data.length, `form ${seed}`).toBeLessThan(0.002);
        for (const [place, reason] of reasons)
          if (reason !== 'arrow')
            expect([isInked(typed, place), isInked(own, place)], `form ${seed}`).toEqual([true, true]);
        all += Object.keys(values).length;
        listed += reasons.filter(([, reason]) => reason !== 'arrow').length;
      }
      expect(listed / all).toBeLessThan(0.4);
    },
  );
});
