import { isObject } from '../../../protocol/is-object.js';
import { pointerPart } from '../../../protocol/json-pointer.js';
import type { Texts } from './language/calls.js';
import type { Language } from './language/expression.js';
import { type Faults, hint, quoted } from './language/faults.js';
import type { ColumnRun, Place, Run } from './language/run.js';
import { type Compiled, NamedScope, RowScope, type Scope } from './language/scope.js';
import { compileTemplate, type Template, textOf } from './language/template.js';
import { anyType, Cycle, type Member, type RecordType, type Type } from './language/types.js';
import { isForbidden, memberOf, readerOf, type Value, valueFrom } from './language/values.js';
import { limits } from './limits.js';
import { type ParamSpec, typeOfParam } from './params.js';

/** The names that a whole design knows: its parameters, computed values and columns. */

const nameShape = /^[\p{L}_][\p{L}\p{M}\p{N}_]*$/u;

interface Computed {
  readonly source: unknown;
  readonly pointer: string;
  state: Compiled | 'unseen' | 'open';
}

/** Parameters alone. */
export class ParamNames implements Scope {
  readonly #params = new Map<string, Compiled>();

  constructor(spec: readonly ParamSpec[]) {
    for (const param of spec) {
      const { name } = param;
      const type = typeOfParam(param);
      const read = readerOf(type);
      this.#params.set(name, { type, run: (x) => read(memberOf(x.params, name)) });
    }
  }

  find(name: string): Compiled | undefined {
    return this.#params.get(name);
  }

  names(): readonly string[] {
    return [...this.#params.keys()];
  }
}

/** What is being compiled for the sake of something else: each leads to the next. */
class Chain {
  readonly #names: string[] = [];

  constructor(private readonly faults: Faults) {}

