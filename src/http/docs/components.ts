import { isObject } from '../../protocol/is-object.js';
import { describedMember } from './member-texts.js';

/**
 * JSON schemas as OpenAPI components. Programs that write clients make a type of each component and none of what stands
 * within another schema, so that everything with a name gets one: by its `$id`, its `title`, its place in `$defs`, or as
 * one of several that a member with a fixed value tells apart.
 */

type Schema = Readonly<Record<string, unknown>>;
type Ref = { readonly $ref: string };

/** Where a schema stands: what its `$defs` are, and how the names within it begin. */
interface Place {
  readonly prefix: string;
  readonly defs: Schema;
  /** Of the member that it is the value of; empty where there is none. */
  readonly member: string;
  /** The component that it is in. */
  readonly within: string;
}

/** By which one of several is chosen, in this order. */
const tellingMembers = ['type', 'kind', 'status'] as const;
/** As many things in a list have a name together. */
const namedFrom = 10;

export class Components {
  readonly schemas: Record<string, unknown> = {};
  /** Names by what is under them: what is the same is there once. */
  readonly #names = new Map<string, string>();

  /** A copy with references to components, which are added. */
  use(schema: object, within = ''): unknown {
    return this.#copy(schema, { prefix: '', defs: {}, member: '', within });
  }

  #copy(schema: unknown, given: Place): unknown {
    if (Array.isArray(schema)) return schema.map((each: unknown) => this.#copy(each, given));
    if (!isObject(schema)) return schema;
    if (typeof schema.$id === 'string') return this.#named(schema.$id, without(schema, '$id'), given);
    if (typeof schema.$ref === 'string') return this.#referred(schema.$ref, given);
    const place = isObject(schema.$defs)
      ? { ...given, prefix: given.prefix || pascal(String(schema.title)), defs: schema.$defs }
      : given;
    const { $defs: _, ...rest } = schema;
    if (typeof rest.title === 'string' && isObject(rest.properties)) {
      const own = pascal(rest.title);
      return this.#component(own === place.prefix ? own : place.prefix + own, without(rest, 'title'), place);
    }
    return this.#members(rest, place);
  }

