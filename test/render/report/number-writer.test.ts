import { describe, expect, test } from 'vitest';
import { Decimal } from '../../../src/render/kinds/report/language/decimal.js';
import { NumberWriter } from '../../../src/render/kinds/report/language/number-writer.js';

/** Every kind of grouping, separator, sign and place of a currency that this version of Node knows of. */
const locales = [
  ...[
    'en',
    'en-IN',
    'de',
    'de-AT',
    'de-CH',
    'fr',
    'fr-CH',
    'es',
    'es-MX',
    'pl',
    'pt-PT',
    'it',
    'nl',
    'sv',
    'nb',
    'hu',
  ],
  ...[
    'ru',
    'tr',
    'he',
    'ja',
    'zh',
    'ko',
    'hi',
    'hi-u-nu-deva',
    'ar',
    'ar-EG',
    'fa',
    'bn',
    'mr',
    'ta',
    'th',
    'bg',
    'ka',
    'sl',
  ],
];
const formats: readonly Intl.NumberFormatOptions[] = [
  { maximumFractionDigits: 20 },
  { minimumFractionDigits: 2, maximumFractionDigits: 20 },
  { minimumFractionDigits: 20, maximumFractionDigits: 20 },
  { style: 'percent', maximumFractionDigits: 20 },
  { style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 20 },
  ...['EUR', 'USD', 'JPY', 'CHF', 'KWD', 'INR', 'CLF', 'XYZ'].map(
    (currency) => ({ style: 'currency', currency }) as const,
  ),
];

/** Always the same ones. */
function* numbers(): Generator<Decimal> {
  let state = 7;
  const next = (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state % below;
  };
  for (let n = 0; n < 60; n += 1) {
    const digits = `${next(2_000_000_000)}${next(2) === 0 ? '' : next(1_000_000_000)}`.slice(0, 1 + next(16));
    const places = next(8);
    const sign = next(3) === 0 ? '-' : '';
    const one = Decimal.parse(`${sign}${digits}e-${places}`);
    if (one !== null) yield one;
  }
}

describe('a writer of numbers', () => {
  test.each(locales)('writes what the formatter of %s writes', (locale) => {
    for (const options of formats) {
      const format = new Intl.NumberFormat(locale, options);
      const writer = new NumberWriter(format);
      const most = writer.places + (options.style === 'percent' ? 2 : 0);
      for (const number of numbers()) {
        const rounded = number.rounded(most, 'half-away');
        const wanted: unknown = Reflect.apply(format.format, format, [rounded.toString()]);
        expect(writer.text(rounded), `${JSON.stringify(options)} of ${rounded}`).toBe(wanted);
      }
    }
  });

  test('asks no formatter for each number of the locales that documents are written in', () => {
    for (const locale of [
      'en',
      'en-IN',
      'de',
      'de-CH',
      'fr',
      'es',
      'pl',
      'pt-PT',
      'ru',
      'tr',
      'he',
      'ja',
      'zh',
      'ko',
    ]) {
      for (const options of formats)
        expect(new NumberWriter(new Intl.NumberFormat(locale, options)).isAsking, locale).toBe(false);
    }
    expect(new NumberWriter(new Intl.NumberFormat('ar-EG')).isAsking).toBe(true);
  });
});