  /** @returns what `compile` returns, or the cycle that the name closes; undefined after a fault */
  within<T>(name: string, pointer: string, compile: () => T): T | undefined {
    if (this.#names.length >= limits.chain)
      return this.faults.add(pointer, `is behind more than ${limits.chain} computed values in a chain`);
    this.#names.push(name);
    try {
      return compile();
    } finally {
      this.#names.pop();
    }
  }

  /** Of a name that is on the way. */
  cycle(name: string): Cycle {
    return new Cycle([...this.#names.slice(this.#names.indexOf(name)), name]);
  }
}

export class DesignNames implements Scope {
  readonly #computed = new Map<string, Computed>();
  /** Of the columns, by their numbers. */
  readonly columnRuns: ColumnRun[] = [];
  readonly #columns: (() => unknown)[] = [];
  readonly #chain: Chain;
  #count = 0;

  constructor(
    private readonly params: ParamNames,
    private readonly faults: Faults,
    private readonly language: Language,
  ) {
    this.#chain = new Chain(faults);
  }

  get chain(): Chain {
    return this.#chain;
  }

  /** Takes the `compute` of a design. */
  add(compute: unknown): void {
    if (!isObject(compute)) {
      this.faults.add('/compute', 'must be an object');
      return;
    }
    for (const [name, source] of Object.entries(compute)) {
      const pointer = `/compute/${pointerPart(name)}`;
      if (isObject(source)) this.#addColumns(name, source, pointer);
      else if (this.#mayBeNamed(name, pointer)) {
        if (this.params.find(name) !== undefined) this.faults.add(pointer, 'is the name of a parameter, too');
        else this.#computed.set(name, { source, pointer, state: 'unseen' });
      }
    }
  }

  #mayBeNamed(name: string, pointer: string): boolean {
    if (
      name === '' ||
      name.length > limits.nameChars ||
      name.startsWith('$') ||
      name.includes('`') ||
      isForbidden(name)
    ) {
      this.faults.add(pointer, `the name ${quoted(name)} is not allowed`);
      return false;
    }
    return true;
  }

  #addColumns(path: string, columns: Readonly<Record<string, unknown>>, pointer: string): void {
    const record = this.#recordAt(path);
    if (record === undefined) {
      this.faults.add(
        pointer,
        `must be the name of a parameter with rows, whose columns these are${hint(path, this.params.names())}`,
      );
      return;
    }
    const { members } = record;
    for (const [name, source] of Object.entries(columns)) {
      const at = `${pointer}/${pointerPart(name)}`;
      if (!this.#mayBeNamed(name, at)) continue;
      if (members.has(name)) this.faults.add(at, 'is the name of a member of the row, too');
      else members.set(name, this.#column(record, `${path}.${name}`, source, at));
    }
  }

  /** The rows behind `items`, or behind `orders.items`. */
  #recordAt(path: string): RecordType | undefined {
    const [first = '', ...rest] = this.params.find(path) === undefined ? path.split('.') : [path];
    let type: Type | Cycle | undefined = this.params.find(first)?.type;
    for (const name of rest) {
      const record: Type | undefined = type === undefined || type instanceof Cycle ? undefined : rowOf(type);
      type = record?.kind === 'record' ? record.members.get(name)?.type() : undefined;
    }
    const found = type === undefined || type instanceof Cycle ? undefined : rowOf(type);
    return found?.kind === 'record' ? found : undefined;
  }

  #column(record: RecordType, name: string, source: unknown, pointer: string): Member {
    const { language } = this;
    const slot = language.slot();
    const row: Compiled = { type: record, run: (x) => x.slots[slot] ?? null };
    const computed: Computed = { source, pointer, state: 'unseen' };
    const scope = new RowScope(record, row.run, new NamedScope(new Map([['$row', row]]), this));
    const compiled = (): Compiled | Cycle => this.#compile(name, computed, scope);
    this.#columns.push(compiled);
    const column = this.columnRuns.push((x, item) => {
      const found = compiled();
      x.slots[slot] = valueFrom(item);
      return found instanceof Cycle ? null : found.run(x);
    });
    return {
      type: () => {
        const found = compiled();
        return found instanceof Cycle ? found : found.type;
      },
      column: column - 1,
    };
  }

  find(name: string): Compiled | Cycle | undefined {
    const computed = this.#computed.get(name);
    return computed === undefined ? this.params.find(name) : this.#once(name, computed);
  }

  names(): readonly string[] {
    return [...this.params.names(), ...this.#computed.keys()];
  }

  /** Compiles what nothing has needed so far, so that its faults are told. */
  settle(): void {
    for (const [name, computed] of this.#computed) this.#once(name, computed);
    for (const compile of this.#columns) compile();
  }

  /** Its value is computed when it is first needed, once an expansion. */
  #once(name: string, computed: Computed): Compiled | Cycle {
    if (typeof computed.state === 'object') return computed.state;
    const compiled = this.#compile(name, computed, this);
    if (compiled instanceof Cycle) return compiled;
    const index = this.#count++;
    const { type, run } = compiled;
    computed.state = {
      type,
      run: (x) => {
        const known = x.computed[index];
        if (known !== undefined) return known;
        const value = run(x);
        x.computed[index] = value;
        return value;
      },
    };
    return computed.state;
  }

  #compile(name: string, computed: Computed, scope: Scope): Compiled | Cycle {
    const { state, source, pointer } = computed;
    if (typeof state === 'object') return state;
    if (state === 'open') return this.#chain.cycle(name);
    computed.state = 'open';
    const compiled = this.#chain.within(name, pointer, () =>
      compileSource(source, pointer, scope, this.language),
    );
    computed.state = compiled ?? blank;
    return computed.state;
  }
}

const blank: Compiled = { type: anyType, run: () => null };

function rowOf(type: Type): Type {
  return type.kind === 'list' ? type.of : type;
}

/** An expression that stands alone, without braces, or a value that is none. */
export function compileSource(
  source: unknown,
  pointer: string,
  scope: Scope,
  language: Language,
): Compiled | undefined {
  if (typeof source === 'string') return language.compile(source, pointer, scope);
  if (typeof source === 'number' || typeof source === 'boolean' || source === null) {
    const value = valueFrom(source);
    const kind = value === null ? 'null' : typeof value === 'boolean' ? 'boolean' : 'number';
    return { type: { kind }, run: () => value };
  }
  return language.faults.add(pointer, 'must be an expression');
}

/** Whether a name may stand for something without backquotes. */
export function isPlainName(name: string): boolean {
  return nameShape.test(name) && !isForbidden(name) && name.length <= limits.nameChars;
}

interface TextEntry {
  /** By language. */
  readonly sources: ReadonlyMap<string, { readonly source: string; readonly pointer: string }>;
  /** Where its values `$1` to `$9` lie. */
  readonly slots: readonly number[];
  state: ReadonlyMap<string, (x: Run) => string> | 'unseen' | 'open';
}

/** The `texts` of a design, by language and key. */
export class DesignTexts implements Texts {
  readonly #entries = new Map<string, TextEntry>();
  #languages: readonly string[] = [];
  readonly #orders = new Map<string, readonly string[]>();
  #scope: DesignNames | undefined;
  #language: Language | undefined;

  constructor(
    private readonly faults: Faults,
    /** Of the design, where it is no expression. */
    private readonly locale: string | undefined,
  ) {}

