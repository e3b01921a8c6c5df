import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { operationNames } from '../../../src/render/kinds/document/operation-fields.js';
import { designSchema } from '../../../src/render/kinds/report/schema.js';

const schema: unknown = JSON.parse(JSON.stringify(designSchema));
const ajv = new Ajv2020({ strict: false, validateFormats: false });
const validate = ajv.compile(typeof schema === 'object' && schema !== null ? schema : {});

describe('the JSON Schema of a design', () => {
  const shipped = new URL('../../../src/designs/shipped/', import.meta.url);
  const docs = readFileSync(new URL('../../../docs/DESIGNS.md', import.meta.url), 'utf8');
  const designs: readonly (readonly [string, unknown])[] = [
    ...readdirSync(shipped).map(
      (name) => [name, JSON.parse(readFileSync(new URL(name, shipped), 'utf8'))] as const,
    ),
    ...[...docs.matchAll(/```json\n([^`]*)```\n\n!\[/g)].map(
      ([, json = ''], index) => [`example ${index}`, JSON.parse(json)] as const,
    ),
  ];

  it.each(designs)('takes %s', (_, design) => {
    expect(validate(design) ? [] : validate.errors).toEqual([]);
  });

  it('takes expressions for values of any sort, and directives in lists', () => {
    const design = {
      page_size: 'A5',
      margin_mm: '{{n}}',
      operations: [
        { type: 'add_text', text: '{{n}}', font_size: '{{n}}', bold: '{{n > 1}}', align: '{{side}}' },
        {
          $if: true,
          then: [{ $for: 'i in list', do: [{ $use: 'block' }], empty: [] }],
          else: [{ $let: { a: 'n', b: 2 }, do: [] }],
        },
        {
          type: 'add_table',
          rows: [['{{n}}', 5, null, { text: '{{n}}' }], { $for: 'i in list', do: [['{{i}}']] }],
        },
      ],
    };
    expect(validate(design) ? [] : validate.errors).toEqual([]);
  });

  it.each([
    ['no operations', {}],
    ['an unknown member', { operations: [], colour: 'red' }],
    ['an unknown type of a parameter', { operations: [], params: [{ name: 'a', type: 'txt' }] }],
    ['a number where none can be', { operations: [{ type: 'add_text', text: 'x', font_size: 'large' }] }],
    ['an unknown operation', { operations: [{ type: 'add_txt', text: 'x' }] }],
    ['an unknown directive', { operations: [{ $each: 'x', do: [] }] }],
  ])('does not take %s', (_, design) => {
    expect(validate(design)).toBe(false);
  });

  it('has every operation, which editors suggest', () => {
    const text = JSON.stringify(schema);
    expect(operationNames.filter((name) => !text.includes(`"title":"${name}"`))).toEqual([]);
  });
});
