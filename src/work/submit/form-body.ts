import { isObject } from '../../protocol/is-object.js';
import { pointerPart } from '../../protocol/json-pointer.js';
import { type Issue, type Kind, UploadedFile } from '../../render/kind.js';
import type { FormPart } from '../service.js';
import { type JsonBody, jsonExcess, readJsonBody } from './json-body.js';
import { memberSchemas } from './known-members.js';
import { refusalOf } from './refusal.js';

/** The part that holds all other members as JSON. */
const rest = 'request';

/**
 * The request that a form stands for. A part is the member of its name, or one element of it where the member is a list.
 * Text becomes what the schema of the kind, or of the job's options, says: a text, a number, a boolean, or else JSON.
 * Where it is none of these it stays text, and the kind refuses it with its own words. A member that would be there
 * twice is refused.
 * @param kindName the kind of a form that names none
 */
export function readFormBody(form: readonly FormPart[], kindName: string, kinds: readonly Kind[]): JsonBody {
  const named = partsByName(form.filter((part) => !isLeftEmpty(part)));
  const given = named.get(rest) ?? [];
  const [only] = given;
  if (given.length > 1 || (only !== undefined && !('text' in only))) {
    return refusalOf([{ pointer: `/${rest}`, message: 'must be one text part with JSON' }]);
  }
  const base = only === undefined ? undefined : readJsonBody(Buffer.from(only.text));
  if (base !== undefined && !base.ok) return base;
  const members: Record<string, unknown> = { ...base?.value };
  const namedKind = nameOf(named.get('kind')) ?? members.kind ?? kindName;
  const schemas = memberSchemas(kinds.find(({ name }) => name === namedKind));
  const issues: Issue[] = [];
  for (const [name, parts] of named) {
    if (name === rest) continue;
    const pointer = pointerTo(name);
    if (Object.hasOwn(members, name)) {
      issues.push({ pointer, message: `is in the part "${rest}" as well` });
      continue;
    }
    const read = memberOf(parts, Object.hasOwn(schemas, name) ? schemas[name] : undefined);
    if (read.ok) Object.defineProperty(members, name, { value: read.value, ...asMember });
    else issues.push({ pointer, message: read.message });
  }
  return issues.length > 0 ? refusalOf(issues) : { ok: true, value: members };
}

/** A page's form sends this for a field of files in which nobody has chosen one. */
function isLeftEmpty(part: FormPart): boolean {
  return 'file' in part && part.file.fileName === '' && part.file.sizeBytes === 0;
}

/** Also for `__proto__`, which an assignment would not make a member. */
const asMember = { enumerable: true, writable: true, configurable: true };

/** Every file of a request that is no input of its plan: nothing would become of it. */
export function strayFiles(
  members: Readonly<Record<string, unknown>>,
  used: ReadonlySet<unknown>,
): readonly Issue[] {
  const issues: Issue[] = [];
  for (const [name, value] of Object.entries(members)) {
    if (isStray(value, used)) issues.push({ pointer: pointerTo(name), message: noFile });
    if (!Array.isArray(value)) continue;
    for (const [index, element] of value.entries()) {
      if (isStray(element, used)) issues.push({ pointer: `${pointerTo(name)}/${index}`, message: noFile });
    }
  }
  return issues;
}

const noFile = 'is a file, and must not be one here';

function isStray(value: unknown, used: ReadonlySet<unknown>): boolean {
  return value instanceof UploadedFile && !used.has(value);
}

function partsByName(form: readonly FormPart[]): ReadonlyMap<string, readonly FormPart[]> {
  const named = new Map<string, FormPart[]>();
  for (const part of form) {
    const parts = named.get(part.name);
    if (parts === undefined) named.set(part.name, [part]);
    else parts.push(part);
  }
  return named;
}

function nameOf(parts: readonly FormPart[] | undefined): string | undefined {
  const [first] = parts ?? [];
  return first !== undefined && 'text' in first ? first.text : undefined;
}

function pointerTo(name: string): string {
  return `/${pointerPart(name)}`;
}

type Member =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly message: string };

function memberOf(parts: readonly FormPart[], schema: unknown): Member {
  const types = typesOf(schema);
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) {
    if ('file' in first && types.has('array')) return listOf(parts, schema);
    const read = partValue(first, schema);
    if (!types.has('array') || types.has('string') || !read.ok || Array.isArray(read.value)) return read;
    // JSON that is broken stays one text, unless each element is a text.
    const isBroken = typeof read.value === 'string' && /^\s*\[/.test(read.value);
    return isBroken && !typesOf(itemsOf(schema)).has('string') ? read : listOf(parts, schema);
  }
  if (schema === undefined || types.has('array')) return listOf(parts, schema);
  return { ok: false, message: `must be one part, and is ${parts.length}` };
}

function listOf(parts: readonly FormPart[], schema: unknown): Member {
  const items = itemsOf(schema);
  const elements: unknown[] = [];
  for (const part of parts) {
    const read = partValue(part, items);
    if (!read.ok) return read;
    elements.push(read.value);
  }
  return { ok: true, value: elements };
}

function partValue(part: FormPart, schema: unknown): Member {
  const types = typesOf(schema);
  if ('file' in part) {
    // To a reader of objects it would be one, with members that nobody has sent.
    if (types.size > 0 && !types.has('string')) return { ok: false, message: noFile };
    // A file that came back from another thread is of no class.
    return { ok: true, value: new UploadedFile(part.file) };
  }
  const { text } = part;
  if (types.size === 0 || (types.size === 1 && types.has('string'))) return { ok: true, value: text };
  const message = jsonExcess(Buffer.from(text));
  if (message !== undefined) return { ok: false, message };
  const value = parsed(text);
  return { ok: true, value: value !== undefined && types.has(typeOf(value)) ? value : text };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

type JsonType = 'string' | 'number' | 'boolean' | 'object' | 'array' | 'null';

function typeOf(value: unknown): JsonType {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  const type = typeof value;
  return type === 'number' || type === 'boolean' || type === 'string' ? type : 'object';
}

/** The types that a JSON schema allows; none where it does not say. */
function typesOf(schema: unknown): ReadonlySet<JsonType> {
  return new Set(
    variantsOf(schema).flatMap((variant): readonly JsonType[] => {
      if ('const' in variant) return [typeOf(variant.const)];
      if (Array.isArray(variant.enum)) return variant.enum.map(typeOf);
      return [variant.type].flat().flatMap((type) => {
        if (type === 'integer') return ['number'];
        return jsonTypes.find((known) => known === type) ?? [];
      });
    }),
  );
}

const jsonTypes: readonly JsonType[] = ['string', 'number', 'boolean', 'object', 'array', 'null'];

/** The schema of the elements where the schema allows a list. */
function itemsOf(schema: unknown): unknown {
  return variantsOf(schema).find(({ items }) => items !== undefined)?.items;
}

/** A schema without its choices: each is a variant of its own. */
function variantsOf(schema: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (!isObject(schema)) return [];
  const choices = [schema.anyOf, schema.oneOf].flatMap((list): readonly unknown[] =>
    Array.isArray(list) ? list : [],
  );
  return choices.length === 0 ? [schema] : choices.flatMap(variantsOf);
}
