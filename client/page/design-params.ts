import { isObject } from '../../src/protocol/is-object.js';

/** A parameter of a design, as its text declares it. */
export interface Param {
  readonly name: string;
  /** `text`, `number`, ...: what is not known is written as JSON. */
  readonly type: string;
  readonly label: string;
  readonly description?: string;
  /** The members of its objects; empty where it has none. */
  readonly spec: readonly Param[];
}

export type Values = Readonly<Record<string, unknown>>;

/** The parameters of a design that may be half written. */
export function paramsOf(design: Values | undefined): readonly Param[] {
  return readParams(design?.params);
}

function readParams(given: unknown): readonly Param[] {
  if (!Array.isArray(given)) return [];
  const names = new Set<string>();
  return given.filter(isObject).flatMap(({ name, type, label, description, spec }): readonly Param[] => {
    if (typeof name !== 'string' || name === '' || names.has(name)) return [];
    names.add(name);
    const words = typeof label === 'string' && label !== '' ? label : name;
    const about = typeof description === 'string' ? { description } : {};
    return [{ name, type: String(type), label: words, ...about, spec: readParams(spec) }];
  });
}

/** Values to try a design with, by name, in the order of its text. */
export function samplesOf(design: Values | undefined): ReadonlyMap<string, Values> {
  const samples = design?.samples;
  if (!isObject(samples)) return new Map();
  return new Map(
    Object.entries(samples).flatMap(([name, values]) => (isObject(values) ? [[name, values] as const] : [])),
  );
}

/** The same values with another one; undefined takes it out. */
export function withValue(values: Values, name: string, value: unknown): Values {
  const { [name]: _, ...rest } = values;
  if (value === undefined) return rest;
  // In its place, where it had one: the order of the form stays that of the values.
  return Object.hasOwn(values, name) ? { ...values, [name]: value } : { ...rest, [name]: value };
}

/** An entry of a list that nobody has filled yet. */
export function emptyEntry(spec: readonly Param[]): unknown {
  if (spec.length === 0) return '';
  return Object.fromEntries(spec.filter(({ type }) => type === 'boolean').map(({ name }) => [name, false]));
}

/** The number that a field holds; undefined for an empty one, and the text itself where it is none. */
export function numberIn(text: string): number | string | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  const value = Number(trimmed);
  return Number.isFinite(value) ? value : text;
}
