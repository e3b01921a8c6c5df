import { Decimal } from './decimal.js';
import type { Place, Run } from './run.js';
import { booleanType, dateType, type Kind, numberType, type Type, textType } from './types.js';
import { isList, type List, printed, type Value } from './values.js';

/** A function of values. The compiler has seen to their kinds; each may be null, and is undefined where it was left out. */
export interface PlainFunction {
  readonly name: string;
  /** As it stands in the documentation; the first argument may be piped in. */
  readonly signature: string;
  readonly says: string;
  readonly args: readonly Argument[];
  /** Arguments at least. */
  readonly least: number;
  /** Its last argument may be repeated so that there are this many. */
  readonly most?: number;
  readonly result: (types: readonly Type[]) => Type;
  /** Steps beside those of its tokens. */
  readonly cost?: number;
  /** Otherwise null is what it makes of null in the arguments that it must have. */
  readonly takesNull?: true;
  readonly run: (x: Run, place: Place, ...values: readonly Value[]) => Value;
}

export interface Argument {
  readonly kinds: readonly Kind[];
  /** The texts that it may be. */
  readonly oneOf?: readonly string[];
}

export const number: Argument = { kinds: ['number'] };
export const text: Argument = { kinds: ['text', 'number', 'boolean'] };
export const date: Argument = { kinds: ['date', 'text'] };
export const any: Argument = {
  kinds: ['any', 'null', 'text', 'number', 'boolean', 'date', 'image', 'list', 'record'],
};
export const textOrList: Argument = { kinds: ['text', 'list'] };
export const list: Argument = { kinds: ['list'] };
export const ordered: Argument = { kinds: ['number', 'text', 'date'] };

export const numbers = () => numberType;
export const texts = () => textType;
export const booleans = () => booleanType;
export const dates = () => dateType;

export function decimal(value: Value | undefined): Decimal {
  return value instanceof Decimal ? value : Decimal.zero;
}

export function list_(value: Value | undefined): List {
  return isList(value) ? value : [];
}

export function words(value: Value | undefined): string {
  return value === undefined ? '' : printed(value);
}

/** A whole number within bounds; undefined after a fault. */
export function whole(
  x: Run,
  place: Place,
  value: Value | undefined,
  { least, most, what }: { readonly least: number; readonly most: number; readonly what: string },
): number | undefined {
  const found = decimal(value).toNumber();
  if (Number.isInteger(found) && found >= least && found <= most) return found;
  x.fault(place, `${what} must be a whole number from ${least} to ${most}`);
  return undefined;
}

export function choiceOf<T extends string>(
  x: Run,
  place: Place,
  value: Value | undefined,
  choices: readonly T[],
  absent: T,
): T | undefined {
  if (value === undefined || value === null) return absent;
  const found = choices.find((choice) => choice === value);
  if (found === undefined) x.fault(place, `must be one of ${choices.join(', ')}`);
  return found;
}
