import { isObject } from '../../../protocol/is-object.js';
import { pointerPart } from '../../../protocol/json-pointer.js';
import { Carry } from './carry.js';
import {
  type Emit,
  type Emitted,
  emitOf,
  fixedList,
  isFixed,
  type Made,
  type TreeRules,
} from './expansion.js';
import type { Language } from './language/expression.js';
import { type Faults, hint, quoted } from './language/faults.js';
import type { Run } from './language/run.js';
import { type Compiled, NamedScope, type Scope } from './language/scope.js';
import { anyType, typeWords } from './language/types.js';
import { isForbidden, isList, isTrue, type Value } from './language/values.js';
import { limits } from './limits.js';
import { Loop, OpenScope } from './loop.js';
import { compileSource, isPlainName } from './names.js';
import { compileText, type Place, type TextGround } from './text-value.js';

/** Compiles the tree of a design: values with expressions in them, and lists with directives. */

const directives = ['$if', '$for', '$let', '$use'] as const;
type Directive = (typeof directives)[number];
const membersOf: Readonly<Record<Directive, readonly string[]>> = {
  $if: ['$if', 'then', 'else'],
  $for: ['$for', 'do', 'empty'],
  $let: ['$let', 'do'],
  $use: ['$use'],
};

export class Tree implements TextGround {
  readonly pointers: string[] = [];
  /** Images that have to be fetched. */
  readonly addresses: { readonly url: string; readonly pointer: string }[] = [];
  #nodes = 0;
  #isTooLarge = false;
  readonly #open: string[] = [];
  readonly #used = new Set<string>();

  constructor(
    readonly language: Language,
    readonly faults: Faults,
    readonly rules: TreeRules,
    private readonly blocks: Readonly<Record<string, unknown>>,
  ) {}

  get size(): number {
    return this.#nodes;
  }

  /** A member of the design. */
  member(value: unknown, key: string, scope: Scope): Made {
    const place = { pointer: `/${pointerPart(key)}`, scope, depth: 1, key, parent: '', isText: false };
    return this.#value(value, place);
  }

