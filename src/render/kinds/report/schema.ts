import { type TSchema, Type } from 'typebox';
import { isObject } from '../../../protocol/is-object.js';
import { documentFields } from '../document/document-fields.js';
import { limits as documentLimits } from '../document/limits.js';
import { operationFields } from '../document/operation-fields.js';
import { fieldSchemas } from '../document/shapes.js';
import { plainFunctions } from './language/functions.js';
import { rowFunctions } from './language/row-functions.js';
import { limits } from './limits.js';
import { paramTypes } from './params.js';

/** A function of expressions, for documentation and completion. */
export interface FunctionDoc {
  readonly name: string;
  readonly signature: string;
  readonly says: string;
  /** Whether its second value is evaluated in each row. */
  readonly ofRows: boolean;
}

export const functionDocs: readonly FunctionDoc[] = [
  ...rowFunctions.map(({ name, signature, says }) => ({ name, signature, says, ofRows: true })),
  ...plainFunctions.map(({ name, signature, says }) => ({ name, signature, says, ofRows: false })),
  {
    name: 't',
    signature: 't(key, ...)',
    says: 'The text of a key in the language of the document; `$1` to `$9` in it are the values that follow',
    ofRows: false,
  },
  {
    name: 'raw',
    signature: 'raw(value)',
    says: 'In the text of `html` and `svg`: the value as it is, where others are escaped',
    ofRows: false,
  },
];

const expression = { type: 'string', description: 'An expression, without braces' };
const anyExpression = { anyOf: [expression, { type: ['number', 'boolean', 'null'] }] };
const braces = { type: 'string', pattern: '\\{\\{', description: 'A text with {{ expressions }}' };
const entryList = { type: 'array', items: {} };

/** The directives, with what their lists hold. */
function directives(list: object): readonly object[] {
  const closed = { type: 'object', additionalProperties: false };
  return [
    {
      ...closed,
      title: '$if',
      description: 'One list or the other',
      properties: Object.fromEntries([
        ['$if', anyExpression],
        ['then', list],
        ['else', list],
      ]),
      required: ['$if'],
    },
    {
      ...closed,
      title: '$for',
      description: 'A list for each entry of another; brings $number, $index, $first and $last',
      properties: {
        $for: { type: 'string', pattern: '^\\s*\\S+\\s+in\\W', description: 'Such as "item in items"' },
        do: list,
        empty: list,
      },
      required: ['$for', 'do'],
    },
    {
      ...closed,
      title: '$let',
      description: 'Names for values in a list',
      properties: { $let: { type: 'object', additionalProperties: anyExpression }, do: list },
      required: ['$let', 'do'],
    },
    {
      ...closed,
      title: '$use',
      description: 'A block',
      properties: { $use: { type: 'string', description: 'Name of a block' } },
      required: ['$use'],
    },
  ];
}

/** The schema of a member of a request where expressions may stand for values, and directives in lists. */
function withExpressions(schema: unknown): object {
  if (!isObject(schema)) return {};
  if (schema.type === 'array' && schema.items !== undefined) {
    const { maxItems: _, minItems: __, items, ...rest } = schema;
    const list = { ...rest, items: { anyOf: [withExpressions(items), ...directives(entryList)] } };
    return { ...picked(schema, 'description'), anyOf: [list, braces] };
  }
  if (schema.type === 'object') {
    if (!isObject(schema.properties)) return schema;
    const properties = Object.entries(schema.properties).map(([key, member]) => [
      key,
      withExpressions(member),
    ]);
    return { ...schema, properties: Object.fromEntries(properties) };
  }
  if (Array.isArray(schema.anyOf))
    return { ...schema, anyOf: [...schema.anyOf.map(withExpressions), braces] };
  const isFree = schema.type === 'string' && schema.pattern === undefined && schema.const === undefined;
  // What it is for stands beside both ways to write it.
  return isFree ? schema : { ...picked(schema, 'description'), anyOf: [schema, braces] };
}

