import { isObject } from '../../../protocol/is-object.js';
import { pointerPart } from '../../../protocol/json-pointer.js';
import { type Faults, quoted } from './language/faults.js';
import { momentOf } from './language/formats.js';
import {
  anyType,
  booleanType,
  dateType,
  imageType,
  listOf,
  type Member,
  numberType,
  type Type,
  textType,
} from './language/types.js';
import { isForbidden } from './language/values.js';
import { limits } from './limits.js';

/** The parameters of a design: what they are, what they mean to expressions, and whether values are right for them. */

export const paramTypes = [
  'text',
  'number',
  'date',
  'boolean',
  'image',
  'array',
  'collection',
  'object',
] as const;
/** `array`: a list of values, or of objects where it has `spec`. `collection`: a list of objects. `object`: one of them. */
export type ParamType = (typeof paramTypes)[number];

export interface ParamSpec {
  readonly name: string;
  readonly type: ParamType;
  /** For people; the name where the design has none. */
  readonly label: string;
  readonly description?: string;
  /** The members of its objects. */
  readonly spec?: readonly ParamSpec[];
}

const members: ReadonlySet<string> = new Set(['name', 'type', 'label', 'description', 'spec']);

/** Reads the `params` of a design. What is wrong is a fault, and left out. */
export function readParamSpec(value: unknown, pointer: string, faults: Faults, depth = 1): ParamSpec[] {
  if (!Array.isArray(value)) {
    faults.add(pointer, 'must be a list of parameters');
    return [];
  }
  if (depth > limits.paramDepth) {
    faults.add(pointer, `must not nest deeper than ${limits.paramDepth} levels`);
    return [];
  }
  if (value.length > limits.params) {
    faults.add(pointer, `must have at most ${limits.params} parameters`);
    return [];
  }
  const names = new Set<string>();
  const specs: ParamSpec[] = [];
  for (const [index, entry] of value.entries()) {
    const spec = readParam(entry, `${pointer}/${index}`, faults, depth);
    if (spec === undefined) continue;
    if (names.has(spec.name)) faults.add(`${pointer}/${index}/name`, 'is the name of another parameter, too');
    else specs.push(spec);
    names.add(spec.name);
  }
  return specs;
}

function readParam(entry: unknown, at: string, faults: Faults, depth: number): ParamSpec | undefined {
  if (!isObject(entry)) return faults.add(at, 'must be an object with "name" and "type"');
  for (const key of Object.keys(entry))
    if (!members.has(key)) faults.add(`${at}/${pointerPart(key)}`, 'is not a member of a parameter');
  const { name, label, description, spec } = entry;
  const type = paramTypes.find((known) => known === entry.type);
  if (typeof name !== 'string' || name === '' || name.length > limits.nameChars)
    return faults.add(`${at}/name`, `must be a text of 1 to ${limits.nameChars} characters`);
  if (isForbidden(name) || name.startsWith('$') || name.includes('`'))
    return faults.add(`${at}/name`, `the name ${quoted(name)} is not allowed`);
  if (type === undefined) return faults.add(`${at}/type`, `must be one of ${paramTypes.join(', ')}`);
  if (label !== undefined && (typeof label !== 'string' || label.length > limits.labelChars))
    return faults.add(`${at}/label`, `must be a text of at most ${limits.labelChars} characters`);
  if (
    description !== undefined &&
    (typeof description !== 'string' || description.length > limits.descriptionChars)
  )
    return faults.add(`${at}/description`, `must be a text of at most ${limits.descriptionChars} characters`);
  const isNested = type === 'array' || type === 'collection' || type === 'object';
  if (spec !== undefined && !isNested)
    return faults.add(`${at}/spec`, 'is for parameters of type array, collection and object only');
  const children = spec === undefined ? undefined : readParamSpec(spec, `${at}/spec`, faults, depth + 1);
  return {
    name,
    type,
    label: label ?? name,
    ...(description === undefined ? {} : { description }),
    ...(children === undefined ? {} : { spec: children }),
  };
}

/** What expressions know of a parameter. Each object of a design is a type of its own, which computed columns are added to. */
export function typeOfParam({ type, spec }: ParamSpec): Type {
  switch (type) {
    case 'text':
      return textType;
    case 'number':
      return numberType;
    case 'date':
      return dateType;
    case 'boolean':
      return booleanType;
    case 'image':
      return imageType;
    case 'array':
      return listOf(spec === undefined ? anyType : recordOf(spec));
    case 'collection':
      return listOf(recordOf(spec ?? []));
    case 'object':
      return recordOf(spec ?? []);
  }
}

