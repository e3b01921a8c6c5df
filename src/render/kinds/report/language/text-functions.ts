import { Decimal } from './decimal.js';
import { isLocale } from './formats.js';
import {
  any,
  booleans,
  list,
  list_,
  number,
  numbers,
  type PlainFunction,
  text,
  textOrList,
  texts,
  whole,
  words,
} from './plain-function.js';
import type { Place, Run } from './run.js';
import { contains, splitAt } from './search.js';
import { anyType, eitherType, listOf, numberType, textType } from './types.js';
import { isList, isTrue, memberOf, printed, type Value, valueFrom } from './values.js';

const maxLength = 1_000;

/** Characters as people count them, nearly: code points. */
function characters(x: Run, value: Value | undefined): readonly string[] {
  return [...x.scan(words(value))];
}

function sliced(x: Run, place: Place, value: Value | undefined, from: Value, to: Value | undefined): Value {
  const bounds = { least: -1_000_000, most: 1_000_000, what: 'a place in a text or list' };
  const start = whole(x, place, from, bounds);
  const end = to === undefined || to === null ? Number.MAX_SAFE_INTEGER : whole(x, place, to, bounds);
  if (start === undefined || end === undefined) return null;
  if (!isList(value)) return characters(x, value).slice(start, end).join('');
  const part = value.slice(start, end);
  x.step(part.length);
  return part;
}

function padded(
  x: Run,
  place: Place,
  value: Value | undefined,
  length: Value,
  filler: Value | undefined,
): Value {
  const most = whole(x, place, length, { least: 0, most: maxLength, what: 'the length' });
  return most === undefined
    ? null
    : x.print(words(value).padStart(most, filler === undefined ? '0' : words(filler)));
}

