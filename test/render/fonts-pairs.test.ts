import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawnDecimals, PdfBytes } from '../../src/render/fonts/pdf-bytes.js';
import { FontRegistry } from '../../src/render/fonts/registry.js';
import type { Typeface } from '../../src/render/fonts/typeface.js';
import { isPlainText } from '../../src/render/layout/breaks.js';
import { splitOf } from '../../src/render/layout/split.js';

const registry = new FontRegistry();
const faces = ['dejavu-sans:DejaVuSans.ttf', 'dejavu-sans:DejaVuSans-Bold.ttf'].map((id) => {
  const face = registry.typeface(id, () => undefined);
  if (face === undefined) throw new Error(`There is no ${id}`);
  return face;
});

function never(): never {
  throw new Error('There is no face');
}

const letters = [...'AVWTfijlyo019.,:'];
const word = fc
  .tuple(
    fc.constantFrom('A', 'V', 'f', 'T', 'y', '1', '0'),
    fc.array(fc.constantFrom(...letters), { maxLength: 9 }),
  )
  .map(([first, rest]) => first + rest.join(''));
const texts = fc.array(fc.oneof({ weight: 5, arbitrary: word }, fc.constant('€')), {
  minLength: 1,
  maxLength: 6,
});

const shown = (show: (operators: PdfBytes) => void): string => {
  const operators = new PdfBytes(drawnDecimals);
  show(operators);
  return Buffer.from(operators.take()).toString('latin1');
};

/** A text word by word. */
function byWords(face: Typeface, text: string, scale: number) {
  const split = splitOf(face, text);
  if (split === undefined) throw new Error(`It has no words: ${text}`);
  let [widest, whole] = [0, 0];
  for (const { width, trail } of split.words) {
    widest = Math.max(widest, width * scale - trail * scale);
    whole += width * scale;
  }
  return { widest, whole, operators: shown((operators) => split.show(operators, scale)) };
}

describe('a text that is laid out in pairs of characters', () => {
  it('is as wide as its words to the last digit, and is shown by the same operators', () => {
    let [measured, asked] = [0, 0];
    fc.assert(
      fc.property(fc.constantFrom(...faces), texts, fc.constantFrom(8, 9.5, 10, 12), (face, words, size) => {
        const text = words.join(' ');
        const scale = size / 1000;
        expect(isPlainText(text)).toBe(true);
        const { operators, ...widths } = byWords(face, text, scale);
        const found = { widest: 0, whole: 0 };
        asked += 1;
        // Letters that become another one together have to be laid out by the font.
        if (face.pairs?.measure(text, scale, found) !== true) return;
        measured += 1;
        expect(found).toEqual(widths);
        expect(shown((bytes) => face.pairs?.showWords(text, bytes, scale))).toBe(operators);
      }),
      { numRuns: 2_000 },
    );
    expect(measured).toBeGreaterThan(asked / 3);
  });

  it('is not measured where the font has a glyph for two of its letters, or lacks one', () => {
    const [face = never()] = faces;
    const found = { widest: 0, whole: 0 };
    for (const text of ['fine', 'a\u0001', 'a漢']) {
      // It has been asked for all of its pairs then.
      splitOf(face, text);
      expect(face.pairs?.measure(text, 0.01, found)).toBe(false);
    }
  });
});
