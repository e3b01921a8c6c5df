import { align, anyFontSize, color } from './fields.js';
import { boolean, type Members, number, object, optional } from './shapes.js';

/** How rows of a table look: of all of them, or of one. */

const line = (where: string) =>
  optional(number({ min: 0, max: 10, description: `Line ${where} the row, mm; 0 for none` }));

export const styleFields = {
  bold: optional(boolean()),
  italic: optional(boolean()),
  underline: optional(boolean()),
  color: optional(color),
  background: optional(color),
  font_size: optional(anyFontSize),
  align: optional(align),
  line_above: line('above'),
  line_below: line('below'),
};

export const rowStyle = object(styleFields, 'How rows look', 'row_style');

export type RowStyle = Members<typeof styleFields>;
