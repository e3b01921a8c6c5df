/**
 * TypeScript from the JSON schemas of requests, as the server checks them: `type` with `properties`, `items`, `anyOf`, `const`,
 * `enum`, `patternProperties`, `additionalProperties`, and `$ref` to `$defs` beside it. A keyword that it does not know is an error.
 * Bounds of numbers and texts are for the server to check.
 */

/** @typedef {Readonly<Record<string, any>>} Schema */

const bounds =
  'minLength maxLength minimum maximum exclusiveMinimum exclusiveMaximum minItems maxItems uniqueItems pattern propertyNames minProperties maxProperties format contentEncoding contentMediaType default examples';
const known = new Set(
  `${bounds} type title description properties required items anyOf const enum patternProperties additionalProperties $ref $defs $id`.split(
    ' ',
  ),
);

/** @type {Readonly<Record<string, string>>} */
const plainTypes = {
  string: 'string',
  number: 'number',
  integer: 'number',
  boolean: 'boolean',
  null: 'null',
};

export class TypeWriter {
  /** By name, in the order in which they were begun. @type {Map<string, string>} */
  #declared = new Map();
  /** Names by body: what is the same is written once. @type {Map<string, string>} */
  #names = new Map();

  /**
   * An interface.
   * @param {string} name
   * @param {Schema} schema of an object
   * @param {{ extends?: string, members?: string, prefix?: string, without?: readonly string[] }} [more] `members`: written before
   *   those of the schema; `prefix`: of the names of what is in it
   */
  declare(name, schema, more = {}) {
    const scope = { prefix: more.prefix ?? '', defs: schema.$defs ?? {}, done: new Set() };
    this.#interface(name, schema, scope, more);
  }

  /** @param {string} name @param {string} type */
  alias(name, type) {
    this.#declared.set(name, `export type ${name} =${type};`);
  }

