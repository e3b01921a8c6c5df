import { isObject } from '../../../protocol/is-object.js';
import { namesOf, pointerPart } from '../../../protocol/json-pointer.js';
import { Decimal } from './language/decimal.js';
import type { Faults } from './language/faults.js';
import { Run } from './language/run.js';
import { isItem, isList, type Value, valueFrom } from './language/values.js';

/** What filling a design is made of: pieces that were compiled, and where what they make comes from. */

/** One expansion, with where its entries come from. */
export class Expansion extends Run {
  /** Of a list that directives have made: the pointer of each entry in the design, by its number. */
  readonly sources = new Map<object, readonly number[]>();
  /** Of the rows of a table with `carry`: the amount behind each of them. */
  readonly carried = new Map<object, Value[]>();
}

export type Filled = (x: Expansion) => unknown;
/** Adds entries to a list, and the number of the pointer of each of them. */
export type Emit = (x: Expansion, entries: unknown[], sources: number[]) => void;

/** A value that is always the same, which no expansion may change, or what makes it. Undefined is left out. */
export type Made = { readonly constant: unknown } | { readonly fill: Filled };

/** What the tree has to know of the operations of a document. */
export interface TreeRules {
  /** Whether a member is a text, whatever its expression amounts to. */
  isText(key: string, parent: string): boolean;
  /** Whether the values in a list are. */
  isTextList(key: string): boolean;
  isMarkup(key: string): boolean;
  /** Whether only an image can stand there. */
  isImage(key: string): boolean;
  /** Looks for what is wrong with an operation, before there is data. */
  check(operation: Readonly<Record<string, unknown>>, pointer: string, faults: Faults): void;
  /** What becomes of an operation that was filled in; undefined when it is left out. */
  finish(operation: Record<string, unknown>, pointer: string, x: Expansion): unknown;
}

export type Emitted = { readonly emit: Emit } | FixedEntry;

/** What is one entry, whatever the data: the same always, or filled in, and "" where that gives nothing. */
export type FixedEntry =
  | { readonly constant: unknown; readonly source: number }
  | { readonly fill: Filled; readonly source: number };

export function emitOf(entry: Emitted): Emit {
  if ('emit' in entry) return entry.emit;
  const { source } = entry;
  const fill: Filled = 'fill' in entry ? (x) => entry.fill(x) ?? '' : () => entry.constant;
  return (x, entries, sources) => {
    x.step(1);
    entries.push(fill(x));
    sources.push(source);
  };
}

export function isFixed(entry: Emitted): entry is FixedEntry {
  return !('emit' in entry);
}

/** A list without directives, whose entries come from the places where they stand. */
export function fixedList(entries: readonly FixedEntry[]): Filled {
  const { length } = entries;
  const constants = entries.map((entry) => ('constant' in entry ? entry.constant : ''));
  const filled = entries.flatMap((entry, index) => ('fill' in entry ? [{ index, fill: entry.fill }] : []));
  return (x) => {
    x.step(length);
    const list = constants.slice();
    for (const { index, fill } of filled) list[index] = fill(x) ?? '';
    return list;
  };
}

/** A value in a document: numbers as doubles, lists with their entries. */
export function plainOf(
  x: Run,
  value: Value,
  at: { readonly pointer: string; readonly column: number },
  depth = 0,
): unknown {
  if (value === null) return undefined;
  if (value instanceof Decimal) return value.toNumber();
  if (isItem(value) || depth > 8) {
    x.fault(at, 'an object cannot stand here');
    return undefined;
  }
  if (!isList(value)) return typeof value === 'string' ? x.print(value) : value;
  x.step(value.length);
  return value.map((entry) => plainOf(x, valueFrom(entry), at, depth + 1) ?? '');
}

/** The pointer in the design of what stands in the expanded request: an operation, or whatever is in it. */
export function sourceOf(
  pointer: string,
  request: unknown,
  sources: ReadonlyMap<object, readonly number[]>,
  pointers: readonly string[],
): string {
  let at: unknown = request;
  let source = '';
  for (const name of namesOf(pointer)) {
    const numbers = typeof at === 'object' && at !== null ? sources.get(at) : undefined;
    const number = numbers?.[Number(name)];
    source = number === undefined ? `${source}/${pointerPart(name)}` : (pointers[number] ?? source);
    at = Array.isArray(at)
      ? at[Number(name)]
      : isObject(at) && Object.hasOwn(at, name)
        ? at[name]
        : undefined;
  }
  return source;
}
