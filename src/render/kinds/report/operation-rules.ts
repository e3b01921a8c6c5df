import { isObject } from '../../../protocol/is-object.js';
import { pointerPart } from '../../../protocol/json-pointer.js';
import { bandNames } from '../document/band-names.js';
import { documentFields } from '../document/document-fields.js';
import { Findings } from '../document/findings.js';
import { operationFields, operationNames } from '../document/operation-fields.js';
import type { Field, Fields } from '../document/shapes.js';
import { Carry } from './carry.js';
import type { TreeRules } from './expansion.js';
import { type Faults, hint } from './language/faults.js';

/** What designs have to know of operations: which members are texts, what is wrong before there is data, what is left out. */

const byName: ReadonlyMap<string, Fields> = new Map<string, Fields>(Object.entries(operationFields));

/** Members that are texts in every operation and in the document. */
const texts: ReadonlySet<string> = new Set([
  'text',
  'title',
  'author',
  'subject',
  'keywords',
  'value',
  'html',
  'svg',
  'url',
  'link',
  'name',
  'description',
]);
const bandTexts: ReadonlySet<string> = new Set(['left', 'center', 'right']);
const bands: ReadonlySet<string> = new Set(bandNames);
/** Members that may be an object, and then hold the text in it. */
const shortTexts: ReadonlySet<string> = new Set([...bandNames, 'watermark']);
const textLists: ReadonlySet<string> = new Set(['rows', 'cells', 'headers', 'items', 'forward', 'brought']);
const markup: ReadonlySet<string> = new Set(['html', 'svg']);
/** A label without its code is a fault that somebody should hear of; of a missing text there is nothing to say. */
const told: ReadonlySet<string> = new Set(['add_qr', 'add_barcode', 'add_svg']);

export const operationRules: TreeRules = {
  isText: (key, parent) => texts.has(key) || shortTexts.has(key) || (bandTexts.has(key) && bands.has(parent)),
  isTextList: (key) => textLists.has(key),
  isMarkup: (key) => markup.has(key),
  isImage: (key) => key === 'source',

  check(operation, pointer, faults) {
    const { type, op } = operation;
    const key = type === undefined ? 'op' : 'type';
    const name = type ?? op;
    if (typeof name !== 'string' || name.includes('{{'))
      return faults.add(`${pointer}/${key}`, 'must be the name of an operation, without expressions');
    if (type !== undefined && op !== undefined && type !== op)
      return faults.add(`${pointer}/op`, '"type" and "op" must not differ');
    const fields = byName.get(name);
    if (fields === undefined) {
      const meant = hint(name, operationNames) || `; known are ${operationNames.join(', ')}`;
      return faults.add(`${pointer}/${key}`, `is not a known operation${meant}`);
    }
    checkMembers(name, fields, operation, pointer, faults);
  },

  finish(operation, pointer, x) {
    const name = operation.type ?? operation.op;
    const fields = typeof name === 'string' ? byName.get(name) : undefined;
    if (fields === undefined || typeof name !== 'string') return operation;
    for (const key in operation) {
      const field = fields[key];
      if (field?.optional === true && operation[key] === '' && needsText(field)) delete operation[key];
    }
    if (name === 'add_columns') fillColumns(operation.columns);
    const missing = missingIn(name, fields, operation);
    if (missing === undefined) return operation;
    if (told.has(name)) {
      const message = `${name} is left out, since its "${missing}" has no value`;
      x.note({ pointer, code: 'left_out', message });
    }
    return undefined;
  },
};

/** Members of a document beside its operations. */
export const documentMembers: readonly string[] = Object.keys(documentFields);

/** Looks for what is wrong with the members of the document, before there is data. */
export function checkDocument(design: Readonly<Record<string, unknown>>, faults: Faults): void {
  for (const [key, field] of Object.entries<Field<unknown>>(documentFields)) {
    const value = design[key];
    if (value !== undefined && value !== null && isConstant(value))
      readConstant(field, value, '', key, faults);
  }
}

