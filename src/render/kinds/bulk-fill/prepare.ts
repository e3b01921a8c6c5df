import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type ArtifactWriter, type Prepared, RenderFailure, type StepContext } from '../../kind.js';
import { repairPdf } from '../pdf-tools/repair.js';
import { resultTooLarge, standardBounds } from './bounds.js';
import { Columns } from './mapping.js';
import { type OpenedPackage, readPackage } from './package/package-file.js';
import { type BulkFillPlan, type KeptTemplate, keptNames, preparedNames, type RowsPlan } from './plan.js';
import { nameColumnsOf, refuseMissingColumns, requestedPackage } from './requested-package.js';
import { namesOf, readInput } from './rows/read-input.js';
import { defaultRowLimits, type Row, type RowFault, type RowsRefusal, refusalText } from './rows/row.js';
import { type Template, TemplateBuilder } from './template/compile.js';
import { decodeImages } from './template/images.js';
import type { Message } from './template/program.js';
import { openSource } from './template/source.js';

/** Rows of a chunk: as many as take some milliseconds, or some hundred where each has a code to draw. */
const rowsPerChunk = 250;
/** What is written of a QR code is a fraction of all that a form has filled, and it takes some 0.05 ms. */
const qrRowsPerChunk = 500;
const codeRowsPerChunk = 100;
/** A picture may be as large as its row, and take milliseconds. */
const pictureRowsPerChunk = 25;
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
  const intake = new Intake(plan, knownColumns(plan, context), opened?.begin);
  const count = readRows(plan, context, intake);
  const nameColumns = nameColumnsOf(plan, intake.columns, intake.width);
  refuseMissingColumns(plan, intake.columns, intake.width);
  const program =
    opened === undefined
      ? readFileSync(context.partPath(keptNames.program), 'utf8')
      : keepTemplate(bounded(intake.compile(), plan, count), opened.warnings, context);
  const { slots, warnings } = facts(program);
  for (const { code, message } of warnings) context.warn({ code: code.toLowerCase(), message });
  const rowsPlan: RowsPlan = {
    rows: count,
    maxFailedPercent: plan.maxFailedPercent,
    nameColumns,
    resultBytes: (plan.bounds ?? standardBounds).resultBytes,
    digest: createHash('sha256').update(program).digest('hex'),
  };
  const perChunk = unitsPerChunk(slots);
  // Somebody waits for the first row; a thread that has filled none yet takes five times as long for a chunk.
  const first = count > perChunk ? { first: 0 } : {};
  return { units: count, unitsPerChunk: perChunk, plan: rowsPlan, ...first };
}

function unitsPerChunk(slots: KeptTemplate['program']['slots']): number {
  if (slots.some(({ is }) => is === 'picture')) return pictureRowsPerChunk;
  const codes = slots.flatMap((slot) => (slot.is === 'code' ? [slot.symbology] : []));
  if (codes.length === 0) return rowsPerChunk;
  // Another matrix takes fifty times as long; and each chunk costs the process some milliseconds, on a core that a thread could have.
  if (codes.some((symbology) => symbology !== 'qr')) return codeRowsPerChunk;
  return Math.max(codeRowsPerChunk, Math.floor(qrRowsPerChunk / codes.length));
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
  { rows, header, package: pack, bounds = standardBounds }: BulkFillPlan,
  context: StepContext,
  intake: Intake,
): number {
  const { input, format, pointer } = rows;
  const limits = { ...defaultRowLimits, maxRows: bounds.rows + (header ? 1 : 0) };
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
  if (!read.ok) throw refused(read.refusal, bounds.rows, rows);
  if (read.count === 0) throw new RenderFailure('there are no rows', pointer, { reason: 'NO_ROWS' });
  return read.count;
}

function refused(
  refusal: RowsRefusal,
  maxRows: number,
  { format, pointer }: BulkFillPlan['rows'],
): RenderFailure {
  const { reason, place } = refusal;
  const broken = format === 'csv' ? 'INVALID_CSV' : 'INVALID_ROWS';
  const isTooMany = reason === 'too_many_rows';
  const details = { reason: isTooMany ? 'TOO_MANY_ROWS' : broken, ...place };
  // The scanner counts the names of the columns, too.
  const message = `There are more than ${maxRows} rows`;
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
  readonly #plan: BulkFillPlan;
  readonly #begin: BeginTemplate | undefined;
  #columns: Columns | undefined;
  #width = 0;
  #builder: TemplateBuilder | undefined;
  /** Columns that something is made of; undefined where they are not known. */
  #used: ReadonlySet<number> | undefined;

  /**
   * @param columns left out where the first row names them
   * @param begin left out where the template is there already
   */
  constructor(plan: BulkFillPlan, columns: Columns | undefined, begin: BeginTemplate | undefined) {
    this.#plan = plan;
    this.#begin = begin;
    if (columns !== undefined) this.#name(columns);
  }

  /** @returns what is kept of it: a list may have many columns of which a form has none */
  take(row: Row): Row | undefined {
    if (this.#columns === undefined) {
      if ('fault' in row) throw brokenHeader(row.fault, this.#plan.rows.pointer);
      this.#name(new Columns(row.cells.map((cell) => (cell ?? '').trim())));
      return undefined;
    }
    if ('fault' in row) return row;
    const { cells, ignored } = row;
    this.#width = Math.max(this.#width, cells.length);
    this.#builder?.add(cells);
    const used = this.#used;
    if (used === undefined || ignored !== undefined || used.size >= cells.length) return row;
    return { cells: cells.map((cell, position) => (used.has(position) ? cell : undefined)) };
  }

  #name(columns: Columns): void {
    this.#columns = columns;
    this.#builder = this.#begin?.(columns);
    if (this.#builder === undefined) return;
    const forNames = this.#plan.nameColumns.map((name) => columns.positionOf(name) ?? -1);
    this.#used = new Set([...this.#builder.columns, ...forNames]);
  }

  /** Once the rows are read. */
  get columns(): Columns {
    return this.#columns ?? new Columns();
  }

  /** Columns of the row that has most. */
  get width(): number {
    return this.#width;
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
  const bounds = plan.bounds ?? standardBounds;
  const source = await openSource(bytes, (broken) => repairPdf(broken, () => context.heavy()), bounds.source);
  if ('refused' in source) throw new RenderFailure(source.message, '/pdf_file', { reason: source.refused });
  const packed = plan.package === undefined ? undefined : openPackage(context.inputPath(plan.package));
  const { images, warnings } = await decodeImages(packed?.pictures ?? new Map(), context);
  const told: Message[] = [...warnings];
  return {
    warnings: told,
    begin(columns) {
      const pack = packed?.pack ?? requestedPackage(plan, source, columns, told);
      return new TemplateBuilder({ source, pack, images, fonts: packed?.fonts ?? [] });
    },
  };
}

function openPackage(path: string): OpenedPackage {
  const read = readPackage(readFileSync(path));
  if (!('defect' in read)) return read;
  throw new RenderFailure(`the package ${read.defect}`, '/package_file', { reason: 'INVALID_PACKAGE' });
}

/** Each PDF begins with the template, so that the least length of the ZIP is known before a row is filled. */
function bounded(template: Template, { bounds = standardBounds }: BulkFillPlan, rows: number): Template {
  const { resultBytes } = bounds;
  const least = template.prefix.length * rows;
  if (resultBytes === 0 || least <= resultBytes) return template;
  throw resultTooLarge(resultBytes);
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
