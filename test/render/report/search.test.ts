import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contains, splitAt } from '../../../src/render/kinds/report/language/search.js';

describe('a part of a text', () => {
  it('is found where the engine finds it, be it short or long', () => {
    const text = (maxLength: number) => fc.string({ unit: fc.constantFrom('a', 'b'), maxLength });
    const cases = fc.tuple(text(6), fc.integer({ min: 1, max: 60 }), fc.array(text(4), { maxLength: 8 }));
    fc.assert(
      fc.property(cases, ([beginning, times, between]) => {
        const part = `${beginning}${'ab'.repeat(times)}`;
        const whole = between.join(part) + part.slice(0, -1);
        expect(splitAt(whole, part)).toEqual(whole.split(part));
        expect(contains(whole, part)).toBe(whole.includes(part));
      }),
    );
  });

  it('is looked for in time by the lengths of both, however alike they are', () => {
    const part = `${'a'.repeat(500_000)}b${'a'.repeat(500_000)}`;
    const text = 'a'.repeat(2_000_000);
    expect(contains(text, part)).toBe(false);
    expect(contains(text + part, part)).toBe(true);
    expect(splitAt(text, part)).toEqual([text]);
    expect(splitAt(`${part}x${part}`, part)).toEqual(['', 'x', '']);
  });
});
