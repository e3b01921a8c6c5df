import { Decimal, maxDigits, type Rounding, roundings } from './decimal.js';
import { isCurrency } from './formats.js';
import {
  choiceOf,
  decimal,
  number,
  numbers,
  ordered,
  type PlainFunction,
  text,
  texts,
  whole,
  words,
} from './plain-function.js';
import type { Place, Run } from './run.js';
import { eitherType } from './types.js';
import { orderOf, type Value } from './values.js';

/** Places that a format can show. */
const maxPlaces = 20;
/** Of a percentage, where the design says none: enough for any rate, and a third does not fill a cell. */
const maxPercentPlaces = 10;

const placesOf = (x: Run, place: Place, value: Value | undefined, absent: number): number | undefined =>
  value === undefined || value === null
    ? absent
    : whole(x, place, value, { least: -maxDigits, most: maxDigits, what: 'the number of places' });

const shownPlaces = (x: Run, place: Place, value: Value | undefined, absent: number): number | undefined =>
  value === undefined || value === null
    ? absent
    : whole(x, place, value, { least: 0, most: maxPlaces, what: 'the number of places' });

function roundedTo(rounding: Rounding): PlainFunction['run'] {
  return (x, place, value, places) => {
    const to = placesOf(x, place, places, 0);
    return to === undefined ? null : decimal(value).rounded(to, rounding);
  };
}

function extreme(sign: number): PlainFunction['run'] {
  return (x, place, ...values) => {
    let best: Value = null;
    for (const value of values) {
      if (value === null) continue;
      const order = best === null ? sign : orderOf(value, best);
      if (order === undefined) return x.fault(place, 'a number and a text have no order');
      if (order * sign > 0) best = value;
    }
    return best;
  };
}

/** Functions that round, choose and print numbers. */
export const numberFunctions: readonly PlainFunction[] = [
  {
    name: 'round',
    signature: 'round(number, places = 0, mode = "half-away")',
    says: `Rounded to so many places; modes are ${roundings.join(', ')}`,
    args: [number, number, { kinds: ['text'], oneOf: roundings }],
    least: 1,
    result: numbers,
    run: (x, place, value, places, mode) => {
      const to = placesOf(x, place, places, 0);
      const rounding = choiceOf(x, place, mode, roundings, 'half-away');
      return to === undefined || rounding === undefined ? null : decimal(value).rounded(to, rounding);
    },
  },
  {
    name: 'floor',
    signature: 'floor(number, places = 0)',
    says: 'Rounded down, towards minus infinity',
    args: [number, number],
    least: 1,
    result: numbers,
    run: roundedTo('floor'),
  },
  {
    name: 'ceil',
    signature: 'ceil(number, places = 0)',
    says: 'Rounded up, towards infinity',
    args: [number, number],
    least: 1,
    result: numbers,
    run: roundedTo('ceiling'),
  },
  {
    name: 'abs',
    signature: 'abs(number)',
    says: 'Without its sign',
    args: [number],
    least: 1,
    result: numbers,
    run: (_x, _place, value) => decimal(value).absolute(),
  },
  {
    name: 'min',
    signature: 'min(a, b, ...)',
    says: 'The least of numbers, or of texts or dates; null is left out',
    args: [ordered],
    least: 2,
    most: 20,
    takesNull: true,
    result: (types) => types.reduce(eitherType),
    run: extreme(-1),
  },
  {
    name: 'max',
    signature: 'max(a, b, ...)',
    says: 'The greatest of numbers, or of texts or dates; null is left out',
    args: [ordered],
    least: 2,
    most: 20,
    takesNull: true,
    result: (types) => types.reduce(eitherType),
    run: extreme(1),
  },
  {
    name: 'decimal',
    signature: 'decimal(text)',
    says: 'The number that a text such as "-12.50" is, with all its digits',
    args: [text],
    least: 1,
    result: numbers,
    run: (x, place, value) =>
      value instanceof Decimal
        ? value
        : words(value).trim() === ''
          ? null
          : (Decimal.parse(words(value).trim()) ?? x.fault(place, 'the text is not a number')),
  },
  {
    name: 'number',
    signature: 'number(value, places?, most?)',
    says: 'In the locale, with all its places (at most 20), with so many, or with at least and at most so many',
    args: [number, number, number],
    least: 1,
    result: texts,
    cost: 20,
    run: (x, place, value, places, most) => {
      const least = shownPlaces(x, place, places, 0);
      const shown = shownPlaces(
        x,
        place,
        most,
        places === undefined || places === null ? maxPlaces : (least ?? 0),
      );
      if (least === undefined || shown === undefined) return null;
      return x.print(x.formats.number(x.locale, decimal(value), least, Math.max(least, shown)));
    },
  },
  {
    name: 'currency',
    signature: 'currency(value, code?)',
    says: 'In the locale, with the sign and the places of the currency: of the design, where no code is given',
    args: [number, text],
    least: 1,
    result: texts,
    cost: 20,
    run: (x, place, value, code) => {
      const chosen = code === undefined || code === null ? x.currency : words(code);
      if (chosen === undefined || chosen === '') return x.fault(place, 'the design has no currency');
      if (!isCurrency(chosen)) return x.fault(place, 'the currency is no code of three letters');
      return x.print(x.formats.currency(x.locale, decimal(value), chosen.toUpperCase()));
    },
  },
  {
    name: 'percent',
    signature: 'percent(value, places?)',
    says: 'In the locale, 0.19 is 19 %; with all its places (at most 10), or with so many',
    args: [number, number],
    least: 1,
    result: texts,
    cost: 20,
    run: (x, place, value, places) => {
      const least = shownPlaces(x, place, places, 0);
      if (least === undefined) return null;
      const most = places === undefined || places === null ? maxPercentPlaces : least;
      return x.print(x.formats.percent(x.locale, decimal(value), least, most));
    },
  },
];
