import { quoted } from './faults.js';
import type { Misuse } from './operators.js';
import type { Argument, PlainFunction } from './plain-function.js';
import type { RowFunction } from './row-functions.js';
import type { Place, Run } from './run.js';
import type { Compiled } from './scope.js';
import {
  anyType,
  booleanType,
  type Kind,
  type ListType,
  mayBe,
  type Type,
  textType,
  typeWords,
} from './types.js';
import { isList, kindOf, readerOf, type Value } from './values.js';

/** Calls of functions: whether their values are right for them, and what they amount to. */

/** The texts of a design, which `t` looks up. */
export interface Texts {
  /**
   * @param key undefined where it is computed
   * @returns a text by its key and what `{{$1}}` and so on in it stand for; a string says what is wrong with the call
   */
  compile(
    key: string | undefined,
  ): ((x: Run, key: string, place: Place, values: readonly Value[]) => Value) | string;
}

export interface Node extends Compiled {
  readonly height: number;
  readonly literal?: Value;
  readonly isRaw?: true;
}

/** Steps for a formatter that has to be made. */
const formatterSteps = 500;

/** Where a row lies while an expression is evaluated in it, and how many tokens that expression has. */
export interface InRows {
  /** Undefined where there is no expression. */
  readonly slot: number | undefined;
  readonly cost: number;
}

const anyList: ListType = { kind: 'list', of: anyType };

export function rowCall(
  of: RowFunction,
  place: Place,
  args: readonly Node[],
  { slot, cost }: InRows,
): Compiled | Misuse {
  const [list, per, choice] = args;
  const most = of.oneOf === undefined ? 2 : 3;
  const least = of.optional ? 1 : 2;
  if (list === undefined || args.length < least || args.length > most)
    return { misuse: `${of.name}() takes ${countWords(least, most)}, not ${args.length}: ${of.signature}` };
  if (!mayBe(list.type, ['list']))
    return { misuse: `the first value of ${of.name}() must be a list, not ${typeWords(list.type.kind)}` };
  const listType = list.type.kind === 'list' ? list.type : anyList;
  // Every row counts where there is no condition.
  const isCondition = of.kinds.includes('list');
  const each: Type = per?.type ?? (isCondition ? booleanType : listType.of);
  if (!mayBe(each, of.kinds))
    return { misuse: `${of.name}() needs ${kindsWords(of.kinds)} of each row, not ${typeWords(each.kind)}` };
  const misuse = choiceMisuse(of.oneOf, choice);
  if (misuse !== undefined) return { misuse: `the order of ${of.name}() must be ${misuse}` };
  const read = readerOf(listType.of);
  const value = per === undefined || slot === undefined ? undefined : guarded(per, of.kinds, place);
  const run = (x: Run): Value => {
    const rows = list.run(x);
    if (rows !== null && !isList(rows)) return x.fault(place, `${typeWords(kindOf(rows))} is no list`);
    // No list is one without rows.
    const entries = rows ?? [];
    x.step(entries.length * (cost + 1));
    const inRow = (index: number): Value => {
      const row = read(entries[index]);
      if (value === undefined || slot === undefined) return isCondition || row;
      x.slots[slot] = row;
      return value(x);
    };
    return of.run(x, place, { list: entries, each: inRow }, choice === undefined ? null : choice.run(x));
  };
  return { type: of.result(listType, each), run };
}

