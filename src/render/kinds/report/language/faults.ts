import { nearestTo } from '../../../../nearest.js';

/** A defect of a design. `pointer` is a JSON pointer into it; `column` counts the characters of that text from 1. */
export interface Fault {
  readonly pointer: string;
  readonly column?: number;
  readonly message: string;
}

const maxFaults = 50;
const shownChars = 40;

/** The defects of one design. Past `maxFaults` the rest is not told. */
export class Faults {
  readonly all: Fault[] = [];

  get isFull(): boolean {
    return this.all.length >= maxFaults;
  }

  add(pointer: string, message: string, column?: number): undefined {
    if (!this.isFull)
      this.all.push(column === undefined ? { pointer, message } : { pointer, column, message });
    return undefined;
  }
}

/** An expression cannot be read on from here. */
export class Unreadable extends Error {
  constructor(
    message: string,
    /** From 1. */
    readonly column: number,
  ) {
    super(message);
  }
}

/** A name or another piece of a design in a message. */
export function quoted(text: string): string {
  const whole = [...text.slice(0, 2 * shownChars)];
  return JSON.stringify(whole.length > shownChars ? `${whole.slice(0, shownChars).join('')}…` : text);
}

/** Names that are looked through for a hint. */
const maxHinted = 1_000;

/** What a name may have been meant for, behind a message. */
export function hint(name: string, names: readonly string[]): string {
  const meant = nearestTo(name, names.slice(0, maxHinted));
  return meant === undefined ? '' : `; did you mean ${quoted(meant)}?`;
}
