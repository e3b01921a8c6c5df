import { type TSchema, Type } from 'typebox';
import { isObject } from '../../../protocol/is-object.js';
import { child, type Findings } from './findings.js';

/**
 * A shape is one description of a value with two faces: `schema` for OpenAPI, and `read`, which checks the value and
 * returns it normalised. `read` never throws; it returns undefined exactly when it has added a finding. The pointer is
 * put together from `parent` and `key` only where it is needed, since most members are right.
 */
export interface Shape<T> {
  readonly schema: TSchema;
  read(value: unknown, parent: string, key: string | number, findings: Findings): T | undefined;
}

export type ValueOf<S> = S extends Shape<infer T> ? T : never;

export interface Field<T> {
  readonly shape: Shape<T>;
  readonly optional: boolean;
}
export interface Required<T> extends Field<T> {
  readonly optional: false;
}
export interface Optional<T> extends Field<T> {
  readonly optional: true;
}
export type Fields = Readonly<Record<string, Field<unknown>>>;

type RequiredKeys<F> = { [K in keyof F]: F[K] extends Required<unknown> ? K : never }[keyof F];
type OptionalKeys<F> = { [K in keyof F]: F[K] extends Optional<unknown> ? K : never }[keyof F];
type FieldValue<F> = F extends Field<infer T> ? T : never;
export type Members<F> = { readonly [K in RequiredKeys<F>]: FieldValue<F[K]> } & {
  readonly [K in OptionalKeys<F>]?: FieldValue<F[K]>;
};

export const required = <T>(shape: Shape<T>): Required<T> => ({ shape, optional: false });
export const optional = <T>(shape: Shape<T>): Optional<T> => ({ shape, optional: true });

export interface NumberBounds {
  readonly min?: number;
  readonly above?: number;
  readonly max: number;
  readonly integer?: boolean;
  readonly description?: string;
}

function numberRule({ min, above, max, integer }: NumberBounds): string {
  const what = integer === true ? 'must be a whole number' : 'must be a number';
  if (above !== undefined) return `${what} > ${above} and <= ${max}`;
  return min === undefined ? `${what} <= ${max}` : `${what} from ${min} to ${max}`;
}

export function number(bounds: NumberBounds): Shape<number> {
  const { min = Number.NEGATIVE_INFINITY, above = Number.NEGATIVE_INFINITY, max, integer = false } = bounds;
  const rule = numberRule(bounds);
  const options = {
    ...(bounds.min === undefined ? {} : { minimum: bounds.min }),
    ...(bounds.above === undefined ? {} : { exclusiveMinimum: bounds.above }),
    maximum: max,
    ...(bounds.description === undefined ? {} : { description: bounds.description }),
  };
  return {
    schema: integer ? Type.Integer(options) : Type.Number(options),
    read(value, parent, key, findings) {
      const good =
        typeof value === 'number' &&
        value >= min &&
        (value > above || above === Number.NEGATIVE_INFINITY) &&
        value <= max &&
        (!integer || Number.isInteger(value));
      // NaN fails every comparison, infinities fail against `max` and `min`; JSON has neither anyway.
      return good && Number.isFinite(value) ? value : findings.add(child(parent, key), rule);
    },
  };
}

/** The reason for which a string cannot be set as text, or undefined. */
export function stringDefect(value: string): string | undefined {
  if (value.includes('\u0000')) return 'must not contain NUL characters';
  if (!value.isWellFormed()) return 'must be well-formed Unicode (it has a lone surrogate)';
  return undefined;
}

export interface TextBounds {
  readonly min?: number;
  readonly max: number;
  readonly description?: string;
  readonly pattern?: { readonly test: RegExp; readonly rule: string };
}

/** A string of `min`..`max` UTF-16 units, well-formed and without NUL. */
export function text({ min = 0, max, description, pattern }: TextBounds): Shape<string> {
  return {
    schema: Type.String({
      ...(min > 0 ? { minLength: min } : {}),
      maxLength: max,
      ...(description === undefined ? {} : { description }),
      ...(pattern === undefined ? {} : { pattern: pattern.test.source }),
    }),
    read(value, parent, key, findings) {
      if (typeof value !== 'string') return findings.add(child(parent, key), 'must be a string');
      if (value.length < min) {
        return findings.add(
          child(parent, key),
          min === 1 ? 'must not be empty' : `must have at least ${min} characters`,
        );
      }
      if (value.length > max) return findings.add(child(parent, key), `must have at most ${max} characters`);
      const defect = stringDefect(value);
      if (defect !== undefined) return findings.add(child(parent, key), defect);
      if (pattern !== undefined && !pattern.test.test(value))
        return findings.add(child(parent, key), pattern.rule);
      return value;
    },
  };
}

