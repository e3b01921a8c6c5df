import type { Value } from '../package/package.js';
import type { Parts } from './program.js';

const column = /^column_(\d{1,4})$/;

/** A value as the row filler reads it. A name of a column that is none stands for no value. */
export function partsOf(value: Value): Parts {
  if ('static' in value) return [value.static];
  if ('column' in value) return [columnOf(value.column)];
  const parts: (string | number)[] = [];
  let from = 0;
  for (const match of value.template.matchAll(/\{\{\s*(column_\d{1,4})\s*\}\}/g)) {
    if (match.index > from) parts.push(value.template.slice(from, match.index));
    parts.push(columnOf(match[1] ?? ''));
    from = match.index + match[0].length;
  }
  if (from < value.template.length) parts.push(value.template.slice(from));
  return parts;
}

function columnOf(name: string): number {
  return Number(column.exec(name)?.[1] ?? -1);
}

export function isColumn(name: string): boolean {
  return column.test(name);
}