function picked(schema: Readonly<Record<string, unknown>>, key: string): object {
  return schema[key] === undefined ? {} : { [key]: schema[key] };
}

/** What a table carries over pages, beside the form that a document has. */
const carrySchema = {
  type: 'object',
  properties: {
    start: { ...anyExpression, description: 'The amount before the first row; 0 when left out' },
    add: { ...anyExpression, description: 'What a pass of the `$for` in the rows adds' },
    forward: {
      anyOf: [entryList, { type: 'object' }],
      description: 'The row at the end of a page, with $carried',
    },
    brought: {
      anyOf: [entryList, { type: 'object' }],
      description: 'The row at the top of the next page, with $carried',
    },
  },
  required: ['add'],
  additionalProperties: false,
};

function operationSchema(name: string, fields: Parameters<typeof fieldSchemas>[0]): object {
  const members = Object.entries(fieldSchemas(fields)).map(([key, schema]): [string, object] => [
    key,
    key === 'operations'
      ? { $ref: '#/$defs/operations' }
      : key === 'carry'
        ? { anyOf: [withExpressions(plain(schema)), carrySchema] }
        : withExpressions(plain(schema)),
  ]);
  const required = Object.entries(fields).flatMap(([key, field]) => (field.optional ? [] : [key]));
  return {
    type: 'object',
    title: name,
    properties: { type: { const: name }, ...Object.fromEntries(members) },
    required: ['type', ...required],
    additionalProperties: false,
  };
}

/** As JSON: what a schema has beside is not for readers. */
function plain(schema: unknown): unknown {
  return JSON.parse(JSON.stringify(schema));
}

const paramSchema = {
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 1, maxLength: limits.nameChars },
    type: { enum: paramTypes },
    label: { type: 'string', maxLength: limits.labelChars },
    description: { type: 'string', maxLength: limits.descriptionChars },
    spec: { type: 'array', items: { $ref: '#/$defs/param' }, description: 'The members of its objects' },
  },
  required: ['name', 'type'],
  additionalProperties: false,
};

/**
 * JSON Schema of a design (2020-12), for editors and for OpenAPI. It stands for shapes alone: what expressions mean is
 * checked by `compileDesign`.
 */
export const designSchema: TSchema = Type.Unsafe<Readonly<Record<string, unknown>>>({
  type: 'object',
  title: 'Design',
  properties: {
    label: { type: 'string', maxLength: limits.labelChars, description: 'What people call it' },
    locale: {
      type: 'string',
      description: 'Of numbers, dates and texts, such as "de-AT"; may be an expression',
    },
    currency: { type: 'string', description: 'Three letters, such as "EUR"; may be an expression' },
    params: { type: 'array', maxItems: limits.params, items: { $ref: '#/$defs/param' } },
    samples: {
      type: 'object',
      additionalProperties: { type: 'object' },
      maxProperties: limits.samples,
      description: 'Values to try it with, by name',
    },
    texts: {
      type: 'object',
      additionalProperties: { type: 'object', additionalProperties: { type: 'string' } },
      description: 'Texts for t(), by language and key',
    },
    compute: {
      type: 'object',
      additionalProperties: {
        anyOf: [anyExpression, { type: 'object', additionalProperties: anyExpression }],
      },
      description: 'Values by name; under the name of a parameter with rows, columns that its rows get',
    },
    blocks: {
      type: 'object',
      additionalProperties: entryList,
      description: 'Lists by name, for $use',
    },
    ...Object.fromEntries(
      Object.entries(fieldSchemas(documentFields)).map(([key, schema]) => [
        key,
        withExpressions(plain(schema)),
      ]),
    ),
    operations: { $ref: '#/$defs/operations' },
  },
  required: ['operations'],
  additionalProperties: false,
  $defs: {
    param: paramSchema,
    operations: {
      type: 'array',
      maxItems: documentLimits.operations,
      items: {
        anyOf: [
          ...Object.entries(operationFields).map(([name, fields]) => operationSchema(name, fields)),
          ...directives({ $ref: '#/$defs/operations' }),
        ],
      },
    },
  },
});
