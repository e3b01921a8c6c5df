import { isObject } from '../../src/protocol/is-object.js';
import type { CaretPlace, OpenValue } from './json-caret.js';

/** JSON Schema, as far as it says what may be written; anything else in it is left alone. */
export type Schema = Readonly<Record<string, unknown>>;

export interface Suggestion {
  readonly label: string;
  /** What it is, in a few words. */
  readonly about: string;
  /** JSON text that takes the place of the token. */
  readonly text: string;
  /** Where the caret goes in `text`. */
  readonly caret: number;
  /** There is something to choose at that place, too. */
  readonly goesOn: boolean;
}

/** What could stand at a place. */
export interface Completion {
  readonly from: number;
  readonly to: number;
  readonly items: readonly Suggestion[];
}

/** What a text may hold. `components` are what `$ref`s of the form `#/...` lead into. */
export interface Language {
  readonly components: Schema;
  /** Of the outermost value, by the members that it has. */
  readonly root: (members: OpenValue['members']) => readonly Schema[];
}

const maxItems = 60;
/** Schemas that one place may be of at once; references may be circles. */
const maxDepth = 12;

/**
 * What may be written at a place, by the schema: names of members that are not there yet, values of a choice, elements.
 * Undefined where the schema has nothing to say.
 */
export function completionAt(place: CaretPlace, language: Language): Completion | undefined {
  const { path, at, key, from, to, typed } = place;
  if (at === 'nothing') return undefined;
  const here = schemasOf(path, at === 'value' ? key : undefined, language);
  const all =
    at === 'name' ? names(here, path.at(-1)) : values(here.flatMap((one) => member(one, key, language)));
  const items = ranked(all, typed.toLowerCase()).slice(0, maxItems);
  // What is written already is not offered again.
  if (items.length === 0 || (items.length === 1 && items[0]?.label === typed)) return undefined;
  return { from, to, items };
}

/** The schemas of the innermost open value. @param written its member whose value is just being written */
function schemasOf(
  path: readonly OpenValue[],
  written: string | undefined,
  language: Language,
): readonly Schema[] {
  const [outermost, ...inner] = path;
  if (outermost === undefined) return [];
  const innermost = path.at(-1);
  const known = (open: OpenValue): OpenValue => {
    if (open !== innermost || written === undefined) return open;
    return { ...open, members: new Map([...open.members].filter(([name]) => name !== written)) };
  };
  let here = fitting(language.root(outermost.members), known(outermost), language);
  for (const open of inner) {
    here = fitting(
      here.flatMap((one) => member(one, open.key, language)),
      known(open),
      language,
    );
  }
  return here;
}

/** Those of them that a value can be of, as it is now. */
function fitting(schemas: readonly Schema[], open: OpenValue, language: Language): readonly Schema[] {
  const whole = schemas.flatMap((schema) => flat(schema, language, 0));
  return whole.filter((schema) => {
    if (open.type === 'list') return schema.items !== undefined;
    const { properties } = schema;
    if (!isObject(properties)) return isObject(schema.additionalProperties);
    return [...open.members].every(([name, text]) => {
      const only = text === undefined ? undefined : onlyValue(properties[name]);
      return only === undefined || only === text;
    });
  });
}

function onlyValue(schema: unknown): string | undefined {
  return isObject(schema) && typeof schema.const === 'string' ? schema.const : undefined;
}

/** Without references and choices: one schema for each thing that a value may be. */
function flat(schema: Schema, language: Language, depth: number): readonly Schema[] {
  if (depth > maxDepth) return [];
  const { $ref, allOf, anyOf, oneOf } = schema;
  if (typeof $ref === 'string') {
    const target = referred($ref, language.components);
    return target === undefined ? [] : flat(target, language, depth + 1);
  }
  const parts = [allOf, anyOf, oneOf].flatMap((list) => (Array.isArray(list) ? list.filter(isObject) : []));
  const own = parts.length === 0 || schema.properties !== undefined ? [schema] : [];
  return [...own, ...parts.flatMap((part) => flat(part, language, depth + 1))];
}

