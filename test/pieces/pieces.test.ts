import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { piecesBetween, placeOf } from '../../src/pieces/pieces.js';

describe('pieces', () => {
  it('gives any range of what they are together', () => {
    const texts = fc.array(fc.string({ maxLength: 5 }), { maxLength: 8 });
    fc.assert(
      fc.property(texts, fc.nat(40), fc.nat(40), (parts, a, b) => {
        const whole = parts.join('');
        const offsets = [0];
        for (const part of parts) offsets.push((offsets.at(-1) ?? 0) + part.length);
        const end = Math.min(b, whole.length);
        const found = piecesBetween(
          offsets,
          (at) => ({ source: parts[at] ?? '', start: 0, length: parts[at]?.length ?? 0 }),
          a,
          end,
        );
        const got = [...found].map(({ source, start, length }) => source.slice(start, start + length));
        expect(got.join('')).toBe(whole.slice(a, Math.max(a, end)));
      }),
    );
  });

  it('finds the place of an offset', () => {
    expect([0, 4, 5, 9, 10].map((offset) => placeOf([0, 5, 5, 10], offset))).toEqual([0, 0, 2, 2, 3]);
  });
});
