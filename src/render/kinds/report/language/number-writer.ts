import { Decimal } from './decimal.js';

/**
 * Writes numbers as a formatter of `Intl` does, some ten times as fast: signs, separators and the sizes of groups are read off
 * what the formatter has made of two numbers. Whether that is all there is to it is tried on many more; a formatter
 * that has rules beside (other digits, groups of other sizes) is asked for each number.
 */
export class NumberWriter {
  readonly #format: Intl.NumberFormat;
  readonly #look: Look | undefined;

  /** @param format rounds nothing: its numbers have at most the places that it shows */
  constructor(format: Intl.NumberFormat) {
    this.#format = format;
    const look = lookOf(format);
    const isAll =
      look !== undefined && probes(look).every((one) => assembled(one, look) === asked(format, one));
    this.#look = isAll ? look : undefined;
  }

  /** Places of its numbers at most; of a currency its own. */
  get places(): number {
    return this.#format.resolvedOptions().maximumFractionDigits ?? 0;
  }

  /** Whether the formatter is asked for each number. */
  get isAsking(): boolean {
    return this.#look === undefined;
  }

  /** @param value rounded to the places that are shown */
  text(value: Decimal): string {
    const look = this.#look;
    return look === undefined || typeof value.digits !== 'number'
      ? asked(this.#format, value)
      : assembled(value, look);
  }
}

interface Look {
  readonly positive: Ends;
  readonly negative: Ends;
  readonly group: string;
  readonly point: string;
  /** Digits of the group before the point, and of the others. */
  readonly first: number;
  readonly others: number;
  /** Digits from which on there are groups. */
  readonly grouped: number;
  /** Places that are shown even if they are zeros. */
  readonly least: number;
  /** Of the number itself that are written before the point: 2 of a percentage. */
  readonly shift: number;
}

interface Ends {
  readonly before: string;
  readonly after: string;
}

const isDigit = ({ type }: Intl.NumberFormatPart): boolean =>
  type === 'integer' || type === 'group' || type === 'decimal' || type === 'fraction';

function endsOf(parts: readonly Intl.NumberFormatPart[]): Ends {
  const from = parts.findIndex(isDigit);
  const to = parts.findLastIndex(isDigit);
  const joined = (some: readonly Intl.NumberFormatPart[]): string => some.map(({ value }) => value).join('');
  return { before: joined(parts.slice(0, from)), after: joined(parts.slice(to + 1)) };
}

function lookOf(format: Intl.NumberFormat): Look | undefined {
  const {
    style,
    minimumFractionDigits: least = 0,
    maximumFractionDigits: most = 0,
  } = format.resolvedOptions();
  // Ten digits before the point, whatever the style: two groups at least, if there are any.
  const large = style === 'percent' ? 12_345_678.9 : 1_234_567_890;
  const parts = format.formatToParts(large);
  const groups = parts.filter(({ type }) => type === 'integer').map(({ value }) => value.length);
  const point = format.formatToParts(0.005).find(({ type }) => type === 'decimal')?.value ?? '';
  if (most > 0 && point === '') return undefined;
  const shortest = style === 'percent' ? 12.34 : 1_234;
  const isShort = !format.formatToParts(shortest).some(({ type }) => type === 'group');
  const first = groups.at(-1) ?? 0;
  return {
    positive: endsOf(parts),
    negative: endsOf(format.formatToParts(-large)),
    group: parts.find(({ type }) => type === 'group')?.value ?? '',
    point,
    first,
    others: groups.at(-2) ?? first,
    grouped: groups.length < 2 ? Number.POSITIVE_INFINITY : first + (isShort ? 2 : 1),
    least,
    shift: style === 'percent' ? 2 : 0,
  };
}

/** Numbers of all lengths and signs, with as many places as the formatter shows. */
function probes({ shift, least, point }: Look): readonly Decimal[] {
  const texts = ['0', '9'];
  for (let length = 1; length <= 13; length += 1) texts.push('1234567890123'.slice(0, length));
  const places = point === '' ? [0] : [0, 1, Math.max(1, least)];
  return texts.flatMap((text) =>
    places.flatMap((more) => {
      const fraction = more === 0 ? '' : `.${'50'.repeat(more).slice(0, shift + more)}`;
      return [text + fraction, `-${text}${fraction}`].flatMap((one) => Decimal.parse(one) ?? []);
    }),
  );
}

function assembled({ digits, places }: Decimal, look: Look): string {
  const isNegative = digits < 0;
  const { before, after } = isNegative ? look.negative : look.positive;
  let text = isNegative ? String(digits).slice(1) : String(digits);
  const behind = places - look.shift;
  if (behind < 0) {
    if (digits !== 0) text += '0'.repeat(-behind);
  } else if (text.length <= behind) text = text.padStart(behind + 1, '0');
  const split = behind > 0 ? text.length - behind : text.length;
  let end = text.length;
  // Zeros at the end that nobody asked for are not shown.
  while (end > split + look.least && text.charCodeAt(end - 1) === 48) end -= 1;
  let made = before + grouped(text, split, look);
  if (end > split || look.least > 0) {
    made += look.point + text.slice(split, end);
    for (let n = end - split; n < look.least; n += 1) made += '0';
  }
  return made + after;
}

/** The first `length` characters of `text`, in groups. */
function grouped(text: string, length: number, { group, first, others, grouped }: Look): string {
  if (length < grouped) return length === text.length ? text : text.slice(0, length);
  let from = length - first;
  let made = text.slice(from, length);
  while (from > others) {
    made = text.slice(from - others, from) + group + made;
    from -= others;
  }
  return text.slice(0, from) + group + made;
}

/** What the formatter makes of a number, with all its digits, which a double would lose. */
function asked(format: Intl.NumberFormat, value: Decimal): string {
  if (typeof value.digits === 'number' && value.places <= 6 && Math.abs(value.digits) < 1e14)
    return format.format(value.toNumber());
  // Formatters read decimal texts exactly, which the types of the language version do not say yet.
  return Reflect.apply(format.format, format, [value.toString()]);
}
