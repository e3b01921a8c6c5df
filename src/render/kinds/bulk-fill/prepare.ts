import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type ArtifactWriter, type Prepared, RenderFailure, type StepContext } from '../../kind.js';
import { repairPdf } from '../pdf-tools/repair.js';
import { Columns, type Mapping, placed } from './mapping.js';
import type { FieldMapping, FillPackage } from './package/package.js';
import { type PackageFile, readPackage } from './package/package-file.js';
import { type BulkFillPlan, type KeptTemplate, keptNames, preparedNames, type RowsPlan } from './plan.js';
import { namesOf, readInput } from './rows/read-input.js';
import { defaultRowLimits, type Row, type RowFault, type RowsRefusal, refusalText } from './rows/row.js';
import { type Template, TemplateBuilder } from './template/compile.js';
import { readFields } from './template/form.js';
import { decodeImages } from './template/images.js';
import type { Message } from './template/program.js';
import { openSource, type Source } from './template/source.js';

/** Rows of a chunk: as many as take some milliseconds, or some hundred where each has a code to draw. */
const rowsPerChunk = 250;
const codeRowsPerChunk = 100;
/** A template is in memory in each thread, and in each file. */
const maxTemplateBytes = 64 * 1024 * 1024;

/**
 * Reads the rows into files that are read by position, and compiles the template. An earlier attempt may have kept the
 * template: the rows that it made begin with it, so that it is not made again.
 */
export async function prepare(request: unknown, context: StepContext): Promise<Prepared> {
  const plan = request as BulkFillPlan;
  const isKept = context.parts.includes(keptNames.program);
  const opened = isKept ? undefined : await openTemplate(plan, context);
  const intake = new Intake(knownColumns(plan, context), opened?.begin, plan.rows.pointer);
  const count = readRows(plan, context, intake);
  const nameColumns = nameColumnsOf(plan, intake.columns);
  const program =
    opened === undefined
      ? readFileSync(context.partPath(keptNames.program), 'utf8')
      : keepTemplate(intake.compile(), opened.warnings, context);
  const { slots, warnings } = facts(program);
  for (const { code, message } of warnings) context.warn({ code: code.toLowerCase(), message });
  const rowsPlan: RowsPlan = {
    rows: count,
    maxFailedPercent: plan.maxFailedPercent,
    nameColumns,
    digest: createHash('sha256').update(program).digest('hex'),
  };
  const hasCodes = slots.some(({ is }) => is === 'code');
  return { units: count, unitsPerChunk: hasCodes ? codeRowsPerChunk : rowsPerChunk, plan: rowsPlan };
}

/** The columns, where they are known before the rows are read. */
function knownColumns(
  { header, rows, package: pack }: BulkFillPlan,
  context: StepContext,
): Columns | undefined {
  if (header) return undefined;
  if (rows.format === 'csv' || pack !== undefined) return new Columns();
  return new Columns(namesOf(context.inputPath(rows.input), defaultRowLimits), false);
}

/** @param text a `KeptTemplate`, written by this server */
function facts(text: string): Pick<KeptTemplate, 'warnings'> & Pick<KeptTemplate['program'], 'slots'> {
  const { program, warnings } = JSON.parse(text) as KeptTemplate;
  return { slots: program.slots, warnings };
}

function readRows(
  { rows, header, package: pack }: BulkFillPlan,
  context: StepContext,
  intake: Intake,
): number {
  const { input, format, pointer } = rows;
  const limits = { ...defaultRowLimits, maxRows: defaultRowLimits.maxRows + (header ? 1 : 0) };
  context.progress({ ratio: 0.2, phase: 'rows' });
  const into = {
    rows: context.artifact(preparedNames.rows, 'application/json'),
    index: context.artifact(preparedNames.index, 'application/octet-stream'),
  };
  const read = readInput({ path: context.inputPath(input), format }, limits, into, {
    onRow: (row) => intake.take(row),
    ...(pack === undefined
      ? { columnOf: (name) => intake.columns.positionOf(name) ?? limits.maxColumns }
      : {}),
  });
  if (!read.ok) throw refused(read.refusal, format, pointer);
  if (read.count === 0) throw new RenderFailure('there are no rows', pointer, { reason: 'NO_ROWS' });
  return read.count;
}

function refused(refusal: RowsRefusal, format: 'csv' | 'json', pointer: string): RenderFailure {
  const { reason, place } = refusal;
  const broken = format === 'csv' ? 'INVALID_CSV' : 'INVALID_ROWS';
  const isTooMany = reason === 'too_many_rows';
  const details = { reason: isTooMany ? 'TOO_MANY_ROWS' : broken, ...place };
  // The scanner counts the names of the columns, too.
  const message = `There are more than ${defaultRowLimits.maxRows} rows`;
  return new RenderFailure(refusalText(isTooMany ? { ...refusal, message } : refusal), pointer, details);
}

