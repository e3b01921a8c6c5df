import { Decimal } from './decimal.js';
import type { Kind, Type } from './types.js';

/** What an expression amounts to. Lists and objects are data as they came: their numbers are doubles until they are read. */
export type Value = null | boolean | string | Decimal | List | Item;
export type List = readonly unknown[];
export type Item = Readonly<Record<string, unknown>>;

export function isList(value: unknown): value is List {
  return Array.isArray(value);
}

export function isItem(value: unknown): value is Item {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Decimal);
}

/** A piece of data as a value; null where it is none. */
export function valueFrom(data: unknown): Value {
  switch (typeof data) {
    case 'number':
      return Decimal.of(data);
    case 'string':
    case 'boolean':
      return data;
    case 'object':
      if (data === null || data instanceof Decimal) return data;
      return isList(data) || isItem(data) ? data : null;
    default:
      return null;
  }
}

/** A piece of data as a value of its declared type, so that what is known of it is true; null where it is no such value. */
export function readerOf({ kind }: Type): (data: unknown) => Value {
  switch (kind) {
    case 'any':
      return valueFrom;
    case 'null':
      return () => null;
    case 'text':
      return (data) => {
        if (typeof data === 'string' || data === undefined || data === null) return data ?? null;
        return typeof data === 'object' ? null : printed(valueFrom(data));
      };
    case 'date':
    case 'image':
      return (data) => (typeof data === 'string' && data !== '' ? data : null);
    case 'number':
      return (data) => (typeof data === 'number' ? Decimal.of(data) : data instanceof Decimal ? data : null);
    case 'boolean':
      return (data) => (typeof data === 'boolean' ? data : null);
    case 'list':
      return (data) => (isList(data) ? data : null);
    case 'record':
      return (data) => (isItem(data) ? data : null);
  }
}

export function kindOf(value: Value): Kind {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'string') return 'text';
  if (value instanceof Decimal) return 'number';
  return isList(value) ? 'list' : 'record';
}

/** Everything but null, false, zero, "" and the empty list. */
export function isTrue(value: Value): boolean {
  if (value === null || value === false || value === '') return false;
  if (value instanceof Decimal) return !value.isZero;
  return !isList(value) || value.length > 0;
}

/** As it stands in a text. Lists and objects, which cannot, are for the caller to refuse. */
export function printed(value: Value): string {
  if (value === null) return '';
  if (typeof value === 'string') return value;
  return isList(value) || isItem(value) ? '' : String(value);
}

export function areEqual(one: Value, two: Value): boolean {
  if (one instanceof Decimal && two instanceof Decimal) return one.compare(two) === 0;
  return one === two;
}

const forbidden: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** Names that lead out of the data. */
export function isForbidden(name: string): boolean {
  return forbidden.has(name);
}

export function memberOf(item: Item, name: string): unknown {
  return Object.hasOwn(item, name) ? item[name] : undefined;
}

/** Of two values of a kind; undefined where they have no order. */
export function orderOf(one: Value, two: Value): number | undefined {
  if (one instanceof Decimal && two instanceof Decimal) return one.compare(two);
  if (typeof one === 'string' && typeof two === 'string') return one < two ? -1 : one > two ? 1 : 0;
  return undefined;
}
