import type { Decimal } from './decimal.js';
import { NumberWriter } from './number-writer.js';

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

/** All places that there are: a number is rounded before it is formatted. */
const allPlaces = { maximumFractionDigits: 20 } as const;

/** The formatters for numbers of a locale. */
interface NumberFormats {
  readonly locale: string;
  /** By the places that are shown at least. */
  readonly plain: NumberWriter[];
  readonly percents: NumberWriter[];
  /** By the code of the currency, with its places. */
  readonly money: Map<string, { readonly writer: NumberWriter; readonly places: number }>;
}

/** Formatters of all locales, kept as long as they are not too many. What is asked of it has been checked. */
export class Formats {
  readonly #kept = new Map<string, unknown>();
  readonly #numbers = new Map<string, NumberFormats>();
  /** Those of the locale that was asked for last. */
  #latest: NumberFormats | undefined;
  /** How many were made, for whoever counts what an expansion takes. */
  made = 0;
  /** How many are kept. */
  #count = 0;

  /** @param least places at least, @param most places at most, 0 to 64 */
  number(locale: string, value: Decimal, least: number, most: number): string {
    const { plain } = this.#of(locale);
    plain[least] ??= this.#writer(locale, { ...allPlaces, minimumFractionDigits: Math.min(least, 20) });
    return plain[least].text(value.rounded(most, 'half-away'));
  }

  currency(locale: string, value: Decimal, code: string): string {
    const { money } = this.#of(locale);
    let kept = money.get(code);
    if (kept === undefined) {
      const writer = this.#writer(locale, { style: 'currency', currency: code });
      kept = { writer, places: writer.places };
      money.set(code, kept);
    }
    return kept.writer.text(value.rounded(kept.places, 'half-away'));
  }

  /** @param least places of the percentage at least, @param most at most, 0 to 20 */
  percent(locale: string, value: Decimal, least: number, most: number): string {
    const { percents } = this.#of(locale);
    percents[least] ??= this.#writer(locale, {
      ...allPlaces,
      style: 'percent',
      minimumFractionDigits: least,
    });
    return percents[least].text(value.rounded(most + 2, 'half-away'));
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

  #of(locale: string): NumberFormats {
    if (this.#latest?.locale === locale) return this.#latest;
    let found = this.#numbers.get(locale);
    if (found === undefined) {
      found = { locale, plain: [], percents: [], money: new Map() };
      this.#numbers.set(locale, found);
    }
    this.#latest = found;
    return found;
  }

  #writer(locale: string, options: Intl.NumberFormatOptions): NumberWriter {
    this.#makeRoom();
    this.#count += 1;
    return new NumberWriter(new Intl.NumberFormat(locale, options));
  }

  #dates(key: string, locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    const made = this.#once(key, () => new Intl.DateTimeFormat(locale, { ...options, timeZone: 'UTC' }));
    if (!(made instanceof Intl.DateTimeFormat)) throw new Error(`Another formatter lies at ${key}`);
    return made;
  }

  #once(key: string, make: () => unknown): unknown {
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    this.#makeRoom();
    const made = make();
    this.#count += 1;
    this.#kept.set(key, made);
    return made;
  }

  #makeRoom(): void {
    this.made += 1;
    if (this.#count < maxKept) return;
    this.#count = 0;
    this.#kept.clear();
    this.#numbers.clear();
    this.#latest = undefined;
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