export function plainCall(of: PlainFunction, place: Place, args: readonly Node[]): Compiled | Misuse {
  const most = of.most ?? of.args.length;
  if (args.length < of.least || args.length > most)
    return {
      misuse: `${of.name}() takes ${countWords(of.least, most)}, not ${args.length}: ${of.signature}`,
    };
  const evals: ((x: Run) => Value)[] = [];
  for (const [index, arg] of args.entries()) {
    const wanted: Argument | undefined = of.args[Math.min(index, of.args.length - 1)];
    if (wanted === undefined) continue;
    const which = `value ${index + 1} of ${of.name}()`;
    if (!mayBe(arg.type, wanted.kinds))
      return { misuse: `${which} must be ${kindsWords(wanted.kinds)}, not ${typeWords(arg.type.kind)}` };
    const misuse = choiceMisuse(wanted.oneOf, arg);
    if (misuse !== undefined) return { misuse: `${which} must be ${misuse}` };
    evals.push(guarded(arg, wanted.kinds, place));
  }
  return { type: of.result(args.map((arg) => arg.type)), run: called(of, place, evals) };
}

export function textCall(texts: Texts, place: Place, args: readonly Node[]): Compiled | Misuse {
  const [key, ...values] = args;
  if (key === undefined || values.length > 9) return { misuse: 't() takes a key and at most 9 values' };
  if (!mayBe(key.type, ['text']))
    return { misuse: `the key of t() must be a text, not ${typeWords(key.type.kind)}` };
  const lookUp = texts.compile(typeof key.literal === 'string' ? key.literal : undefined);
  if (typeof lookUp === 'string') return { misuse: lookUp };
  const run = (x: Run): Value => {
    const name = key.run(x);
    if (name === null) return null;
    if (typeof name !== 'string') return x.fault(place, 'the key of t() is no text');
    const given = values.map((value) => value.run(x));
    return lookUp(x, name, place, given);
  };
  return { type: textType, run };
}

/** Evaluates to one of these kinds or null, where the type does not say so already. */
function guarded({ type, run }: Node, kinds: readonly Kind[], place: Place): (x: Run) => Value {
  if (type.kind !== 'any' || kinds.includes('any')) return run;
  return (x) => {
    const value = run(x);
    const kind = kindOf(value);
    if (kind === 'null' || kinds.includes(kind)) return value;
    return x.fault(place, `${typeWords(kind)} stands where ${kindsWords(kinds)} must`);
  };
}

function called(of: PlainFunction, place: Place, evals: readonly ((x: Run) => Value)[]): (x: Run) => Value {
  const { least, takesNull, cost } = of;
  const needed = takesNull === true ? 0 : least;
  const [first, second] = evals;
  const [mayFirst, maySecond] = [needed < 1, needed < 2];
  let run: (x: Run) => Value;
  if (evals.length === 1 && first !== undefined) {
    run = (x) => {
      const a = first(x);
      return a === null && !mayFirst ? null : of.run(x, place, a);
    };
  } else if (evals.length === 2 && first !== undefined && second !== undefined) {
    run = (x) => {
      const a = first(x);
      const b = second(x);
      return (a === null && !mayFirst) || (b === null && !maySecond) ? null : of.run(x, place, a, b);
    };
  } else {
    run = (x) => {
      const values = evals.map((one) => one(x));
      return values.some((value, index) => value === null && index < needed)
        ? null
        : of.run(x, place, ...values);
    };
  }
  if (cost === undefined) return run;
  return (x) => {
    x.step(cost);
    const { made } = x.formats;
    const value = run(x);
    if (x.formats.made !== made) x.step(formatterSteps);
    return value;
  };
}

function choiceMisuse(choices: readonly string[] | undefined, node: Node | undefined): string | undefined {
  const { literal } = node ?? {};
  if (choices === undefined || literal === undefined || literal === null) return undefined;
  if (typeof literal === 'string' && choices.includes(literal)) return undefined;
  return `one of ${choices.map(quoted).join(', ')}`;
}

function countWords(least: number, most: number): string {
  if (most === 0) return 'no values';
  if (least === most) return least === 1 ? 'one value' : `${least} values`;
  return `${least} to ${most} values`;
}

function kindsWords(kinds: readonly Kind[]): string {
  return kinds
    .filter((kind) => kind !== 'boolean' || kinds.length === 1)
    .map(typeWords)
    .join(' or ');
}
