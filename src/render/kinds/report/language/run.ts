import type { Formats } from './formats.js';
import type { Value } from './values.js';

/** Where in a design an expression stands: the JSON pointer of its text, and its first character, from 1. */
export interface Place {
  readonly pointer: string;
  readonly column: number;
}

/** Something that went wrong while data was filled in, and left a blank. */
export interface RunFault {
  readonly pointer: string;
  readonly code: string;
  readonly message: string;
}

/** What one expansion may take. */
export interface Budget {
  /** About so many tokens of expressions that are evaluated; what takes longer than one counts as more. */
  readonly steps: number;
  /** Of all texts that are made, UTF-16 units. */
  readonly characters: number;
}

/** The design with this data takes more than it may. */
export class BudgetOverrun extends Error {
  constructor(readonly what: keyof Budget) {
    super(
      what === 'steps'
        ? 'the design takes more steps with these values than it may'
        : 'the design makes more text with these values than it may',
    );
  }
}

const maxFaults = 50;

/** Computes a column in a row. */
export type ColumnRun = (x: Run, row: object) => Value;

/** One expansion: what its expressions share. */
export class Run {
  /** What names stand for, by the numbers that the compiler gave them. */
  readonly slots: Value[] = [];
  /** Of the whole expansion, by their numbers: computed values once they are known, data of the parameters. */
  readonly computed: (Value | undefined)[] = [];
  readonly #columns = new Map<object, (Value | undefined)[]>();
  readonly faults: RunFault[] = [];
  locale = 'en';
  currency: string | undefined;
  #steps: number;
  #characters: number;
  readonly #told = new Set<string>();

  constructor(
    readonly params: Readonly<Record<string, unknown>>,
    readonly formats: Formats,
    budget: Budget,
    private readonly columnRuns: readonly ColumnRun[] = [],
  ) {
    this.#steps = budget.steps;
    this.#characters = budget.characters;
  }

  /** The value of a column in a row, computed once. */
  column(number: number, row: object): Value {
    let values = this.#columns.get(row);
    if (values === undefined) {
      values = [];
      this.#columns.set(row, values);
    }
    const known = values[number];
    if (known !== undefined) return known;
    const value = this.columnRuns[number]?.(this, row) ?? null;
    values[number] = value;
    return value;
  }

  step(count: number): void {
    this.#steps -= count;
    if (this.#steps < 0) throw new BudgetOverrun('steps');
  }

  /** Counts the characters of a text that was made. */
  print(text: string): string {
    this.#characters -= text.length;
    if (this.#characters < 0) throw new BudgetOverrun('characters');
    if (text.length > 64) this.step(text.length >> 4);
    return text;
  }

  /** Counts what it takes to look through a text. */
  scan(text: string): string {
    if (text.length > 64) this.step(text.length >> 4);
    return text;
  }

  /** The value of what went wrong. */
  fault({ pointer, column }: Place, message: string): null {
    this.note({ pointer, code: 'expression', message: `${message} (column ${column})` });
    return null;
  }

  /** Tells of something once. */
  note(fault: RunFault): void {
    const key = `${fault.pointer} ${fault.message}`;
    if (this.faults.length >= maxFaults || this.#told.has(key)) return;
    this.#told.add(key);
    this.faults.push(fault);
  }
}
