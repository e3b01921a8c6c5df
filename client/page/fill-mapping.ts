import type { FormField, Mapping, Overlay, Value } from './fill.js';

/** What a person has chosen for a field: a column by position, a text with `{{Header}}` in it, or nothing. */
export type Choice =
  | { readonly from: 'column'; readonly column: number }
  | { readonly from: 'text'; readonly text: string };

/** Names that mean the same: `First name`, `first_name`, `person.firstName`. */
function plain(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '');
}

/** The column that each field is filled from, by their names: the whole name first, then its last part. */
export function matchFields(
  fields: readonly FormField[],
  columns: readonly string[],
): ReadonlyMap<string, Choice> {
  const byName = new Map<string, number>();
  for (const [index, column] of columns.entries()) {
    const key = plain(column);
    if (key !== '' && !byName.has(key)) byName.set(key, index);
  }
  const found = new Map<string, Choice>();
  for (const { name } of fields) {
    const last = name.slice(name.lastIndexOf('.') + 1).replace(/\[\d+\]$/, '');
    const column = byName.get(plain(name)) ?? byName.get(plain(last));
    if (column !== undefined) found.set(name, { from: 'column', column });
  }
  return found;
}

/** `{{Header}}` becomes the place of the column; what is no column stays. */
export function filling(choice: Choice, columns: readonly string[]): Value {
  if (choice.from === 'column') return { column: `column_${choice.column}` };
  if (!choice.text.includes('{{')) return { static: choice.text };
  // The name with the space around it: shapes that part them try a long run of spaces at each place for each.
  const template = choice.text.replace(/\{\{([^{}]*)\}\}/g, (whole, name: string) => {
    const column = columns.indexOf(name.trim());
    return column < 0 ? whole : `{{column_${column}}}`;
  });
  return { template };
}

export function choiceOf(value: Value | undefined, columns: readonly string[]): Choice | undefined {
  if (value === undefined) return undefined;
  if ('static' in value) return { from: 'text', text: value.static };
  if ('column' in value) return { from: 'column', column: Number(value.column.slice('column_'.length)) };
  const text = value.template.replace(/\{\{\s*column_(\d+)\s*\}\}/g, (whole, column: string) => {
    const name = columns[Number(column)];
    return name === undefined || name === '' ? whole : `{{${name}}}`;
  });
  return { from: 'text', text };
}

export function mappingOf(
  choices: ReadonlyMap<string, Choice>,
  overlays: readonly Overlay[],
  { flatten, language }: { readonly flatten: boolean; readonly language?: string | undefined },
  columns: readonly string[],
): Mapping {
  const fields = [...choices].map(([name, choice]) => ({ name, value: filling(choice, columns) }));
  return {
    fields,
    overlays,
    ...(flatten ? { flatten } : {}),
    ...(language === undefined ? {} : { language }),
  };
}

/** The list with another column at a place, or without it; no column is in it twice. */
export function withColumn(
  columns: readonly number[],
  at: number,
  column: number | undefined,
): readonly number[] {
  const others = columns.filter((_, index) => index !== at);
  if (column === undefined || others.includes(column)) return others;
  return others.toSpliced(at, 0, column);
}

/** The beginning of the name that a row's file gets: the server says what of the values it can hold. */
export function fileNameOf(row: number, columns: readonly number[], cells: readonly string[]): string {
  const values = columns.map((column) => cells[column]?.trim() ?? '').filter((value) => value !== '');
  return `${[`row_${row + 1}`, ...values].join('_')}.pdf`;
}

export const overlayNames: Readonly<Record<Overlay['type'], string>> = {
  text: 'Text',
  qr: 'QR code',
  barcode: 'Barcode',
  checkmark: 'Check mark',
  image: 'Picture',
};

/** What people call an overlay; of several of a type by their order. */
export function overlayName(overlay: Overlay, overlays: readonly Overlay[]): string {
  const alike = overlays.filter(({ type }) => type === overlay.type);
  const name = overlayNames[overlay.type];
  return alike.length > 1 ? `${name} ${alike.indexOf(overlay) + 1}` : name;
}

/** Lengths of an overlay of a type that begins, points. */
export const firstSizes: Readonly<Record<Overlay['type'], readonly [width: number, height: number]>> = {
  text: [180, 20],
  qr: [80, 80],
  barcode: [160, 60],
  checkmark: [20, 20],
  image: [120, 80],
};
const leastSize = 6;

/** The value of an overlay that begins: a picture is looked for among the columns of the first row. */
export function firstValue(
  type: Overlay['type'],
  columns: readonly string[],
  rows: readonly (readonly string[])[],
): Value {
  if (type !== 'image') return columns.length > 0 ? { column: 'column_0' } : { static: 'Text' };
  const found = rows[0]?.findIndex((cell) => pictureAddress(cell) !== undefined) ?? -1;
  return { column: `column_${Math.max(0, found)}` };
}

/** How PNG and JPEG begin in base64. */
const types = [
  ['iVBORw0KGgo', 'image/png'],
  ['/9j/', 'image/jpeg'],
] as const;

/** Where a browser finds the picture that a value is; undefined for one that is none. */
export function pictureAddress(value: string): string | undefined {
  if (/^data:image\/(?:png|jpe?g)[;,]/i.test(value)) return value;
  const type = types.find(([beginning]) => value.startsWith(beginning))?.[1];
  return type === undefined ? undefined : `data:${type};base64,${value.replace(/\s/g, '')}`;
}

export interface Page {
  readonly width: number;
  readonly height: number;
}

/** Moved, but never off its page. */
export function moved(overlay: Overlay, across: number, down: number, page: Page): Overlay {
  const within = (value: number, most: number) => Math.max(0, Math.min(Math.max(0, most), value));
  return {
    ...overlay,
    x: tenths(within(overlay.x + across, page.width - overlay.width)),
    y: tenths(within(overlay.y + down, page.height - overlay.height)),
  };
}

export function resized(overlay: Overlay, across: number, down: number, page: Page): Overlay {
  const within = (value: number, most: number) => Math.max(leastSize, Math.min(most, value));
  return {
    ...overlay,
    width: tenths(within(overlay.width + across, page.width - overlay.x)),
    height: tenths(within(overlay.height + down, page.height - overlay.y)),
  };
}

function tenths(length: number): number {
  return Math.round(length * 10) / 10;
}