/** Functions of texts, of lists as a whole, and of any value. */
export const textFunctions: readonly PlainFunction[] = [
  {
    name: 'default',
    signature: 'default(value, other)',
    says: 'The other value where the first is null or ""',
    args: [any, any],
    least: 2,
    takesNull: true,
    result: (types) => types.reduce(eitherType),
    run: (_x, _place, value = null, other = null) => (value === null || value === '' ? other : value),
  },
  {
    name: 'text',
    signature: 'text(value)',
    says: 'As it is printed',
    args: [text],
    least: 1,
    result: texts,
    run: (_x, _place, value) => words(value),
  },
  {
    name: 'upper',
    signature: 'upper(text)',
    says: 'In capital letters of the locale',
    args: [text],
    least: 1,
    result: texts,
    cost: 5,
    run: (x, _place, value) => x.print(x.formats.cased(x.locale, x.scan(words(value)), true)),
  },
  {
    name: 'lower',
    signature: 'lower(text)',
    says: 'In small letters of the locale',
    args: [text],
    least: 1,
    result: texts,
    cost: 5,
    run: (x, _place, value) => x.print(x.formats.cased(x.locale, x.scan(words(value)), false)),
  },
  {
    name: 'trim',
    signature: 'trim(text)',
    says: 'Without white space at its ends',
    args: [text],
    least: 1,
    result: texts,
    run: (x, _place, value) => x.scan(words(value)).trim(),
  },
  {
    name: 'size',
    signature: 'size(list or text)',
    says: 'How many entries or characters it has; null has none',
    args: [{ kinds: ['list', 'text', 'number'] }],
    least: 1,
    takesNull: true,
    result: numbers,
    run: (x, _place, value) => Decimal.of(isList(value) ? value.length : characters(x, value).length),
  },
  {
    name: 'slice',
    signature: 'slice(list or text, from, to?)',
    says: 'A part of it, from a place (0 is the first, -1 the last) up to, and without, another',
    args: [textOrList, number, number],
    least: 2,
    result: ([type = anyType]) => (type.kind === 'date' ? textType : type),
    run: (x, place, value, from = null, to) => sliced(x, place, value, from, to),
  },
  {
    name: 'contains',
    signature: 'contains(list or text, value)',
    says: 'Whether it has the value as an entry, or the text as a part',
    args: [textOrList, text],
    least: 2,
    result: booleans,
    run: (x, _place, value, part = null) => {
      if (!isList(value)) return contains(x.scan(words(value)), x.scan(words(part)));
      x.step(value.length);
      return value.some((entry) => {
        const found = valueFrom(entry);
        return (
          found === part || (found instanceof Decimal && part instanceof Decimal && found.compare(part) === 0)
        );
      });
    },
  },
  {
    name: 'startsWith',
    signature: 'startsWith(text, part)',
    says: 'Whether it begins with the part',
    args: [text, text],
    least: 2,
    result: booleans,
    run: (_x, _place, value, part) => words(value).startsWith(words(part)),
  },
  {
    name: 'endsWith',
    signature: 'endsWith(text, part)',
    says: 'Whether it ends with the part',
    args: [text, text],
    least: 2,
    result: booleans,
    run: (_x, _place, value, part) => words(value).endsWith(words(part)),
  },
  {
    name: 'replace',
    signature: 'replace(text, part, other)',
    says: 'With another text wherever the part stands',
    args: [text, text, text],
    least: 3,
    result: texts,
    cost: 5,
    run: (x, _place, value, part, other) => {
      const whole = x.scan(words(value));
      const [from, to] = [words(part), words(other)];
      if (from === '') return whole;
      const pieces = splitAt(whole, x.scan(from));
      // Before it is made: a long text for each letter of another would be gigabytes.
      x.print(to.length > 64 ? to : '');
      x.step(Math.ceil(((pieces.length - 1) * to.length) / 16) + pieces.length);
      return x.print(pieces.join(to));
    },
  },
  {
    name: 'split',
    signature: 'split(text, separator)',
    says: 'The list of texts between the separators',
    args: [text, text],
    least: 2,
    result: () => listOf(textType),
    run: (x, _place, value, separator) => {
      const whole = x.scan(words(value));
      const between = x.scan(words(separator));
      const parts = between === '' ? [...whole] : splitAt(whole, between);
      x.step(parts.length);
      return parts;
    },
  },
  {
    name: 'join',
    signature: 'join(list, separator = ", ")',
    says: 'Its entries as one text; those that are null or "" are left out',
    args: [list, text],
    least: 1,
    result: texts,
    run: (x, place, value, separator = ', ') => {
      const entries = list_(value);
      x.step(entries.length);
      const parts: string[] = [];
      const between = words(separator);
      for (const entry of entries) {
        const one = valueFrom(entry);
        if (one !== null && typeof one === 'object' && !(one instanceof Decimal))
          return x.fault(place, 'an entry is a list or an object');
        const part = printed(one);
        if (part === '') continue;
        parts.push(x.print(part));
        x.step((between.length >> 4) + 1);
      }
      return x.print(parts.join(between));
    },
  },
  {
    name: 'padStart',
    signature: 'padStart(text, length, filler = "0")',
    says: 'Filled up at its beginning',
    args: [text, number, text],
    least: 2,
    result: texts,
    run: (x, place, value, length = null, filler) => padded(x, place, value, length, filler),
  },
  {
    name: 'range',
    signature: 'range(count)',
    says: 'The list of the numbers from 1 to it, at most 10,000',
    args: [number],
    least: 1,
    result: () => listOf(numberType),
    run: (x, place, value) => {
      const count = whole(x, place, value, { least: 0, most: 10_000, what: 'the count' });
      if (count === undefined) return null;
      x.step(count);
      return Array.from({ length: count }, (_, index) => index + 1);
    },
  },
  {
    name: 'reverse',
    signature: 'reverse(list)',
    says: 'From its end to its beginning',
    args: [list],
    least: 1,
    result: ([type = anyType]) => type,
    run: (x, _place, value) => {
      const entries = list_(value);
      x.step(entries.length);
      return entries.toReversed();
    },
  },
  {
    name: 'member',
    signature: 'member(object, name)',
    says: 'The member of a name that is computed; null where there is none',
    args: [{ kinds: ['record'] }, text],
    least: 2,
    result: () => anyType,
    run: (_x, _place, value, name) =>
      value !== null && typeof value === 'object' && !isList(value) && !(value instanceof Decimal)
        ? valueFrom(memberOf(value, words(name)))
        : null,
  },
  {
    name: 'locale',
    signature: 'locale()',
    says: 'The locale of the document',
    args: [],
    least: 0,
    result: texts,
    run: (x) => (isLocale(x.locale) ? x.locale : null),
  },
  {
    name: 'not',
    signature: 'not(value)',
    says: 'As `!value`',
    args: [any],
    least: 1,
    takesNull: true,
    result: booleans,
    run: (_x, _place, value = null) => !isTrue(value),
  },
];
