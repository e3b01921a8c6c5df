import { Decimal } from './decimal.js';
import type { Place, Run } from './run.js';
import {
  anyType,
  booleanType,
  type Kind,
  type ListType,
  listOf,
  numberType,
  type RecordType,
  type Type,
} from './types.js';
import { isTrue, type List, orderOf, printed, type Value, valueFrom } from './values.js';

/** The rows of a list, and what an expression amounts to in each of them. */
export interface Rows {
  readonly list: List;
  /** The value of the expression in a row; of the row itself where there is no expression. */
  readonly each: (index: number) => Value;
}

/** A function whose second argument is evaluated in each row of its list. */
export interface RowFunction {
  readonly name: string;
  readonly signature: string;
  readonly says: string;
  /** Whether the expression may be left out: the rows then stand for themselves. */
  readonly optional: boolean;
  /** What the expression amounts to. */
  readonly kinds: readonly Kind[];
  /** The texts that a third argument may be. */
  readonly oneOf?: readonly string[];
  readonly result: (list: ListType, each: Type) => Type;
  readonly run: (x: Run, place: Place, rows: Rows, choice: Value) => Value;
}

const number: readonly Kind[] = ['number'];
const condition: readonly Kind[] = [
  'any',
  'null',
  'text',
  'number',
  'boolean',
  'date',
  'image',
  'list',
  'record',
];
const key: readonly Kind[] = ['number', 'text', 'date', 'boolean'];

/** Adds up what there is of numbers, with how many there are. */
function total(x: Run, place: Place, { list, each }: Rows): { sum: Decimal; count: number } | null {
  let sum = Decimal.zero;
  let count = 0;
  for (let index = 0; index < list.length; index += 1) {
    const value = each(index);
    if (!(value instanceof Decimal)) continue;
    const next = sum.plus(value);
    if (next === null) return x.fault(place, 'the sum is too large');
    sum = next;
    count += 1;
  }
  return { sum, count };
}

function extreme(sign: number): RowFunction['run'] {
  return (x, place, { list, each }) => {
    let best: Value = null;
    for (let index = 0; index < list.length; index += 1) {
      const value = each(index);
      if (value === null) continue;
      const order: number | undefined = best === null ? sign : orderOf(value, best);
      if (order === undefined) return x.fault(place, 'a number and a text have no order');
      if (order * sign > 0) best = value;
    }
    return best;
  };
}

function where({ list, each }: Rows, isKept: (value: Value) => boolean): List {
  return list.filter((_, index) => isKept(each(index)));
}

/** Nothing stands behind everything else. */
function sortOrder(x: Run, one: Value, two: Value, sign: number): number {
  if (one === null || two === null) return one === two ? 0 : one === null ? 1 : -1;
  if (typeof one === 'string' && typeof two === 'string') {
    x.step(5 + (Math.min(one.length, two.length) >> 4));
    return sign * x.formats.compare(x.locale, one, two);
  }
  if (typeof one === 'boolean' && typeof two === 'boolean') return sign * (Number(one) - Number(two));
  return sign * (orderOf(one, two) ?? (one instanceof Decimal ? -1 : two instanceof Decimal ? 1 : 0));
}

const orders = ['ascending', 'descending'] as const;