/** Puts right what missing values have left of a document, so that it can be drawn. */
export function finishDocument(request: Record<string, unknown>, locale: string): void {
  for (const [key, value] of Object.entries(request)) {
    const inner = isObject(value) ? value : {};
    if (bands.has(key) && Array.isArray(inner.operations) && inner.operations.length === 0) {
      const { operations: _, ...rest } = inner;
      request[key] = rest;
    }
    // A watermark needs a text.
    const isBare = key === 'watermark' && isObject(value) && (inner.text ?? '') === '';
    if (value === '' || isBare) delete request[key];
  }
  // With its extensions a locale may be longer than a language is.
  request.language ??= locale.split('-u-')[0] ?? locale;
  const { operations } = request;
  if (Array.isArray(operations) && operations.length === 0) request.operations = [blank];
}

/** Takes no room that could be seen. A document, or a column, has one operation at least. */
const blank = Object.freeze({ type: 'add_spacer', height: 0.01 });

function readConstant(
  field: Field<unknown>,
  value: unknown,
  pointer: string,
  key: string,
  faults: Faults,
): void {
  const findings = new Findings();
  field.shape.read(value, pointer, key, findings);
  for (const issue of findings.issues) faults.add(issue.pointer, issue.message);
}

function checkMembers(
  name: string,
  fields: Fields,
  operation: Readonly<Record<string, unknown>>,
  pointer: string,
  faults: Faults,
): void {
  for (const [key, value] of Object.entries(operation)) {
    if (key === 'type' || key === 'op') continue;
    // What a design says there is turned into what a document has.
    if (key === 'carry' && name === 'add_table' && isObject(value) && Carry.isOf(value)) continue;
    const field = fields[key];
    if (field === undefined) {
      faults.add(
        `${pointer}/${pointerPart(key)}`,
        `is not a member of ${name}${hint(key, Object.keys(fields))}`,
      );
    } else if (value !== null && isConstant(value)) readConstant(field, value, pointer, key, faults);
  }
  for (const [key, field] of Object.entries(fields)) {
    if (!field.optional && (operation[key] === undefined || operation[key] === null))
      faults.add(`${pointer}/${pointerPart(key)}`, 'is required');
  }
}

/** A column without operations keeps its width. */
function fillColumns(columns: unknown): void {
  // What is frozen is as the design has it.
  if (!Array.isArray(columns) || Object.isFrozen(columns)) return;
  for (const [index, column] of columns.entries()) {
    if (isObject(column) && Array.isArray(column.operations) && column.operations.length === 0)
      columns[index] = { ...column, operations: [blank] };
  }
}

/** Whether there is neither an expression nor a directive in it. What is too deep for that is none, either. */
function isConstant(value: unknown, depth = 0): boolean {
  if (typeof value === 'string') return !value.includes('{{');
  if (typeof value !== 'object' || value === null) return true;
  if (depth > 8) return false;
  if (Array.isArray(value)) return value.every((entry) => isConstant(entry, depth + 1));
  return Object.entries(value).every(
    ([key, member]) => !key.startsWith('$') && isConstant(member, depth + 1),
  );
}

/** Whether the member must not be empty. */
function needsText({ shape }: Field<unknown>): boolean {
  const least: unknown = Reflect.get(shape.schema, 'minLength');
  return typeof least === 'number' && least > 0;
}

/** The member without which the operation cannot be drawn. */
function missingIn(
  name: string,
  fields: Fields,
  operation: Readonly<Record<string, unknown>>,
): string | undefined {
  for (const key in fields) {
    const field = fields[key];
    if (field === undefined || field.optional) continue;
    const value = operation[key];
    if (value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0))
      return key;
  }
  if (name === 'set_font') return Object.keys(operation).some((key) => key in fields) ? undefined : 'family';
  if (name === 'add_link')
    return operation.text === undefined && operation.width === undefined ? 'text' : undefined;
  if (name === 'add_table') {
    const { rows, headers, html } = operation;
    const isEmpty =
      html === undefined && headers === undefined && (!Array.isArray(rows) || rows.length === 0);
    return isEmpty ? 'rows' : undefined;
  }
  return undefined;
}