function referred(ref: string, components: Schema): Schema | undefined {
  const found = ref
    .replace(/^#\//, '')
    .split('/')
    .reduce<unknown>((value, part) => (isObject(value) ? value[part] : undefined), components);
  return isObject(found) ? found : undefined;
}

/** What a member or an element may be. */
function member(
  { properties, items, additionalProperties }: Schema,
  key: string,
  language: Language,
): readonly Schema[] {
  const own = isObject(properties) ? properties[key] : undefined;
  const found = own ?? items ?? additionalProperties;
  return isObject(found) ? flat(found, language, 0) : [];
}

function names(schemas: readonly Schema[], open: OpenValue | undefined): readonly Suggestion[] {
  const known = new Map<string, Suggestion>();
  // As long as it is open which of several it is, what tells them apart comes first and alone.
  const apart = schemas.length > 1 ? discriminator(schemas, open) : undefined;
  for (const { properties, required } of schemas) {
    if (!isObject(properties)) continue;
    for (const [name, schema] of Object.entries(properties)) {
      if (open?.members.has(name) || known.has(name) || !isObject(schema)) continue;
      if (apart !== undefined && properties[apart] !== undefined && name !== apart) continue;
      const needed = Array.isArray(required) && required.includes(name);
      known.set(name, nameOf(name, schema, needed));
    }
  }
  return [...known.values()];
}

/** A member that has one value in most of these, and is not there yet. */
function discriminator(schemas: readonly Schema[], open: OpenValue | undefined): string | undefined {
  const counts = new Map<string, number>();
  for (const { properties } of schemas) {
    if (!isObject(properties)) continue;
    for (const [name, schema] of Object.entries(properties)) {
      if (onlyValue(schema) !== undefined && !open?.members.has(name))
        counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return [...counts].find(([, count]) => count > 1)?.[0];
}

function nameOf(name: string, schema: Schema, needed: boolean): Suggestion {
  const [begin, end, goesOn] = opening(schema);
  const text = `${JSON.stringify(name)}: ${begin}${end}`;
  const about = [needed ? 'required' : '', aboutOf(schema)].filter((part) => part !== '').join(', ');
  return { label: name, about, text, caret: text.length - end.length, goesOn };
}

/** How the value of a member begins and ends, and whether there is a choice of values. */
function opening(schema: Schema): readonly [begin: string, end: string, goesOn: boolean] {
  const only = onlyValue(schema);
  if (only !== undefined) return [JSON.stringify(only), '', false];
  if (choices(schema).length > 0) return ['"', '"', true];
  switch (typeOf(schema)) {
    case 'string':
      return ['"', '"', false];
    case 'array':
      return ['[', ']', false];
    case 'object':
      return ['{ ', ' }', false];
    case 'boolean':
      return ['', '', true];
    default:
      return ['', '', false];
  }
}

function values(schemas: readonly Schema[]): readonly Suggestion[] {
  const known = new Map<string, Suggestion>();
  const offer = (label: string, text: string, about: string, caret = text.length) => {
    if (!known.has(label)) known.set(label, { label, about, text, caret, goesOn: caret < text.length });
  };
  for (const schema of schemas) {
    for (const value of choices(schema)) offer(value, JSON.stringify(value), aboutChoice(schema));
    const { properties, type } = schema;
    if (type === 'boolean') for (const value of ['true', 'false']) offer(value, value, '');
    const named = isObject(properties) ? Object.entries(properties) : [];
    const [kind] = named.filter(([, member]) => onlyValue(member) !== undefined);
    if (kind !== undefined) {
      const [name, member] = kind;
      const value = onlyValue(member) ?? '';
      offer(value, ...template(schema, name, value));
    }
  }
  return [...known.values()];
}

/** An object with what it must have: the caret goes into the first member that is to be written. */
function template(
  schema: Schema,
  name: string,
  value: string,
): readonly [text: string, about: string, caret: number] {
  const { properties, required } = schema;
  const parts = [`${JSON.stringify(name)}: ${JSON.stringify(value)}`];
  let length = 2 + (parts[0]?.length ?? 0);
  let caret: number | undefined;
  for (const other of Array.isArray(required) ? required : []) {
    const own = isObject(properties) ? properties[String(other)] : undefined;
    if (other === name || !isObject(own)) continue;
    const [begin, end] = opening(own);
    const text = `${JSON.stringify(String(other))}: ${begin}${end}`;
    caret ??= length + 2 + text.length - end.length;
    length += 2 + text.length;
    parts.push(text);
  }
  const text = `{ ${parts.join(', ')} }`;
  return [text, aboutOf(schema), caret ?? text.length];
}

function choices(schema: Schema): readonly string[] {
  const { enum: listed, const: only, anyOf, oneOf } = schema;
  const inner = [anyOf, oneOf].flatMap((list) => (Array.isArray(list) ? list.filter(isObject) : []));
  const own = Array.isArray(listed) ? listed : only === undefined ? [] : [only];
  return [...own.filter((one) => typeof one === 'string'), ...inner.flatMap(choices)];
}

function typeOf(schema: Schema): unknown {
  const { type, properties, items, anyOf } = schema;
  if (type !== undefined) return type;
  if (properties !== undefined) return 'object';
  if (items !== undefined) return 'array';
  // The short form of several is a text.
  return Array.isArray(anyOf) ? typeOf(anyOf.filter(isObject)[0] ?? {}) : undefined;
}

function aboutOf(schema: Schema): string {
  const { description, title } = schema;
  if (typeof description === 'string') return description;
  const type = typeOf(schema);
  return typeof type === 'string' ? ({ array: 'list', string: 'text' }[type] ?? type) : String(title ?? '');
}

function aboutChoice({ description }: Schema): string {
  return typeof description === 'string' ? description : '';
}

/** Those that begin with what is typed first, then those that have it in them. */
function ranked(all: readonly Suggestion[], typed: string): readonly Suggestion[] {
  if (typed === '') return all;
  const begins = all.filter(({ label }) => label.toLowerCase().startsWith(typed));
  const holds = all.filter(({ label }) => label.toLowerCase().indexOf(typed) > 0);
  return [...begins, ...holds];
}
