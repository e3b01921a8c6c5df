import type { Emit, Expansion, Made } from './expansion.js';
import { Decimal } from './language/decimal.js';
import type { Language } from './language/expression.js';
import { type Faults, quoted } from './language/faults.js';
import type { Run } from './language/run.js';
import { type Compiled, NamedScope, type Scope } from './language/scope.js';
import { mayBe, numberType, typeWords } from './language/types.js';
import { compileSource } from './names.js';

/** `carry` of a table in a design: amounts that its rows add up, and the lines that tell of them where pages end. */

/** What a design says of it. */
export interface CarryParts {
  readonly pointer: string;
  readonly start: unknown;
  readonly add: unknown;
}

const known: readonly string[] = ['start', 'add', 'forward', 'brought'];
const zero = Decimal.zero;

export class Carry {
  readonly scope: Scope;
  readonly #slot: number;
  readonly #start: Compiled | undefined;
  readonly #place: { readonly pointer: string; readonly column: number };
  #isAdded = false;
  /** Why no `$for` has taken it so far. */
  #refusal: { readonly message: string; readonly column?: number } | undefined;
  #isWithin = false;

  constructor(
    private readonly parts: CarryParts,
    outer: Scope,
    private readonly language: Language,
    private readonly faults: Faults,
  ) {
    const { pointer, start } = parts;
    const slot = language.slot();
    this.#slot = slot;
    this.#place = { pointer: `${pointer}/add`, column: 1 };
    this.scope = new NamedScope(
      new Map([['$carried', { type: numberType, run: (x: Run) => x.slots[slot] ?? zero }]]),
      outer,
    );
    this.#start =
      start === undefined ? undefined : compileSource(start, `${pointer}/start`, outer, this.language);
    this.#checkNumber(this.#start, `${pointer}/start`);
  }

  /** Whether it is a design's, and not the one of a document. */
  static isOf(carry: Readonly<Record<string, unknown>>): boolean {
    return carry.add !== undefined;
  }

  /** Members that it does not have. */
  static strangers(carry: Readonly<Record<string, unknown>>): readonly string[] {
    return Object.keys(carry).filter((key) => !known.includes(key));
  }

  #checkNumber(compiled: Compiled | undefined, pointer: string): void {
    if (compiled !== undefined && !mayBe(compiled.type, ['number']))
      this.faults.add(pointer, `must be a number, not ${typeWords(compiled.type.kind)}`, 1);
  }

  /**
   * A `$for` in the rows: the outermost whose names `add` knows takes it, once in each of its passes.
   * @returns what a pass begins with; undefined where this `$for` does not take it
   */
  pass(scope: Scope): ((x: Expansion) => void) | undefined {
    if (this.#isWithin) return undefined;
    const { add, pointer } = this.parts;
    const before = this.faults.all.length;
    const compiled = compileSource(add, `${pointer}/add`, scope, this.language);
    const [refusal] = this.faults.all.splice(before);
    if (refusal !== undefined || compiled === undefined) {
      this.#refusal = refusal;
      return undefined;
    }
    this.#isAdded = true;
    this.#checkNumber(compiled, `${pointer}/add`);
    const slot = this.#slot;
    return (x) => {
      const value = compiled.run(x);
      if (!(value instanceof Decimal)) return;
      const carried = x.slots[slot];
      const sum = (carried instanceof Decimal ? carried : zero).plus(value);
      x.slots[slot] = sum ?? x.fault(this.#place, 'the amount is too large');
    };
  }

  /** Compiles the body of a `$for` that took it: those within do not take it again. */
  within<T>(compile: () => T): T {
    this.#isWithin = true;
    const made = compile();
    this.#isWithin = false;
    return made;
  }

  /** Tells of what is wrong when all rows are known. */
  settle(): void {
    if (this.#isAdded) return;
    const { pointer } = this.parts;
    const { message, column } = this.#refusal ?? {
      message: `the rows have no ${quoted('$for')} whose entries could be added`,
    };
    this.faults.add(`${pointer}/add`, message, column);
  }

  /** Notes how far the amounts are behind each row that is emitted. */
  noting(emit: Emit): Emit {
    const slot = this.#slot;
    return (x, entries, sources) => {
      emit(x, entries, sources);
      const noted = x.carried.get(entries) ?? [];
      if (noted.length === 0) x.carried.set(entries, noted);
      while (noted.length < entries.length) noted.push(x.slots[slot] ?? zero);
    };
  }

  begin(x: Expansion): void {
    const start = this.#start?.run(x);
    x.slots[this.#slot] = start instanceof Decimal ? start : zero;
  }

  /** A line for each place between two rows, and before and behind them all; one for all where it is the same. */
  lines(x: Expansion, line: Made, rows: object): unknown {
    if ('constant' in line) return line.constant;
    const at = (value: Run['slots'][number]): unknown => {
      x.slots[this.#slot] = value;
      return line.fill(x);
    };
    this.begin(x);
    const start = x.slots[this.#slot] ?? zero;
    return [start, ...(x.carried.get(rows) ?? [])].map(at);
  }
}