  /** Takes the `texts` of a design. */
  add(texts: unknown, scope: DesignNames, language: Language): void {
    this.#scope = scope;
    this.#language = language;
    if (texts === undefined) return;
    if (!isObject(texts)) {
      this.faults.add('/texts', 'must be an object of languages');
      return;
    }
    this.#languages = Object.keys(texts);
    const sources = new Map<string, Map<string, { source: string; pointer: string }>>();
    for (const [tag, entries] of Object.entries(texts)) {
      const pointer = `/texts/${pointerPart(tag)}`;
      if (!isObject(entries)) {
        this.faults.add(pointer, 'must be an object of texts');
        continue;
      }
      for (const [key, source] of Object.entries(entries)) {
        const at = `${pointer}/${pointerPart(key)}`;
        if (typeof source !== 'string') this.faults.add(at, 'must be a text');
        else {
          const of = sources.get(key) ?? new Map();
          sources.set(key, of.set(tag, { source, pointer: at }));
        }
      }
    }
    for (const [key, of] of sources) {
      const slots = Array.from({ length: 9 }, () => language.slot());
      this.#entries.set(key, { sources: of, slots, state: 'unseen' });
    }
  }

  settle(): void {
    for (const key of this.#entries.keys()) this.#entry(key);
  }

  compile(
    key: string | undefined,
  ): ((x: Run, key: string, place: Place, values: readonly Value[]) => Value) | string {
    if (key === undefined) {
      for (const one of this.#entries.keys()) {
        const found = this.#entry(one);
        if (found instanceof Cycle) return cycleWords(found);
      }
    } else {
      const found = this.#entry(key);
      if (found === undefined) {
        return `there is no text ${quoted(key)}${hint(key, [...this.#entries.keys()])}`;
      }
      if (found instanceof Cycle) return cycleWords(found);
    }
    return (x, name, place, values) => {
      const entry = this.#entries.get(name);
      if (entry === undefined || typeof entry.state === 'string')
        return x.fault(place, 'there is no such text');
      for (const [index, slot] of entry.slots.entries()) x.slots[slot] = values[index] ?? null;
      const tag = this.#order(x.locale).find(
        (one) => typeof entry.state === 'object' && entry.state.has(one),
      );
      return tag === undefined ? null : (entry.state.get(tag)?.(x) ?? null);
    };
  }

  /** Languages as they are asked one after the other. */
  #order(locale: string): readonly string[] {
    const known = this.#orders.get(locale);
    if (known !== undefined) return known;
    const plain = (tag: string): string => tag.toLowerCase();
    const base = (tag: string): string => plain(tag).split('-')[0] ?? '';
    const served = (wish: string): readonly string[] => [
      ...this.#languages.filter((tag) => plain(tag) === plain(wish)),
      ...this.#languages.filter((tag) => plain(tag) === base(wish)),
      // `pt-BR` serves who asks for `pt-PT`, before another language does.
      ...this.#languages.filter((tag) => base(tag) === base(wish)),
    ];
    const order = [...new Set([...served(locale), ...served(this.locale ?? ''), ...this.#languages])];
    if (this.#orders.size < 100) this.#orders.set(locale, order);
    return order;
  }

  #entry(key: string): TextEntry | Cycle | undefined {
    const entry = this.#entries.get(key);
    const scope = this.#scope;
    const language = this.#language;
    if (entry === undefined || scope === undefined || language === undefined) return undefined;
    const name = `t("${key}")`;
    if (entry.state === 'open') return scope.chain.cycle(name);
    if (entry.state !== 'unseen') return entry;
    entry.state = 'open';
    const [first] = entry.sources.values();
    const made = scope.chain.within(name, first?.pointer ?? '/texts', () => {
      const values = new Map(
        entry.slots.map((slot, index) => [
          `$${index + 1}`,
          { type: anyType, run: (x: Run) => x.slots[slot] ?? null },
        ]),
      );
      const inner = new NamedScope(values, scope);
      return new Map(
        [...entry.sources].map(([tag, { source, pointer }]) => [
          tag,
          printer(compileTemplate(source, pointer, inner, language), pointer),
        ]),
      );
    });
    entry.state = made ?? new Map();
    return entry;
  }
}

function cycleWords({ names }: Cycle): string {
  return `the text needs itself: ${names.join(' needs ')}`;
}

function printer(template: Template | undefined, pointer: string): (x: Run) => string {
  if (template === undefined) return () => '';
  if ('constant' in template) return () => template.constant;
  if ('text' in template) return template.text;
  const { value } = template;
  return (x) => x.print(textOf(x, value.run(x), { pointer, column: 1 }));
}