  /** What has an `$id` has one meaning, whatever stands there the second time. */
  #named(name: string, schema: Schema, place: Place): object {
    if (!(name in this.schemas)) {
      // Its place in the document, and an end to what refers to itself.
      this.schemas[name] = {};
      this.schemas[name] = this.#copy(schema, { ...place, prefix: '', member: '', within: name });
    }
    return refTo(name);
  }

  #referred(ref: string, place: Place): object {
    const name = ref.replace('#/$defs/', '');
    const schema = place.defs[name];
    if (!isObject(schema)) throw new Error(`The reference ${ref} leads nowhere`);
    return this.#component(place.prefix + pascal(name), schema, { ...place, member: name });
  }

  /** A component of this name, or of this name and a number where something else has it. */
  #component(name: string, schema: Schema, place: Place): Ref {
    // What it is for differs from place to place.
    const { description, ...shape } = tellingMembers.some((member) => constOf(schema, member))
      ? { ...schema, description: undefined }
      : schema;
    const beside = typeof description === 'string' ? { description } : {};
    const key = `${name} ${JSON.stringify(shape)}`;
    const known = this.#names.get(key);
    if (known !== undefined) return { ...refTo(known), ...beside };
    let own = name;
    for (let n = 2; own in this.schemas; n += 1) own = `${name}${n}`;
    this.#names.set(key, own);
    this.schemas[own] = {};
    const described = typeof schema.description === 'string' && !('description' in beside);
    this.schemas[own] = this.#members(described ? schema : shape, { ...place, within: own });
    return { ...refTo(own), ...beside };
  }

  #members(schema: Schema, place: Place): Schema {
    const { anyOf, oneOf, properties, ...rest } = schema;
    const copy: Record<string, unknown> = Object.fromEntries(
      Object.entries(rest).map(([key, value]) =>
        isLiteral(key) ? [key, value] : [key, this.#copy(value, place)],
      ),
    );
    if (isObject(properties) && Object.keys(properties).length > 0) {
      copy.properties = Object.fromEntries(
        Object.entries(properties).map(([name, member]) => [name, this.#member(name, member, place)]),
      );
    }
    const parts: unknown = anyOf ?? oneOf;
    return Array.isArray(parts) ? { ...copy, ...this.#oneOfThem(parts, place) } : copy;
  }

  /** A reference has its description beside it, which 3.1 allows; whatever has none is looked up. */
  #member(name: string, member: unknown, place: Place): unknown {
    const copy = this.#copy(member, { ...place, member: name });
    if (!isObject(copy)) return copy;
    if (typeof copy.description === 'string') return copy;
    const own = isObject(member) && typeof member.description === 'string' ? member.description : undefined;
    const description = own ?? describedMember(place.within, name);
    return description === undefined ? copy : { ...copy, description };
  }

  #oneOfThem(parts: readonly unknown[], place: Place): Schema {
    const flat = parts.flatMap((part) => (isUnion(part) ? part.anyOf : [part]));
    // Any value at all: the others are examples of it.
    if (flat.some((part) => isObject(part) && Object.keys(part).length === 0)) return {};
    if (flat.every((part) => isObject(part) && typeof part.const === 'string')) {
      return { type: 'string', enum: flat.map((part) => (part as Schema).const) };
    }
    const telling = tellingMembers.find((name) => flat.filter((part) => constOf(part, name)).length > 1);
    if (telling === undefined) return anyOfThem(flat.map((part) => this.#copy(part, place)));
    const told = flat.filter((part) => constOf(part, telling) !== undefined);
    const chosen = this.#chosen(told, telling, place);
    const others = flat.filter((part) => !told.includes(part));
    return anyOfThem([chosen, ...others.map((part) => this.#copy(part, place))]);
  }

  #chosen(told: readonly unknown[], telling: string, place: Place): Schema {
    const mapping: Record<string, string> = {};
    const byValue = new Map<string, unknown[]>();
    for (const part of told) {
      const value = constOf(part, telling) ?? '';
      byValue.set(value, [...(byValue.get(value) ?? []), part]);
    }
    // What tells them apart is another member.
    if (byValue.size === 1) return anyOfThem(told.map((part) => this.#copy(part, place)));
    const oneOf = [...byValue].map(([value, alike]) => {
      const part = alike.length === 1 ? alike[0] : { anyOf: alike };
      const copy = this.#copy(part, place);
      const ref = isRef(copy) ? copy : this.#component(nameOfOne(place, value), part as Schema, place);
      mapping[value] = ref.$ref;
      return ref;
    });
    const choice = { oneOf, discriminator: { propertyName: telling, mapping } };
    if (place.member === '' || told.length < namedFrom) return choice;
    const name = place.prefix + pascal(place.member.replace(/s$/, ''));
    this.schemas[name] ??= choice;
    return refTo(name);
  }
}

/** `overlays` with `qr` becomes `OverlayQr`. */
function nameOfOne({ prefix, member }: Place, value: string): string {
  return prefix + pascal(member.replace(/s$/, '')) + pascal(value);
}

/** The one value that a member of an object may have, also of an object that is several together. */
function constOf(schema: unknown, name: string): string | undefined {
  if (!isObject(schema)) return undefined;
  const { properties, allOf } = schema;
  const member = isObject(properties) ? properties[name] : undefined;
  if (isObject(member) && typeof member.const === 'string') return member.const;
  return Array.isArray(allOf) ? allOf.map((part) => constOf(part, name)).find((one) => one) : undefined;
}

/** Each of them once; what is one alone is that. */
function anyOfThem(parts: readonly unknown[]): Schema {
  const different = [...new Map(parts.map((part) => [JSON.stringify(part), part])).values()];
  const [only] = different;
  return different.length === 1 && isObject(only) ? only : { anyOf: different };
}

function isUnion(schema: unknown): schema is { readonly anyOf: readonly unknown[] } {
  return isObject(schema) && Array.isArray(schema.anyOf) && Object.keys(schema).length === 1;
}

function isRef(schema: unknown): schema is Ref {
  return isObject(schema) && typeof schema.$ref === 'string';
}

/** Keywords whose values are no schemas. */
function isLiteral(keyword: string): boolean {
  return ['const', 'enum', 'default', 'example', 'examples', 'required'].includes(keyword);
}

function refTo(name: string): Ref {
  return { $ref: `#/components/schemas/${name}` };
}

function without(schema: Schema, key: string): Schema {
  return Object.fromEntries(Object.entries(schema).filter(([name]) => name !== key));
}

/** `add_text` becomes `AddText`. */
export function pascal(name: string): string {
  const words = name.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}