const headerFaults: Readonly<Record<RowFault, string>> = {
  not_an_object: 'is no list of names',
  row_too_large: `has more than ${defaultRowLimits.maxRowBytes} bytes`,
  field_too_large: `has a name of more than ${defaultRowLimits.maxFieldBytes} bytes`,
  too_many_columns: `has more than ${defaultRowLimits.maxColumns} columns`,
};

function brokenHeader(fault: RowFault, pointer: string): RenderFailure {
  const details = { reason: 'INVALID_CSV', row: 1, line: 1 };
  return new RenderFailure(`the row with the names of the columns ${headerFaults[fault]}`, pointer, details);
}

/** Begins a template once the names of the columns are known. */
type BeginTemplate = (columns: Columns) => TemplateBuilder;

/** Rows on their way in: the first one may name the columns, all others are rows of the job. */
class Intake {
  readonly #begin: BeginTemplate | undefined;
  readonly #pointer: string;
  #columns: Columns | undefined;
  #builder: TemplateBuilder | undefined;

  /**
   * @param columns left out where the first row names them
   * @param begin left out where the template is there already
   * @param pointer of the rows
   */
  constructor(columns: Columns | undefined, begin: BeginTemplate | undefined, pointer: string) {
    this.#begin = begin;
    this.#pointer = pointer;
    if (columns !== undefined) this.#name(columns);
  }

  take(row: Row): 'kept' | 'passed' {
    if (this.#columns === undefined) {
      if ('fault' in row) throw brokenHeader(row.fault, this.#pointer);
      this.#name(new Columns(row.cells.map((cell) => (cell ?? '').trim())));
      return 'passed';
    }
    if ('cells' in row) this.#builder?.add(row.cells);
    return 'kept';
  }

  #name(columns: Columns): void {
    this.#columns = columns;
    this.#builder = this.#begin?.(columns);
  }

  /** Once the rows are read. */
  get columns(): Columns {
    return this.#columns ?? new Columns();
  }

  compile(): Template {
    if (this.#builder === undefined) throw new Error('No template was begun');
    return this.#builder.compile();
  }
}

/** Opens what a new template is made of. */
async function openTemplate(
  plan: BulkFillPlan,
  context: StepContext,
): Promise<{ readonly begin: BeginTemplate; readonly warnings: readonly Message[] }> {
  context.progress({ ratio: 0, phase: 'template' });
  const bytes = readFileSync(context.inputPath(plan.pdf));
  const source = await openSource(bytes, (broken) => repairPdf(broken, () => context.heavy()));
  if ('refused' in source) throw new RenderFailure(source.message, '/pdf_file', { reason: source.refused });
  const packed = plan.package === undefined ? undefined : openPackage(context.inputPath(plan.package));
  const { images, warnings } = await decodeImages(packed?.files ?? new Map(), context);
  const told: Message[] = [...warnings];
  return {
    warnings: told,
    begin(columns) {
      const pack = packed?.pack ?? packageOf(mappingOf(plan, source, columns, told), columns, source);
      return new TemplateBuilder({ source, pack, images });
    },
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

function openPackage(path: string): PackageFile {
  const read = readPackage(readFileSync(path));
  if (!('defect' in read)) return read;
  throw new RenderFailure(`the package ${read.defect}`, '/package_file', { reason: 'INVALID_PACKAGE' });
}

/** @returns the text of what is kept */
function keepTemplate(
  { prefix, program, warnings }: Template,
  before: readonly Message[],
  context: StepContext,
): string {
  if (prefix.length > maxTemplateBytes) {
    const message = `the PDF makes a template of ${prefix.length} bytes; the limit is ${maxTemplateBytes}`;
    throw new RenderFailure(message, '/pdf_file', { reason: 'SOURCE_PDF_TOO_LARGE' });
  }
  const kept: KeptTemplate = { program, warnings: [...before, ...warnings] };
  const text = JSON.stringify(kept);
  write(context.kept(keptNames.prefix, 'application/pdf'), prefix);
  write(context.kept(keptNames.program, 'application/json'), Buffer.from(text));
  return text;
}

function write(writer: ArtifactWriter, bytes: Uint8Array): void {
  writer.write(bytes);
  writer.end();
}

/** A package of what the request says itself, for this very PDF. */
function packageOf(mapping: Mapping, columns: Columns, { sha256, pages }: Source): FillPackage {
  return {
    format: 'inkwire-package',
    version: 1,
    source: { sha256, page_count: pages.length },
    ...placed(mapping, columns, (pointer, name) => {
      throw unknownColumn(pointer, name);
    }),
  };
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

function nameColumnsOf({ nameColumns }: BulkFillPlan, columns: Columns): readonly number[] {
  return nameColumns.map((name, index) => {
    const position = columns.positionOf(name);
    if (position === undefined) throw unknownColumn(`/file_name_columns/${index}`, name);
    return position;
  });
}

function unknownColumn(pointer: string, name: string): RenderFailure {
  const message = `the rows have no column "${name.slice(0, 100)}"`;
  return new RenderFailure(message, pointer, { reason: 'UNKNOWN_COLUMN' });
}