  /** Compiles the blocks that nothing uses, for their faults. */
  settle(scope: Scope): void {
    for (const name of Object.keys(this.blocks)) {
      if (this.#used.has(name)) continue;
      const place = { scope: new OpenScope(scope), depth: 2, key: 'operations', parent: '', isText: false };
      this.#block(name, { ...place, pointer: `/blocks/${pointerPart(name)}` });
    }
  }

  #counts({ pointer, depth }: Place): boolean {
    if (this.#isTooLarge) return false;
    this.#nodes += 1;
    if (this.#nodes > limits.nodes) {
      this.#isTooLarge = true;
      this.faults.add(
        pointer,
        `brings the design over ${limits.nodes} values, blocks counted wherever they are used`,
      );
      return false;
    }
    if (depth <= limits.depth) return true;
    this.faults.add(pointer, `nests deeper than ${limits.depth} levels`);
    return false;
  }

  #value(value: unknown, place: Place): Made {
    if (!this.#counts(place)) return { constant: null };
    switch (typeof value) {
      case 'string':
        return compileText(value, place, this);
      case 'number':
        if (Number.isFinite(value)) return { constant: value };
        break;
      case 'boolean':
        return { constant: value };
      case 'object':
        if (value === null) return { constant: value };
        if (Array.isArray(value)) return this.#list(value, place);
        if (isObject(value)) return this.#record(value, place);
    }
    this.faults.add(place.pointer, 'is no JSON value');
    return { constant: null };
  }

  #record(record: Readonly<Record<string, unknown>>, place: Place): Made {
    const { pointer, depth, key: parent } = place;
    const keys = Object.keys(record);
    const directive = keys.find((key) => key.startsWith('$'));
    if (directive !== undefined) {
      this.faults.add(`${pointer}/${pointerPart(directive)}`, 'is a directive: it stands in a list only');
      return { constant: null };
    }
    const { carry } = record;
    if (record.type === 'add_table' && isObject(carry) && Carry.isOf(carry))
      return this.#carrying(record, carry, place);
    const members: { readonly key: string; readonly made: Made }[] = [];
    for (const key of keys) {
      const at = `${pointer}/${pointerPart(key)}`;
      if (isForbidden(key) || key.includes('{{'))
        this.faults.add(at, `the name ${quoted(key)} is not allowed`);
      else {
        const inner = { ...place, pointer: at, depth: depth + 1, key, parent, isText: false };
        members.push({ key, made: this.#value(record[key], inner) });
      }
    }
    if (members.every(({ made }) => 'constant' in made)) return { constant: Object.freeze(record) };
    const parts = members.map(({ key, made }) =>
      'constant' in made ? { key, value: made.constant } : { key, fill: made.fill },
    );
    return {
      fill: (x) => {
        x.step(1);
        const filled: Record<string, unknown> = {};
        for (const part of parts) {
          const value = 'fill' in part ? part.fill(x) : part.value;
          if (value !== undefined && value !== null) filled[part.key] = value;
        }
        return filled;
      },
    };
  }

  /** A table whose `carry` is turned into the lines of a document's. */
  #carrying(
    table: Readonly<Record<string, unknown>>,
    given: Readonly<Record<string, unknown>>,
    place: Place,
  ): Made {
    const pointer = `${place.pointer}/carry`;
    for (const key of Carry.strangers(given))
      this.faults.add(`${pointer}/${pointerPart(key)}`, 'is not a member of carry');
    const { start, add } = given;
    const carry = new Carry({ pointer, start, add }, place.scope, this.language, this.faults);
    const { rows, carry: _, ...others } = table;
    const inner = { ...place, depth: place.depth + 1, scope: carry.scope };
    const body = this.#value(rows, { ...inner, pointer: `${place.pointer}/rows`, key: 'rows', carry });
    carry.settle();
    const lines = (['forward', 'brought'] as const).flatMap((key) => {
      const line = given[key];
      const at = { ...inner, pointer: `${pointer}/${key}`, key };
      return line === undefined ? [] : [{ key, made: this.#value(line, at) }];
    });
    const rest = this.#record(others, place);
    return {
      fill: (x) => {
        carry.begin(x);
        const filledRows = 'fill' in body ? body.fill(x) : body.constant;
        const filled: Record<string, unknown> = {};
        Object.assign(filled, 'fill' in rest ? rest.fill(x) : rest.constant, { rows: filledRows });
        if (!isList(filledRows)) return filled;
        const made = lines.map(({ key, made }) => [key, carry.lines(x, made, filledRows)]);
        return { ...filled, carry: Object.fromEntries(made) };
      },
    };
  }

  #list(list: readonly unknown[], place: Place): Made {
    const isText = place.isText || this.rules.isTextList(place.key);
    const inner = { ...place, isText };
    const isPlain = !list.some(isDirective);
    const entries = list.map((entry, index) =>
      this.#entry(entry, { ...inner, pointer: `${place.pointer}/${index}` }),
    );
    if (place.carry === undefined && entries.every((entry) => 'constant' in entry))
      return { constant: Object.freeze(list) };
    if (isPlain && place.carry === undefined && entries.every(isFixed)) return { fill: fixedList(entries) };
    const emits = entries.map(emitOf);
    return {
      fill: (x) => {
        const filled: unknown[] = [];
        const sources: number[] = [];
        for (const emit of emits) emit(x, filled, sources);
        // Of others the places are the same as in the design, unless one was left out.
        if (!isPlain || filled.length !== emits.length) x.sources.set(filled, sources);
        return filled;
      },
    };
  }

  #entry(entry: unknown, place: Place): Emitted {
    const directive = isObject(entry) ? Object.keys(entry).find((key) => key.startsWith('$')) : undefined;
    if (isObject(entry) && directive !== undefined) return this.#directive(entry, directive, place);
    const source = this.pointers.push(place.pointer) - 1;
    const isOperation =
      isObject(entry) && !place.isText && (entry.type !== undefined || entry.op !== undefined);
    if (isOperation) this.rules.check(entry, place.pointer, this.faults);
    const { pointer, carry } = place;
    const made = this.#value(entry, { ...place, depth: place.depth + 1, carry: undefined });
    if ('constant' in made || !isOperation) {
      const fixed = { ...made, source };
      return carry === undefined ? fixed : { emit: carry.noting(emitOf(fixed)) };
    }
    const { rules } = this;
    const emit: Emit = (x, entries, sources) => {
      x.step(1);
      const filled = made.fill(x);
      const finished = isFilled(filled) ? rules.finish(filled, pointer, x) : filled;
      if (finished === undefined) return;
      entries.push(finished ?? '');
      sources.push(source);
    };
    return { emit: carry === undefined ? emit : carry.noting(emit) };
  }

  #directive(entry: Readonly<Record<string, unknown>>, name: string, place: Place): Emitted {
    const { pointer } = place;
    const directive = directives.find((known) => known === name);
    if (!this.#counts(place)) return { constant: null, source: 0 };
    if (directive === undefined) {
      this.faults.add(
        `${pointer}/${pointerPart(name)}`,
        `is no directive: they are ${directives.join(', ')}${hint(name, directives)}`,
      );
      return { constant: null, source: 0 };
    }
    const members = membersOf[directive];
    for (const key of Object.keys(entry))
      if (!members.includes(key))
        this.faults.add(`${pointer}/${pointerPart(key)}`, `is not a member of ${directive}`);
    switch (directive) {
      case '$if':
        return { emit: this.#if(entry, place) };
      case '$for':
        return { emit: this.#for(entry, place) };
      case '$let':
        return { emit: this.#let(entry, place) };
      case '$use':
        return { emit: this.#use(entry, place) };
    }
  }

  #if(entry: Readonly<Record<string, unknown>>, place: Place): Emit {
    const condition = compileSource(entry.$if, `${place.pointer}/$if`, place.scope, this.language);
    const yes = this.#body(entry.then, 'then', place);
    const no = this.#body(entry.else, 'else', place);
    if (entry.then === undefined && entry.else === undefined)
      this.faults.add(place.pointer, 'must have "then" or "else"');
    return (x, entries, sources) => {
      x.step(1);
      if (condition !== undefined && isTrue(condition.run(x))) yes(x, entries, sources);
      else no(x, entries, sources);
    };
  }

  #for(entry: Readonly<Record<string, unknown>>, place: Place): Emit {
    const pointer = `${place.pointer}/$for`;
    const { $for: source } = entry;
    const match = typeof source === 'string' ? /^\s*(\S+)\s+in(?![\p{L}\p{N}_])\s*/u.exec(source) : null;
    const name = match?.[1] ?? '';
    if (typeof source !== 'string' || match === null) {
      this.faults.add(pointer, 'must be such as "item in items"', 1);
      return () => undefined;
    }
    if (!isPlainName(name)) {
      this.faults.add(pointer, `the name ${quoted(name)} is not allowed`, 1);
      return () => undefined;
    }
    if (entry.do === undefined) this.faults.add(place.pointer, 'must have "do"');
    const list = this.language.compile(source, pointer, place.scope, match[0].length);
    const type = list?.type ?? anyType;
    if (type.kind !== 'list' && type.kind !== 'any' && type.kind !== 'null')
      this.faults.add(pointer, `goes through a list, not ${typeWords(type.kind)}`, match[0].length + 1);
    const slots = new Loop(this.language);
    const scope = new NamedScope(slots.names(name, type.kind === 'list' ? type.of : anyType), place.scope);
    const { carry } = place;
    const add = carry?.pass(scope);
    const compileBody = (): Emit => this.#body(entry.do, 'do', { ...place, scope });
    const body = carry === undefined || add === undefined ? compileBody() : carry.within(compileBody);
    const empty = this.#body(entry.empty, 'empty', place);
    return (x, entries, sources) => {
      const rows = list === undefined ? null : list.run(x);
      if (!isList(rows)) {
        if (rows !== null) x.fault({ pointer, column: match[0].length + 1 }, 'the value is no list');
        return empty(x, entries, sources);
      }
      if (rows.length === 0) return empty(x, entries, sources);
      x.step(rows.length);
      for (let index = 0; index < rows.length; index += 1) {
        slots.set(x, rows, index);
        add?.(x);
        body(x, entries, sources);
      }
    };
  }

  #let(entry: Readonly<Record<string, unknown>>, place: Place): Emit {
    const pointer = `${place.pointer}/$let`;
    const { $let: given } = entry;
    if (!isObject(given)) {
      this.faults.add(pointer, 'must be an object of expressions');
      return () => undefined;
    }
    if (entry.do === undefined) this.faults.add(place.pointer, 'must have "do"');
    let { scope } = place;
    const sets: { readonly slot: number; readonly run: Compiled['run'] }[] = [];
    for (const [name, source] of Object.entries(given)) {
      const at = `${pointer}/${pointerPart(name)}`;
      if (!isPlainName(name)) {
        this.faults.add(at, `the name ${quoted(name)} is not allowed`);
        continue;
      }
      const compiled = compileSource(source, at, scope, this.language);
      const slot = this.language.slot();
      const run = (x: Run): Value => x.slots[slot] ?? null;
      scope = new NamedScope(new Map([[name, { type: compiled?.type ?? anyType, run }]]), scope);
      if (compiled !== undefined) sets.push({ slot, run: compiled.run });
    }
    const body = this.#body(entry.do, 'do', { ...place, scope });
    return (x, entries, sources) => {
      for (const { slot, run } of sets) x.slots[slot] = run(x);
      body(x, entries, sources);
    };
  }

  #use(entry: Readonly<Record<string, unknown>>, place: Place): Emit {
    const pointer = `${place.pointer}/$use`;
    const { $use: name } = entry;
    if (typeof name !== 'string' || !Object.hasOwn(this.blocks, name)) {
      const meant = typeof name === 'string' ? hint(name, Object.keys(this.blocks)) : '';
      this.faults.add(pointer, `must be the name of a block${meant}`);
      return () => undefined;
    }
    if (this.#open.includes(name)) {
      const way = [...this.#open.slice(this.#open.indexOf(name)), name];
      this.faults.add(pointer, `the block uses itself: ${way.map(quoted).join(' uses ')}`);
      return () => undefined;
    }
    this.#used.add(name);
    return this.#block(name, { ...place, pointer: `/blocks/${pointerPart(name)}` });
  }

  #block(name: string, place: Place): Emit {
    this.#open.push(name);
    const block = this.#entries(this.blocks[name], { ...place, depth: place.depth + 1 });
    this.#open.pop();
    return block;
  }

  #body(body: unknown, name: string, place: Place): Emit {
    if (body === undefined) return () => undefined;
    return this.#entries(body, { ...place, pointer: `${place.pointer}/${name}`, depth: place.depth + 1 });
  }

  /** The entries of a directive, which go into the list around. */
  #entries(list: unknown, place: Place): Emit {
    if (!Array.isArray(list)) {
      this.faults.add(place.pointer, 'must be a list');
      return () => undefined;
    }
    const entries = list.map((entry: unknown, index) =>
      this.#entry(entry, { ...place, pointer: `${place.pointer}/${index}` }),
    );
    const emits = entries.map(emitOf);
    const [only] = emits;
    if (emits.length === 1 && only !== undefined) return only;
    return (x, filled, sources) => {
      for (const emit of emits) emit(x, filled, sources);
    };
  }
}

function isDirective(entry: unknown): boolean {
  return isObject(entry) && Object.keys(entry).some((key) => key.startsWith('$'));
}

function isFilled(value: unknown): value is Record<string, unknown> {
  return isObject(value);
}
