import { Type } from 'typebox';
import { symbologyNames } from './codes.js';
import {
  align,
  anyFontSize,
  color,
  family,
  flag,
  language,
  lineText,
  link,
  mapped,
  mm,
  orientation,
  pageSize,
  place,
  positiveMm,
  raw,
} from './fields.js';
import { limits } from './limits.js';
import {
  choice,
  either,
  type Fields,
  fieldSchemas,
  type Members,
  number,
  object,
  optional,
  required,
  text,
} from './shapes.js';
import { rowStyle, styleFields } from './table-style.js';

/** The catalogue of operations: which members each of them has. What else must hold is in `operations.ts`. */

const bold = optional(flag('Bold'));
const italic = optional(flag('Italic'));
const underline = optional(flag('Underlined'));
const lineWidth = optional(number({ min: 0.01, max: 50, description: 'Thickness of the line, mm' }));

/** In the place of the space that the operation has by itself. */
const space = {
  space_before: optional(mm('Space above')),
  space_after: optional(mm('Space below')),
};
const keepWithNext = optional(flag('It stands on the page of what follows it'));

const cellSchema = Type.Union([
  Type.String(),
  Type.Number(),
  Type.Null(),
  Type.Object(
    {
      text: Type.String(),
      bold: Type.Optional(Type.Boolean()),
      italic: Type.Optional(Type.Boolean()),
      underline: Type.Optional(Type.Boolean()),
      color: Type.Optional(Type.String()),
      background: Type.Optional(Type.String()),
      align: Type.Optional(align.schema),
      font_size: Type.Optional(Type.Number()),
      link: Type.Optional(Type.String()),
      colspan: Type.Optional(Type.Integer({ minimum: 1 })),
      rowspan: Type.Optional(Type.Integer({ minimum: 1 })),
    },
    { title: 'cell', additionalProperties: false },
  ),
]);
const cellsSchema = Type.Array(cellSchema, { maxItems: limits.tableColumns });
const rowSchema = Type.Union([
  cellsSchema,
  Type.Object(
    {
      cells: cellsSchema,
      ...fieldSchemas(styleFields),
      keep_with_next: Type.Optional(
        Type.Boolean({ description: 'The row is on the page of the next one, where both fit on a page' }),
      ),
    },
    { title: 'row', additionalProperties: false, description: 'A row with a look of its own' },
  ),
]);
const linesSchema = (what: string) =>
  Type.Optional(
    Type.Union([rowSchema, Type.Array(rowSchema, { maxItems: limits.tableRows + 1 })], {
      description: `${what}; "{carried}" stands for the amount. Or a line for each place between two rows`,
    }),
  );
const amountSchema = Type.Union([Type.Number(), Type.String(), Type.Null()]);
const carrySchema = Type.Object(
  {
    start: Type.Optional(amountSchema),
    values: Type.Optional(
      Type.Array(amountSchema, { description: 'What each of `rows` adds: exact decimals' }),
    ),
    format: Type.Optional(
      Type.Object(
        {
          decimals: Type.Optional(Type.Integer({ minimum: 0, maximum: 20 })),
          group: Type.Optional(Type.String({ maxLength: 4 })),
          point: Type.Optional(Type.String({ minLength: 1, maxLength: 4 })),
        },
        { title: 'amount_format', additionalProperties: false, description: 'How the amount is written' },
      ),
    ),
    forward: linesSchema('Line where a page ends'),
    brought: linesSchema('Line where the next page begins'),
  },
  {
    title: 'carry',
    additionalProperties: false,
    description: 'Amounts that are carried over pages (docs/DOCUMENTS.md)',
  },
);
const sideMm = optional(number({ min: 0, max: 100 }));
/** One length for all sides, or one for each; a side that is left out is as without the member. */
const sides = (description: string) =>
  either(
    (value) => typeof value === 'number',
    number({ min: 0, max: 100, description }),
    object({ top: sideMm, right: sideMm, bottom: sideMm, left: sideMm }, description, 'sides'),
  );