export const rowFunctions: readonly RowFunction[] = [
  {
    name: 'sum',
    signature: 'sum(list, number)',
    says: 'The sum over all rows; null is left out, and nothing is 0',
    optional: true,
    kinds: number,
    result: () => numberType,
    run: (x, place, rows) => total(x, place, rows)?.sum ?? null,
  },
  {
    name: 'avg',
    signature: 'avg(list, number)',
    says: 'The mean over the rows that have a number; null where none has',
    optional: true,
    kinds: number,
    result: () => numberType,
    run: (x, place, rows) => {
      const found = total(x, place, rows);
      return found === null || found.count === 0
        ? null
        : found.sum.over(Decimal.of(found.count) ?? Decimal.one);
    },
  },
  {
    name: 'count',
    signature: 'count(list, condition)',
    says: 'How many rows there are for which the condition holds',
    optional: true,
    kinds: condition,
    result: () => numberType,
    run: (_x, _place, rows) => Decimal.of(where(rows, isTrue).length),
  },
  {
    name: 'min',
    signature: 'min(list, value)',
    says: 'The least over all rows; null is left out',
    optional: true,
    kinds: ['number', 'text', 'date'],
    result: (_list, each) => each,
    run: extreme(-1),
  },
  {
    name: 'max',
    signature: 'max(list, value)',
    says: 'The greatest over all rows; null is left out',
    optional: true,
    kinds: ['number', 'text', 'date'],
    result: (_list, each) => each,
    run: extreme(1),
  },
  {
    name: 'first',
    signature: 'first(list, condition)',
    says: 'The first row for which the condition holds; null where there is none',
    optional: true,
    kinds: condition,
    result: ({ of }) => of,
    run: (_x, _place, { list, each }) => {
      const found = list.findIndex((_, index) => isTrue(each(index)));
      return found === -1 ? null : valueFrom(list[found]);
    },
  },
  {
    name: 'last',
    signature: 'last(list, condition)',
    says: 'The last row for which the condition holds; null where there is none',
    optional: true,
    kinds: condition,
    result: ({ of }) => of,
    run: (_x, _place, { list, each }) => {
      for (let index = list.length - 1; index >= 0; index -= 1)
        if (isTrue(each(index))) return valueFrom(list[index]);
      return null;
    },
  },
  {
    name: 'filter',
    signature: 'filter(list, condition)',
    says: 'The rows for which the condition holds',
    optional: false,
    kinds: condition,
    result: (list) => list,
    run: (_x, _place, rows) => where(rows, isTrue),
  },
  {
    name: 'map',
    signature: 'map(list, value)',
    says: 'The list of what the expression amounts to',
    optional: false,
    kinds: condition,
    result: (_list, each) => listOf(each),
    run: (_x, _place, { list, each }) => list.map((_, index) => each(index)),
  },
  {
    name: 'any',
    signature: 'any(list, condition)',
    says: 'Whether the condition holds for a row',
    optional: true,
    kinds: condition,
    result: () => booleanType,
    run: (_x, _place, { list, each }) => list.some((_, index) => isTrue(each(index))),
  },
  {
    name: 'all',
    signature: 'all(list, condition)',
    says: 'Whether the condition holds for every row',
    optional: true,
    kinds: condition,
    result: () => booleanType,
    run: (_x, _place, { list, each }) => list.every((_, index) => isTrue(each(index))),
  },
  {
    name: 'sort',
    signature: 'sort(list, key, order = "ascending")',
    says: 'The rows by a key, texts as the locale has them; equal rows stay in their order, those without a key come last',
    optional: true,
    kinds: key,
    oneOf: orders,
    result: (list) => list,
    run: (x, _place, { list, each }, order) => {
      const sign = order === 'descending' ? -1 : 1;
      const keyed = list.map((row, index) => ({ row, key: each(index) }));
      return keyed
        .sort((one, two) => {
          x.step(2);
          return sortOrder(x, one.key, two.key, sign);
        })
        .map(({ row }) => row);
    },
  },
  {
    name: 'groups',
    signature: 'groups(list, key)',
    says: 'A list of `key` and `rows`, in the order in which the keys come first',
    optional: false,
    kinds: key,
    result: (list, each) => listOf(groupType(list, each)),
    run: (x, _place, { list, each }) => {
      const found = new Map<string, { key: Value; rows: unknown[] }>();
      for (let index = 0; index < list.length; index += 1) {
        const value = each(index);
        const name = `${typeof value} ${x.scan(printed(value))}`;
        const group = found.get(name);
        if (group === undefined) found.set(name, { key: value, rows: [list[index]] });
        else group.rows.push(list[index]);
      }
      return [...found.values()];
    },
  },
  {
    name: 'running',
    signature: 'running(list, number)',
    says: 'The list of the sums up to each row',
    optional: true,
    kinds: number,
    result: () => listOf(numberType),
    run: (x, place, { list, each }) => {
      let sum: Decimal | null = Decimal.zero;
      const sums: Decimal[] = [];
      for (let index = 0; index < list.length; index += 1) {
        const value = each(index);
        if (value instanceof Decimal) sum = sum.plus(value);
        if (sum === null) return x.fault(place, 'the sum is too large');
        sums.push(sum);
      }
      return sums;
    },
  },
];

function groupType(list: ListType, each: Type): RecordType {
  const keyed = each.kind === 'null' ? anyType : each;
  return {
    kind: 'record',
    members: new Map([
      ['key', { type: () => keyed }],
      ['rows', { type: () => list }],
    ]),
  };
}
