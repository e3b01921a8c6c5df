import { RenderFailure } from '../../kind.js';
import { type Columns, type Mapping, placed } from './mapping.js';
import type { FieldMapping, FillPackage } from './package/package.js';
import type { BulkFillPlan } from './plan.js';
import { readFields } from './template/form.js';
import type { Message } from './template/program.js';
import type { Source } from './template/source.js';

/** A package of what the request says itself, for this very PDF. Throws for what no row can mend. */
export function requestedPackage(
  plan: BulkFillPlan,
  source: Source,
  columns: Columns,
  warnings: Message[],
): FillPackage {
  const { sha256, pages } = source;
  const mapping = mappingOf(plan, source, columns, warnings);
  refuseStrays(mapping, source);
  return {
    format: 'inkwire-package',
    version: 1,
    source: { sha256, page_count: pages.length },
    ...placed(mapping, columns, (pointer, name) => {
      throw unknownColumn(pointer, name);
    }),
  };
}

function mappingOf(
  { mapping, rows }: BulkFillPlan,
  source: Source,
  columns: Columns,
  warnings: Message[],
): Mapping {
  const { fields, overlays, ...look } = mapping ?? {};
  if (fields !== undefined || overlays !== undefined)
    return { fields: fields ?? [], overlays: overlays ?? [], ...look };
  return { overlays: [], fields: byName(source, columns, rows.pointer, warnings), ...look };
}

/** Each column fills the field of its name. */
function byName(
  source: Source,
  { header }: Columns,
  pointer: string,
  warnings: Message[],
): readonly FieldMapping[] {
  if (header.length === 0) throw new RenderFailure('there are no rows', pointer, { reason: 'NO_ROWS' });
  const fields = new Set(readFields(source).fields.map(({ name }) => name));
  const repeated = [...new Set(header.filter((name, at) => header.indexOf(name) < at))].slice(0, 20);
  if (repeated.length > 0) {
    const names = repeated.map((name) => name.slice(0, 100));
    const message = `of columns with one name the first counts: ${names.join(', ')}`;
    warnings.push({ code: 'COLUMN_REPEATED', message, details: { columns: names } });
  }
  const named = header.filter((name) => fields.has(name));
  const others = header.filter((name) => !fields.has(name)).map((name) => name.slice(0, 100));
  if (named.length === 0) {
    const message = 'no column has the name of a field of the PDF';
    throw new RenderFailure(message, pointer, { reason: 'NO_FIELDS' });
  }
  if (others.length > 0) {
    const message = `no field has the name of these columns: ${others.slice(0, 20).join(', ')}`;
    warnings.push({ code: 'COLUMN_UNUSED', message, details: { columns: others.slice(0, 20) } });
  }
  return [...new Set(named)].map((name) => ({ name, value: { column: name } }));
}

/** @param width columns of the row that has most */
export function nameColumnsOf(
  { nameColumns }: BulkFillPlan,
  columns: Columns,
  width: number,
): readonly number[] {
  return nameColumns.map((name, index) => {
    const position = columns.positionOf(name);
    if (position === undefined || !isThere(position, columns, width))
      throw unknownColumn(`/file_name_columns/${index}`, name);
    return position;
  });
}

/** Columns by position are there or not once the rows are read. Those of a package may be missing: it is made for more than one list. */
export function refuseMissingColumns({ mapping }: BulkFillPlan, columns: Columns, width: number): void {
  const { fields = [], overlays = [] } = mapping ?? {};
  placed(
    { fields, overlays },
    columns,
    (pointer, name) => {
      throw unknownColumn(pointer, name);
    },
    (position) => isThere(position, columns, width),
  );
}

function isThere(position: number, { header }: Columns, width: number): boolean {
  return position < Math.max(width, header.length);
}

function unknownColumn(pointer: string, name: string): RenderFailure {
  const message = `the rows have no column "${name.slice(0, 100)}"`;
  return new RenderFailure(message, pointer, { reason: 'UNKNOWN_COLUMN' });
}

/** Fields and pages that the PDF does not have. In a package they are skipped in each row: it may be of another edition of the form. */
function refuseStrays({ fields, overlays }: Mapping, source: Source): void {
  const { length: pages } = source.pages;
  const names = new Set(readFields(source).fields.map(({ name }) => name));
  for (const [index, { name }] of fields.entries()) {
    if (names.has(name)) continue;
    const message = `the PDF has no field "${name.slice(0, 100)}"`;
    throw new RenderFailure(message, `/fields/${index}/name`, { reason: 'NATIVE_FIELD_MISSING' });
  }
  for (const [index, { page }] of overlays.entries()) {
    if (page < pages) continue;
    const message = `the PDF has ${pages === 1 ? 'one page' : `${pages} pages`}, counted from 0`;
    throw new RenderFailure(message, `/overlays/${index}/page`, { reason: 'PAGE_OUT_OF_RANGE' });
  }
}