const itemSchema = Type.Union([
  Type.String(),
  Type.Object(
    {
      text: Type.String(),
      items: Type.Optional(Type.Array(Type.Unknown())),
      ordered: Type.Optional(Type.Boolean()),
    },
    { title: 'list_item', additionalProperties: false },
  ),
]);

export const operationFields = {
  add_text: {
    text: required(text({ min: 1, max: limits.textChars })),
    ...place,
    width: optional(positiveMm('Width of the text block')),
    font_size: optional(anyFontSize),
    align: optional(align),
    bold,
    italic,
    underline,
    color: optional(color),
    line_height: optional(number({ min: 0.5, max: 10, description: 'Factor of the font size' })),
    link: optional(link),
    lang: optional(language),
    heading: optional(
      number({
        min: 1,
        max: 6,
        integer: true,
        description: 'Level of a heading: gets a bookmark and a line in the table of contents',
      }),
    ),
    keep_with_next: keepWithNext,
    ...space,
  },
  set_font: {
    family: optional(family),
    style: optional(
      mapped(
        text({ max: 3, description: 'Any of B, I and U, or empty' }),
        (style) => (/^(?!.*(.).*\1)[BIU]*$/i.test(style) ? style.toUpperCase() : undefined),
        'must be "", "B", "I", "BI" or "U"',
      ),
    ),
    size: optional(anyFontSize),
  },
  add_page: { page_size: optional(pageSize), orientation: optional(orientation) },
  add_image: {
    source: required(
      text({ min: 1, max: limits.base64Chars, description: 'data: URI, base64, or http(s) address' }),
    ),
    ...place,
    width: optional(positiveMm('Width')),
    height: optional(positiveMm('Height')),
    fit: optional(choice(['fill', 'contain', 'cover'], 'How the image fills width x height')),
    align: optional(choice(['left', 'center', 'right'])),
    link: optional(link),
    ...space,
  },
  add_table: {
    html: optional(text({ min: 1, max: limits.htmlChars })),
    headers: optional(raw(cellsSchema)),
    rows: optional(raw(Type.Array(rowSchema, { maxItems: limits.tableRows }))),
    widths: optional(
      raw(Type.Array(Type.Union([Type.Number(), Type.String({ description: 'mm, "auto", "*" or "25%"' })]))),
    ),
    align: optional(raw(Type.Array(align.schema, { maxItems: limits.tableColumns }))),
    header_rows: optional(number({ min: 0, max: 20, integer: true })),
    keep_rows: optional(flag('Rows that fit on a page are not cut, nor those that a cell spans')),
    keep_with_next: optional(flag('The last row is on the page of what follows the table')),
    zebra: optional(flag('Shade every other row')),
    borders: optional(choice(['grid', 'lines', 'none'])),
    cell_padding: optional(sides('Between the text of a cell and its edges, mm')),
    line_color: optional(color),
    line_width: optional(number({ min: 0.01, max: 10, description: 'Thickness of its lines, mm' })),
    header_style: optional(rowStyle),
    row_style: optional(rowStyle),
    carry: optional(raw(carrySchema)),
    font_size: optional(anyFontSize),
    lang: optional(language),
    ...space,
  },
  add_html: {
    html: required(text({ min: 1, max: limits.htmlChars })),
    lang: optional(language),
    ...space,
  },
  add_list: {
    items: required(raw(Type.Array(itemSchema, { minItems: 1, maxItems: limits.listItems }))),
    ordered: optional(flag('Numbered')),
    start: optional(number({ min: 0, max: 1_000_000, integer: true })),
    style: optional(
      choice([
        'disc',
        'circle',
        'square',
        'none',
        'decimal',
        'lower-alpha',
        'upper-alpha',
        'lower-roman',
        'upper-roman',
      ]),
    ),
    font_size: optional(anyFontSize),
    color: optional(color),
    lang: optional(language),
    ...space,
  },
  add_link: {
    url: required(link),
    text: optional(text({ min: 1, max: limits.textChars })),
    ...place,
    width: optional(positiveMm('Width of the clickable area')),
    height: optional(positiveMm('Height of the clickable area')),
    font_size: optional(anyFontSize),
    color: optional(color),
    align: optional(align),
  },
  add_toc: {
    title: optional(lineText('Line above the table of contents')),
    font_size: optional(anyFontSize),
  },
  add_line: {
    x1: optional(mm('Start')),
    y1: optional(mm('Start')),
    x2: optional(mm('End')),
    y2: optional(mm('End')),
    line_width: lineWidth,
    color: optional(color),
    dash: optional(number({ above: 0, max: 100, description: 'Length of a dash, mm' })),
    ...space,
  },
  add_rect: {
    x: required(mm('Left edge')),
    y: required(mm('Top edge')),
    width: required(positiveMm('Width')),
    height: required(positiveMm('Height')),
    line_width: lineWidth,
    color: optional(color),
    fill: optional(color),
    radius: optional(mm('Corner radius')),
    opacity: optional(number({ min: 0, max: 1 })),
  },
  add_qr: {
    value: required(text({ min: 1, max: limits.qrChars })),
    ...place,
    size: optional(
      number({
        min: 5,
        max: 1_000,
        description:
          'Side of the code, mm, without its quiet zone of four modules; else 30, or what modules of 0.33 mm need',
      }),
    ),
    ecc: optional(choice(['L', 'M', 'Q', 'H'], 'Error correction')),
    color: optional(color),
    align: optional(choice(['left', 'center', 'right'])),
    ...space,
  },
  add_barcode: {
    symbology: required(choice(symbologyNames)),
    value: required(text({ min: 1, max: limits.barcodeChars })),
    ...place,
    width: optional(
      positiveMm(
        'Width of the code without its quiet zones; else modules of 0.33 mm, of a square matrix 0.5 mm',
      ),
    ),
    height: optional(positiveMm('Height, the text under the bars counted')),
    show_text: optional(flag('Print the value under the bars')),
    color: optional(color),
    align: optional(choice(['left', 'center', 'right'])),
    ...space,
  },
  add_svg: {
    svg: required(text({ min: 1, max: limits.svgChars })),
    ...place,
    width: optional(positiveMm('Width')),
    height: optional(positiveMm('Height')),
    align: optional(choice(['left', 'center', 'right'])),
    ...space,
  },
  add_columns: {
    columns: required(
      raw(
        Type.Array(
          Type.Object(
            {
              width: Type.Optional(
                Type.Union([Type.Number(), Type.String({ description: 'mm, "auto", "*" or "25%"' })]),
              ),
              operations: Type.Array(Type.Unknown(), {
                description: 'Operations, but for add_page, add_page_break and add_toc',
              }),
            },
            { title: 'column', additionalProperties: false },
          ),
          { minItems: 1, maxItems: limits.columns },
        ),
      ),
    ),
    gap: optional(mm('Space between two columns')),
    ...space,
  },
  add_block: {
    operations: required(
      raw(
        Type.Array(Type.Unknown(), {
          description: 'Operations, but for add_page, add_page_break and add_toc',
        }),
      ),
    ),
    ...place,
    width: optional(positiveMm('Width; else all there is')),
    padding: optional(sides('Between its edges and what is in it, mm')),
    fill: optional(color),
    border_color: optional(color),
    border_width: optional(sides('Thickness of its border, mm; 0.2 where it has a colour')),
    radius: optional(mm('Corner radius')),
    keep_together: optional(flag('It is not cut where it fits on a page')),
    keep_with_next: keepWithNext,
    ...space,
  },
  add_spacer: { height: required(positiveMm('Height')) },
  add_page_break: {},
} as const satisfies Record<string, Fields>;

export type OperationName = keyof typeof operationFields;
export type OperationMembers<N extends OperationName> = Members<(typeof operationFields)[N]>;

export const operationNames = Object.keys(operationFields) as OperationName[];