  text() {
    return [...this.#declared.values()].join('\n\n');
  }

  /** @param {string} name @param {Schema} schema @param {any} scope @param {any} [more] */
  #interface(name, schema, scope, more = {}) {
    // Its place is before those of its members.
    this.#declared.set(name, '');
    const { without = [] } = more;
    const kept = Object.entries(schema.properties ?? {}).filter(([member]) => !without.includes(member));
    const members = this.#members(Object.fromEntries(kept), schema.required ?? [], scope);
    const parent = more.extends === undefined ? '' : ` extends ${more.extends}`;
    this.#declared.set(
      name,
      `${comment(schema, '')}export interface ${name}${parent} {\n${more.members ?? ''}${members}}`,
    );
  }

  /** @param {Readonly<Record<string, Schema>>} properties @param {readonly string[]} required @param {any} scope */
  #members(properties, required, scope) {
    return Object.entries(properties)
      .map(([name, schema]) => {
        const key = /^[A-Za-z_]\w*$/.test(name) ? name : `'${name}'`;
        const mark = required.includes(name) ? '' : '?';
        return `${comment(schema, '  ')}  readonly ${key}${mark}: ${this.#type(schema, scope)};\n`;
      })
      .join('');
  }

  /** @param {Schema} schema @param {any} scope @returns {string} */
  #type(schema, scope) {
    return [...new Set(this.#either(schema, scope))].join(' | ');
  }

  /** The types of which it is one. @param {Schema} schema @param {any} scope @returns {string[]} */
  #either(schema, scope) {
    for (const keyword of Object.keys(schema))
      if (!known.has(keyword)) throw new Error(`${keyword} is no keyword that is known`);
    if (schema.$ref !== undefined) return [this.#referred(schema.$ref, scope)];
    if (schema.const !== undefined) return [literal(schema.const)];
    if (schema.enum !== undefined) return schema.enum.map(literal);
    if (schema.anyOf !== undefined)
      return schema.anyOf.flatMap((/** @type {Schema} */ each) => this.#either(each, scope));
    if (Array.isArray(schema.type))
      return schema.type.flatMap((/** @type {string} */ type) => this.#either({ ...schema, type }, scope));
    if (schema.type === 'array') return [`readonly ${inArray(this.#item(schema.items ?? {}, scope))}[]`];
    if (schema.type === 'object') return [this.#object(schema, scope)];
    if (schema.type === undefined) return ['unknown'];
    const plain = plainTypes[schema.type];
    if (plain === undefined) throw new Error(`${schema.type} is no type that is known`);
    return [plain];
  }

  /** Of a list: what is one of many things with titles gets a name, `Operation`. @param {Schema} schema @param {any} scope */
  #item(schema, scope) {
    const type = this.#type(schema, scope);
    const parts = /** @type {readonly Schema[]} */ (schema.anyOf ?? []);
    if (parts.length < 10 || !parts.every(({ title }) => title !== undefined)) return type;
    const name = `${scope.prefix}Operation`;
    const body = type.replace(/(^| \| )/g, '\n  | ');
    if (!this.#declared.has(name)) this.alias(name, body);
    if (this.#declared.get(name) !== `export type ${name} =${body};`)
      throw new Error(`${name} is two things`);
    return name;
  }

  /** @param {string} ref @param {any} scope */
  #referred(ref, scope) {
    const name = ref.replace('#/$defs/', '');
    const schema = scope.defs[name];
    if (schema === undefined) throw new Error(`${ref} is nowhere`);
    const called = scope.prefix + pascal(name);
    if (!scope.done.has(name)) {
      scope.done.add(name);
      this.#declared.set(called, '');
      this.alias(called, ` ${this.#type(schema, scope)}`);
    }
    return called;
  }

  /** @param {Schema} schema @param {any} given @returns {string} */
  #object(schema, given) {
    const scope =
      schema.$defs === undefined
        ? given
        : { ...given, prefix: given.prefix || schema.title, defs: schema.$defs };
    const pattern = Object.values(schema.patternProperties ?? {})[0];
    const rest = pattern ?? (isSchema(schema.additionalProperties) ? schema.additionalProperties : undefined);
    if (schema.properties === undefined || Object.keys(schema.properties).length === 0)
      return `Readonly<Record<string, ${rest === undefined ? 'unknown' : this.#type(rest, scope)}>>`;
    if (schema.title !== undefined) {
      const prefix = pascal(schema.title) === scope.prefix ? '' : scope.prefix;
      return this.#named(prefix + pascal(schema.title), schema, scope);
    }
    const body = this.#members(schema.properties, schema.required ?? [], scope);
    return `{\n${body.replace(/^(?=.)/gm, '  ')}  }`;
  }

  /** @param {string} name @param {Schema} schema @param {any} scope */
  #named(name, schema, scope) {
    const key = `${name} ${JSON.stringify(schema)}`;
    const there = this.#names.get(key);
    if (there !== undefined) return there;
    let own = name;
    for (let n = 2; this.#declared.has(own); n += 1) own = `${name}${n}`;
    this.#names.set(key, own);
    this.#interface(own, schema, scope);
    return own;
  }
}

/** `add_text` becomes `AddText`. @param {string} name */
export function pascal(name) {
  const words = name.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

/** @param {unknown} value */
function literal(value) {
  return typeof value === 'string' ? `'${value.replace(/['\\]/g, '\\$&')}'` : String(value);
}

/** @param {string} type */
function inArray(type) {
  return /^\w+$/.test(type) ? type : `(${type})`;
}

/** @param {unknown} value */
function isSchema(value) {
  return typeof value === 'object' && value !== null;
}

/** @param {Schema} schema @param {string} indent */
function comment({ description, default: preset }, indent) {
  const text = [description, preset === undefined ? undefined : `Default: ${JSON.stringify(preset)}`]
    .filter((part) => part !== undefined)
    .join('. ');
  return text === '' ? '' : `${indent}/** ${text.replaceAll('*/', '*\\/')} */\n`;
}
