import { Decimal } from './language/decimal.js';
import type { Language } from './language/expression.js';
import type { Run } from './language/run.js';
import type { Compiled, Scope } from './language/scope.js';
import { anyType, type Type } from './language/types.js';
import { valueFrom } from './language/values.js';

/** Names that lists of a design bring. */

/** The names that a `$for` brings. */
export class Loop {
  readonly #row: number;
  readonly #index: number;
  readonly #number: number;
  readonly #first: number;
  readonly #last: number;

  constructor(language: Language) {
    this.#row = language.slot();
    this.#index = language.slot();
    this.#number = language.slot();
    this.#first = language.slot();
    this.#last = language.slot();
  }

  names(name: string, type: Type): ReadonlyMap<string, Compiled> {
    const at = (slot: number, of: Type): Compiled => ({ type: of, run: (x) => x.slots[slot] ?? null });
    return new Map([
      [name, at(this.#row, type)],
      ['$index', at(this.#index, { kind: 'number' })],
      ['$number', at(this.#number, { kind: 'number' })],
      ['$first', at(this.#first, { kind: 'boolean' })],
      ['$last', at(this.#last, { kind: 'boolean' })],
    ]);
  }

  set({ slots }: Run, rows: readonly unknown[], index: number): void {
    slots[this.#row] = valueFrom(rows[index]);
    slots[this.#index] = Decimal.of(index);
    slots[this.#number] = Decimal.of(index + 1);
    slots[this.#first] = index === 0;
    slots[this.#last] = index === rows.length - 1;
  }
}

/** Knows every name: of a block that nothing uses nobody can say what its names are. */
export class OpenScope implements Scope {
  constructor(private readonly outer: Scope) {}

  find(name: string): ReturnType<Scope['find']> {
    return this.outer.find(name) ?? { type: anyType, run: () => null };
  }

  names(): readonly string[] {
    return this.outer.names();
  }
}