/** An object of texts, well-formed and without NUL, as are their names. */
export function texts({
  maxBytes,
  description,
}: {
  readonly maxBytes: number;
  readonly description: string;
}): Shape<Readonly<Record<string, string>>> {
  return {
    schema: Type.Record(Type.String(), Type.String(), { description }),
    read(value, parent, key, findings) {
      const at = child(parent, key);
      if (!isObject(value)) return findings.add(at, 'must be an object of texts');
      let bytes = 0;
      const pairs: [string, string][] = [];
      for (const [name, text] of Object.entries(value)) {
        if (typeof text !== 'string') return findings.add(child(at, name), 'must be a string');
        const defect = stringDefect(text) ?? stringDefect(name);
        if (defect !== undefined) return findings.add(at, `has a text or a name that ${defect}`);
        bytes += Buffer.byteLength(name) + Buffer.byteLength(text);
        pairs.push([name, text]);
      }
      if (bytes > maxBytes) return findings.add(at, `must have at most ${maxBytes} bytes`);
      // Not by assignment: `__proto__` is a name like any other.
      return Object.fromEntries(pairs);
    },
  };
}

export function boolean(description?: string): Shape<boolean> {
  return {
    schema: Type.Boolean(description === undefined ? {} : { description }),
    read: (value, parent, key, findings) =>
      typeof value === 'boolean' ? value : findings.add(child(parent, key), 'must be true or false'),
  };
}

export function choice<const T extends string>(values: readonly T[], description?: string): Shape<T> {
  const known = new Map<unknown, T>(values.map((value) => [value, value]));
  const rule = `must be one of ${values.map((value) => JSON.stringify(value)).join(', ')}`;
  return {
    schema: Type.Union(
      values.map((value) => Type.Literal(value)),
      description === undefined ? {} : { description },
    ),
    read: (value, parent, key, findings) => known.get(value) ?? findings.add(child(parent, key), rule),
  };
}

export function list<T>(
  item: Shape<T>,
  { min = 0, max }: { readonly min?: number; readonly max: number },
): Shape<T[]> {
  return {
    schema: Type.Array(item.schema, { minItems: min, maxItems: max }),
    read(value, parent, key, findings) {
      const pointer = child(parent, key);
      if (!Array.isArray(value)) return findings.add(pointer, 'must be an array');
      if (value.length < min)
        return findings.add(pointer, min === 1 ? 'must not be empty' : `must have at least ${min} items`);
      if (value.length > max) return findings.add(pointer, `must have at most ${max} items`);
      const items: T[] = [];
      let good = true;
      for (let i = 0; i < value.length && !findings.full; i++) {
        const read = item.read(value[i], pointer, i, findings);
        if (read === undefined) good = false;
        else items.push(read);
      }
      return good && !findings.full ? items : undefined;
    },
  };
}

/** The members of `record` that `fields` knows; undefined after any finding. Unknown members are left to the caller. */
export function readFields<F extends Fields>(
  fields: F,
  record: Record<string, unknown>,
  pointer: string,
  findings: Findings,
): Members<F> | undefined {
  const members: Record<string, unknown> = {};
  let good = true;
  for (const key in fields) {
    const field = fields[key];
    if (field === undefined) continue;
    const value = record[key];
    // A null says "not given", as in the clients that serialise absent members that way.
    if (value === undefined || value === null) {
      if (!field.optional) {
        findings.add(child(pointer, key), 'is required');
        good = false;
      }
      continue;
    }
    const read = field.shape.read(value, pointer, key, findings);
    if (read === undefined) good = false;
    else members[key] = read;
  }
  return good ? (members as Members<F>) : undefined;
}

export function fieldSchemas(fields: Fields): Record<string, TSchema> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, field]) => [
      key,
      field.optional ? Type.Optional(field.shape.schema) : field.shape.schema,
    ]),
  );
}

/** An object with these members and no others. `title` names it in the documentation and in the types of clients. */
export function object<F extends Fields>(fields: F, description?: string, title?: string): Shape<Members<F>> {
  const known = new Set(Object.keys(fields));
  return {
    schema: Type.Object(fieldSchemas(fields), {
      additionalProperties: false,
      ...(description === undefined ? {} : { description }),
      ...(title === undefined ? {} : { title }),
    }),
    read(value, parent, key, findings) {
      const pointer = child(parent, key);
      if (!isObject(value)) return findings.add(pointer, 'must be an object');
      let good = true;
      for (const name of Object.keys(value)) {
        if (known.has(name)) continue;
        findings.add(child(pointer, name), 'is not a known member');
        good = false;
      }
      const members = readFields(fields, value, pointer, findings);
      return good ? members : undefined;
    },
  };
}

/** One shape or another, chosen by `pick`, so that a finding names the branch that the caller meant. */
export function either<A, B>(
  pick: (value: unknown) => boolean,
  first: Shape<A>,
  second: Shape<B>,
): Shape<A | B> {
  return {
    schema: Type.Union([first.schema, second.schema]),
    read: (value, parent, key, findings): A | B | undefined =>
      (pick(value) ? first : second).read(value, parent, key, findings),
  };
}
