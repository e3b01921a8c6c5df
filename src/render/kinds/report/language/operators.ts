import { Decimal } from './decimal.js';
import type { Place, Run } from './run.js';
import type { Compiled } from './scope.js';
import {
  anyType,
  booleanType,
  eitherType,
  type Kind,
  mayBe,
  numberType,
  type Type,
  textType,
  typeWords,
} from './types.js';
import { areEqual, isTrue, kindOf, orderOf, printed, type Value } from './values.js';

/** How tightly a sign binds; the others are none between two values. */
export const precedence: ReadonlyMap<string, number> = new Map([
  ['??', 1],
  ['||', 2],
  ['&&', 3],
  ['==', 4],
  ['!=', 4],
  ['<', 5],
  ['<=', 5],
  ['>', 5],
  ['>=', 5],
  ['+', 6],
  ['-', 6],
  ['*', 7],
  ['/', 7],
  ['%', 7],
]);

type Eval = (x: Run) => Value;
/** A defect of the types, in words. */
export interface Misuse {
  readonly misuse: string;
}

const textual: readonly Kind[] = ['text', 'number', 'boolean', 'date'];

/** Evaluates to a number or null; another value is a fault. */
export function numberEval({ run }: Compiled, place: Place): (x: Run) => Decimal | null {
  return (x) => {
    const value = run(x);
    return value === null || value instanceof Decimal
      ? value
      : x.fault(place, `${typeWords(kindOf(value))} is no number`);
  };
}

/** @param of gives null where the number is too large, and words for what else is wrong */
function arithmetic(
  one: Compiled,
  two: Compiled,
  place: Place,
  of: (one: Decimal, two: Decimal) => Decimal | string | null,
): Compiled | Misuse {
  for (const { type } of [one, two])
    if (!mayBe(type, ['number'])) return { misuse: `${typeWords(type.kind)} is no number` };
  const left = numberEval(one, place);
  const right = numberEval(two, place);
  return {
    type: numberType,
    run: (x) => {
      const a = left(x);
      const b = right(x);
      if (a === null || b === null) return null;
      const made = of(a, b) ?? 'the number is too large';
      return typeof made === 'string' ? x.fault(place, made) : made;
    },
  };
}

/** For `arithmetic`: nothing can be divided by zero. */
const unlessZero =
  (of: (one: Decimal, two: Decimal) => Decimal | null) =>
  (one: Decimal, two: Decimal): Decimal | string | null =>
    two.isZero ? 'a division by zero' : of(one, two);

function isText({ kind }: Type): boolean {
  return kind === 'text' || kind === 'date';
}

/** Sums of numbers; texts side by side where one side is a text. */
function plus(one: Compiled, two: Compiled, place: Place): Compiled | Misuse {
  const types = [one.type, two.type];
  for (const type of types)
    if (!mayBe(type, textual)) return { misuse: `${typeWords(type.kind)} cannot be added` };
  if (types.some(({ kind }) => kind === 'date') && types.some(({ kind }) => kind === 'number'))
    return { misuse: 'a date and a number cannot be added; addDays() and addMonths() are there for that' };
  const isJoined = types.some(isText);
  if (!isJoined && types.some(({ kind }) => kind === 'boolean'))
    return { misuse: 'true and false cannot be added' };
  if (isJoined) {
    return { type: textType, run: (x) => x.print(printed(one.run(x)) + printed(two.run(x))) };
  }
  if (types.every(({ kind }) => kind === 'number' || kind === 'null'))
    return arithmetic(one, two, place, (a, b) => a.plus(b));
  return {
    type: anyType,
    run: (x) => {
      const a = one.run(x);
      const b = two.run(x);
      if (typeof a === 'string' || typeof b === 'string') return x.print(printed(a) + printed(b));
      if (a === null || b === null) return null;
      if (a instanceof Decimal && b instanceof Decimal)
        return a.plus(b) ?? x.fault(place, 'the number is too large');
      return x.fault(place, `${typeWords(kindOf(a instanceof Decimal ? b : a))} cannot be added`);
    },
  };
}

function comparable(one: Type, two: Type): string | undefined {
  const rough = ({ kind }: Type): Kind => (kind === 'date' || kind === 'image' ? 'text' : kind);
  const [a, b] = [rough(one), rough(two)];
  if (a === 'any' || b === 'any' || a === 'null' || b === 'null') return undefined;
  return a === b ? undefined : `${typeWords(one.kind)} and ${typeWords(two.kind)} cannot be compared`;
}

function equality(one: Compiled, two: Compiled, isEqual: boolean): Compiled | Misuse {
  for (const { type } of [one, two])
    if (type.kind === 'list' || type.kind === 'record')
      return { misuse: `${typeWords(type.kind)} cannot be compared` };
  const misuse = comparable(one.type, two.type);
  if (misuse !== undefined) return { misuse };
  return {
    type: booleanType,
    run: (x) => {
      const a = one.run(x);
      const b = two.run(x);
      if (typeof a === 'string' && typeof b === 'string' && a.length === b.length) x.scan(a);
      return areEqual(a, b) === isEqual;
    },
  };
}

function ordering(
  one: Compiled,
  two: Compiled,
  place: Place,
  holds: (order: number) => boolean,
): Compiled | Misuse {
  for (const { type } of [one, two])
    if (!mayBe(type, ['number', 'text'])) return { misuse: `${typeWords(type.kind)} has no order` };
  const misuse = comparable(one.type, two.type);
  if (misuse !== undefined) return { misuse };
  return {
    type: booleanType,
    run: (x) => {
      const a = one.run(x);
      const b = two.run(x);
      if (a === null || b === null) return false;
      const order = orderOf(a, b);
      if (order === undefined)
        return x.fault(place, `${typeWords(kindOf(a))} and ${typeWords(kindOf(b))} cannot be compared`);
      return holds(order);
    },
  };
}

/** Two values with a sign between them. */
export function binary(sign: string, one: Compiled, two: Compiled, place: Place): Compiled | Misuse {
  const left: Eval = one.run;
  const right: Eval = two.run;
  switch (sign) {
    case '??':
      return { type: eitherType(one.type, two.type), run: (x) => left(x) ?? right(x) };
    case '||':
      return { type: booleanType, run: (x) => isTrue(left(x)) || isTrue(right(x)) };
    case '&&':
      return { type: booleanType, run: (x) => isTrue(left(x)) && isTrue(right(x)) };
    case '==':
      return equality(one, two, true);
    case '!=':
      return equality(one, two, false);
    case '<':
      return ordering(one, two, place, (order) => order < 0);
    case '<=':
      return ordering(one, two, place, (order) => order <= 0);
    case '>':
      return ordering(one, two, place, (order) => order > 0);
    case '>=':
      return ordering(one, two, place, (order) => order >= 0);
    case '+':
      return plus(one, two, place);
    case '-':
      return arithmetic(one, two, place, (a, b) => a.minus(b));
    case '*':
      return arithmetic(one, two, place, (a, b) => a.times(b));
    case '/':
      return arithmetic(
        one,
        two,
        place,
        unlessZero((a, b) => a.over(b)),
      );
    default:
      return arithmetic(
        one,
        two,
        place,
        unlessZero((a, b) => a.modulo(b)),
      );
  }
}
