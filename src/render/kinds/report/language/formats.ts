import type { Decimal } from './decimal.js';

/** As many formatters as are kept; they are dear to make and cheap to use. */
const maxKept = 400;

export const dateStyles = ['short', 'medium', 'long', 'full', 'year', 'month', 'day', 'iso'] as const;
export type DateStyle = (typeof dateStyles)[number];
export const timeStyles = ['short', 'medium'] as const;
export type TimeStyle = (typeof timeStyles)[number];

/** A calendar date with or without a time, as it is written: no zone moves it. */
export interface Moment {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly time?: { readonly hour: number; readonly minute: number; readonly second: number };
}

const datePattern =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}(?::?\d{2})?)?)?$/;

/** `2026-11-28`, also with a time and a zone; undefined for any other text and for a day that is in no calendar. */
export function momentOf(text: string): Moment | undefined {
  const match = text.length > 40 ? null : datePattern.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1)
    .map((part) => (part === undefined ? 0 : Number(part)));
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  return match[4] === undefined ? { year, month, day } : { year, month, day, time: { hour, minute, second } };
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Milliseconds since 1970 of a date on a clock without a zone. */
export function utcOf({ year, month, day, time }: Moment): number {
  const date = new Date(
    Date.UTC(2000, month - 1, day, time?.hour ?? 0, time?.minute ?? 0, time?.second ?? 0),
  );
  // `Date.UTC` takes 0 to 99 for years of the last century.
  date.setUTCFullYear(year, month - 1, day);
  return date.getTime();
}

export function dateText(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 10);
}

/** Whether formatters know the locale: a language tag, such as `de-AT`. */
export function isLocale(tag: string): boolean {
  try {
    return tag.length <= 100 && Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}

export function isCurrency(code: string): boolean {
  return /^[A-Za-z]{3}$/.test(code);
}

/** Formatters of all locales, kept as long as they are not too many. What is asked of it has been checked. */
export class Formats {
  readonly #kept = new Map<string, unknown>();
  /** Of currencies, by the same keys. */
  readonly #places = new Map<string, number>();
  /** How many were made, for whoever counts what an expansion takes. */
  made = 0;

  /** @param least places at least, @param most places at most, 0 to 64 */
  number(locale: string, value: Decimal, least: number, most: number): string {
    const format = this.#numbers(`n${locale} ${least}`, locale, {
      minimumFractionDigits: Math.min(least, 20),
    });
    return formatted(format, value.rounded(most, 'half-away'));
  }

  currency(locale: string, value: Decimal, code: string): string {
    const key = `c${locale} ${code}`;
    const format = this.#numbers(key, locale, { style: 'currency', currency: code }, false);
    let places = this.#places.get(key);
    if (places === undefined) {
      places = format.resolvedOptions().maximumFractionDigits ?? 2;
      this.#places.set(key, places);
    }
    return formatted(format, value.rounded(places, 'half-away'));
  }

  /** @param least places of the percentage at least, @param most at most, 0 to 20 */
  percent(locale: string, value: Decimal, least: number, most: number): string {
    const options = { style: 'percent', minimumFractionDigits: least } as const;
    const format = this.#numbers(`p${locale} ${least}`, locale, options);
    return formatted(format, value.rounded(most + 2, 'half-away'));
  }

  date(locale: string, moment: Moment, style: DateStyle): string {
    if (style === 'iso') return dateText(utcOf(moment));
    return this.#dates(`d${locale} ${style}`, locale, dateOptions(style)).format(utcOf(moment));
  }

  time(locale: string, moment: Moment, style: TimeStyle): string {
    return this.#dates(`t${locale} ${style}`, locale, { timeStyle: style }).format(utcOf(moment));
  }

  compare(locale: string, one: string, two: string): number {
    const collator = this.#once(`k${locale}`, () => new Intl.Collator(locale));
    return collator instanceof Intl.Collator ? collator.compare(one, two) : 0;
  }

  /** The text in a locale's capital or small letters. */
  cased(locale: string, text: string, isUpper: boolean): string {
    return isUpper ? text.toLocaleUpperCase(locale) : text.toLocaleLowerCase(locale);
  }

  #numbers(
    key: string,
    locale: string,
    options: Intl.NumberFormatOptions,
    isExact = true,
  ): Intl.NumberFormat {
    const made = this.#once(key, () => {
      // All places that there are: the number is rounded before it is formatted.
      return new Intl.NumberFormat(locale, isExact ? { ...options, maximumFractionDigits: 20 } : options);
    });
    if (!(made instanceof Intl.NumberFormat)) throw new Error(`Another formatter lies at ${key}`);
    return made;
  }

  #dates(key: string, locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    const made = this.#once(key, () => new Intl.DateTimeFormat(locale, { ...options, timeZone: 'UTC' }));
    if (!(made instanceof Intl.DateTimeFormat)) throw new Error(`Another formatter lies at ${key}`);
    return made;
  }

  #once(key: string, make: () => unknown): unknown {
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    if (this.#kept.size >= maxKept) {
      this.#kept.clear();
      this.#places.clear();
    }
    const made = make();
    this.made += 1;
    this.#kept.set(key, made);
    return made;
  }
}

function dateOptions(style: Exclude<DateStyle, 'iso'>): Intl.DateTimeFormatOptions {
  switch (style) {
    case 'year':
      return { year: 'numeric' };
    case 'month':
      return { year: 'numeric', month: 'long' };
    case 'day':
      return { month: 'long', day: 'numeric' };
    default:
      return { dateStyle: style };
  }
}

/** Formats a number with all its digits, which a double would lose. */
function formatted(format: Intl.NumberFormat, value: Decimal): string {
  if (typeof value.digits === 'number' && value.places <= 6 && Math.abs(value.digits) < 1e14)
    return format.format(value.toNumber());
  // Formatters read decimal texts exactly, which the types of the language version do not say yet.
  return Reflect.apply(format.format, format, [value.toString()]);
}
