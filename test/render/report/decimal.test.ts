import { describe, expect, it } from 'vitest';
import { Decimal } from '../../../src/render/kinds/report/language/decimal.js';

/** The same numbers at each run. */
function* doubles(count: number): Generator<number> {
  let seed = 7;
  const next = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed / 2_147_483_648;
  };
  for (let i = 0; i < count; i += 1) {
    const amount = Math.round(next() * 10 ** (i % 16)) / 10 ** (i % 8);
    yield* [amount, -amount, amount * 1.1, next() * 10 ** ((i % 40) - 20), 3.17 * i];
  }
}

const special = [
  0.1,
  0.5,
  1.005,
  0.000001,
  0.0000001,
  1e-9,
  5e-324,
  999999999.999999,
  99999999999999.9,
  999999999999999.9,
  2 ** 53 - 0.5,
  2 ** 53,
  2 ** 52 + 0.5,
  1e15 + 0.25,
  1e21,
  1.7976931348623157e308,
  2 ** -30,
];

/** Digits with a point put in, zeros at the end left out. */
function written({ digits, places }: Decimal): string {
  const text = String(digits < 0 ? -digits : digits).padStart(places + 1, '0');
  const at = text.length - places;
  const fraction = text.slice(at).replace(/0+$/, '');
  return `${digits < 0 ? '-' : ''}${text.slice(0, at)}${fraction === '' ? '' : `.${fraction}`}`;
}

describe('decimal numbers', () => {
  it('D-30 of doubles are those of their shortest text, and lead back', () => {
    for (const value of [...special, ...doubles(4_000)]) {
      const short = Decimal.of(value);
      const parsed = Decimal.parse(String(value));
      expect([value, short?.digits, short?.places]).toEqual([value, parsed?.digits, parsed?.places]);
      if (short === null || Math.abs(value) < 1e-40) continue;
      expect(short.toNumber()).toBe(value);
      expect(short.toString()).toBe(written(short));
    }
  });

  it('D-30 tell all digits, also where there are zeros at the end or more than a double has', () => {
    const texts = [
      '-12.50',
      '0.000000',
      '-0.000001',
      '123456789012345.678',
      '99999999999999.99',
      '-5',
      '0.10',
    ];
    for (const text of texts) {
      const number = Decimal.parse(text);
      if (number === null) throw new Error(`${text} is no number`);
      expect(number.toString()).toBe(written(number));
      expect(number.toNumber()).toBe(Number(text));
    }
  });
});