function recordOf(spec: readonly ParamSpec[]): Type {
  const members = new Map<string, Member>();
  for (const param of spec) {
    const type = typeOfParam(param);
    members.set(param.name, { type: () => type });
  }
  return { kind: 'record', members };
}

/** A value that is not of the type of its parameter. */
export interface ParamFault {
  /** JSON pointer into the values. */
  readonly pointer: string;
  readonly message: string;
}

export interface ParamRules {
  /** Whether a number may be null, which prints blank; the Report Flow dialect refuses it. */
  readonly nullNumbers: 'blank' | 'refused';
}

const maxFaults = 50;

/**
 * Checks values against the parameters of a design. A value that is missing, that is null (but for `nullNumbers`), or that the
 * design does not know never fails. A text may be sent as a number; a number is never a text, nor "".
 */
export function checkParams(
  spec: readonly ParamSpec[],
  params: Readonly<Record<string, unknown>>,
  { nullNumbers }: ParamRules,
): readonly ParamFault[] {
  const check = new ParamCheck(nullNumbers);
  check.members(spec, params, '');
  return check.faults;
}

class ParamCheck {
  readonly faults: ParamFault[] = [];

  constructor(private readonly nullNumbers: ParamRules['nullNumbers']) {}

  members(specs: readonly ParamSpec[], values: Readonly<Record<string, unknown>>, parent: string): void {
    for (const spec of specs) {
      if (this.#isFull) return;
      const value = Object.hasOwn(values, spec.name) ? values[spec.name] : undefined;
      if (value !== undefined) this.#value(spec, value, parent);
    }
  }

  get #isFull(): boolean {
    return this.faults.length >= maxFaults;
  }

  #add(pointer: string, message: string): void {
    if (!this.#isFull) this.faults.push({ pointer, message });
  }

  #value(spec: ParamSpec, value: unknown, parent: string): void {
    const mayBeNull = spec.type !== 'number' || this.nullNumbers === 'blank';
    if (value === null && mayBeNull) return;
    const wrong = defectOf(spec, value);
    // The pointer is put together only where it is needed, since most values are right.
    if (wrong !== undefined) this.#add(`${parent}/${pointerPart(spec.name)}`, wrong);
    else if (spec.spec !== undefined) this.#children(spec.spec, value, `${parent}/${pointerPart(spec.name)}`);
  }

  #children(specs: readonly ParamSpec[], value: unknown, pointer: string): void {
    if (isObject(value)) this.members(specs, value, pointer);
    if (!Array.isArray(value)) return;
    for (const [index, row] of value.entries()) {
      if (this.#isFull) return;
      if (isObject(row)) this.members(specs, row, `${pointer}/${index}`);
      else if (row !== null) this.#add(`${pointer}/${index}`, 'must be an object');
    }
  }
}

/** Of a value that is neither missing nor null. */
function defectOf({ type, spec }: ParamSpec, value: unknown): string | undefined {
  switch (type) {
    case 'text':
      return typeof value === 'string' || typeof value === 'number' ? undefined : 'must be a text';
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) ? undefined : 'must be a number';
    case 'date':
      return typeof value === 'string' && (value === '' || momentOf(value) !== undefined)
        ? undefined
        : 'must be a date such as "2026-11-28", with or without a time';
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'must be true or false';
    case 'image':
      return typeof value === 'string' ? undefined : 'must be an image as base64 or a data: URI';
    case 'array':
      return Array.isArray(value) ? undefined : 'must be a list';
    case 'collection':
      if (!Array.isArray(value)) return 'must be a list of objects';
      return spec === undefined && value.some((row) => row !== null && !isObject(row))
        ? 'must be a list of objects'
        : undefined;
    case 'object':
      return isObject(value) ? undefined : 'must be an object';
  }
}

/** How many values there are, up to a bound. */
export function countValues(value: unknown, most = 10_000_000): number {
  let count = 0;
  const open: unknown[] = [value];
  while (open.length > 0 && count < most) {
    const one = open.pop();
    count += 1;
    if (Array.isArray(one)) for (const entry of one) open.push(entry);
    else if (isObject(one)) for (const key in one) open.push(one[key]);
  }
  return count;
}
