import { isObject } from '../../../protocol/is-object.js';
import { child, type Findings } from './findings.js';
import { placeCells } from './grid.js';
import type { Cell, Grid, GridRow, RowLook } from './model.js';
import { number, object, optional, text } from './shapes.js';
import { readRow } from './tables.js';

/** Amounts that a table carries over pages: exact decimals, and the lines that tell of them. */

/** A line at the end or the beginning of a page, over all columns of its table. */
export interface CarryLine {
  readonly cells: GridRow;
  readonly look?: RowLook;
}

/** After the check. */
export interface Carry {
  /** The amount above each row, and the last one below all, as it is printed; where lines have words of their own there are none. */
  readonly amounts?: readonly string[];
  /** One line for all places, or one for each: that at `i` has `i` rows above it. */
  readonly forward: readonly CarryLine[];
  readonly brought?: readonly CarryLine[];
}

/** An exact decimal: `units` of 10 to the power of minus `scale`. */
interface Decimal {
  readonly units: bigint;
  readonly scale: number;
}

const maxDigits = 40;
const written = /^([+-]?)(\d+)(?:\.(\d+))?(?:e([+-]?\d{1,3}))?$/i;

function readAmount(value: unknown): Decimal | undefined {
  if (value === null || value === undefined) return { units: 0n, scale: 0 };
  if (typeof value !== 'number' && typeof value !== 'string') return undefined;
  const match = written.exec(String(value));
  if (match === null) return undefined;
  const [, sign, whole = '', part = '', power = '0'] = match;
  const scale = part.length - Number(power);
  const digits = whole + part + '0'.repeat(Math.max(0, Math.min(-scale, maxDigits + 1)));
  if (digits.replace(/^0+/, '').length > maxDigits || scale > maxDigits) return undefined;
  return { units: BigInt(`${sign === '-' ? '-' : ''}${digits}`), scale: Math.max(0, scale) };
}

interface Format {
  readonly decimals?: number;
  readonly group?: string;
  readonly point?: string;
}

const format = object({
  decimals: optional(number({ min: 0, max: 20, integer: true })),
  group: optional(text({ max: 4 })),
  point: optional(text({ min: 1, max: 4 })),
});

/** With so many decimals, half away from zero. */
function rounded(units: bigint, scale: number, decimals: number): bigint {
  if (decimals >= scale) return units * 10n ** BigInt(decimals - scale);
  const unit = 10n ** BigInt(scale - decimals);
  const half = unit / 2n;
  return units < 0n ? -((-units + half) / unit) : (units + half) / unit;
}

function printed(units: bigint, decimals: number, { group = '', point = '.' }: Format): string {
  const digits = String(units < 0n ? -units : units).padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const grouped = group === '' ? whole : whole.replace(/\B(?=(?:\d{3})+$)/g, group);
  return `${units < 0n ? '-' : ''}${grouped}${decimals === 0 ? '' : point + digits.slice(digits.length - decimals)}`;
}

/** The amounts above each row and below the last one. */
function amountsOf(start: Decimal, values: readonly Decimal[], asked: Format): string[] {
  const scale = values.reduce((most, value) => Math.max(most, value.scale), start.scale);
  const { decimals = scale } = asked;
  const unitsOf = (value: Decimal) => value.units * 10n ** BigInt(scale - value.scale);
  let sum = unitsOf(start);
  const amounts = [printed(rounded(sum, scale, decimals), decimals, asked)];
  for (const value of values) {
    sum += unitsOf(value);
    amounts.push(printed(rounded(sum, scale, decimals), decimals, asked));
  }
  return amounts;
}

const placeholder = '{carried}';
const known = new Set(['start', 'values', 'format', 'forward', 'brought']);
const rule = `must be a number, a decimal such as "-12.50" of at most ${maxDigits} digits, or null`;

function readLine(
  value: unknown,
  columns: number,
  pointer: string,
  findings: Findings,
): CarryLine | undefined {
  const row = readRow(value, pointer, undefined, findings);
  if (row === undefined) return undefined;
  const placed = placeCells([row.cells], 0);
  const [cells] = placed.ok ? placed.grid.rows : [];
  if (cells === undefined) return findings.add(pointer, placed.ok ? 'must have a cell' : placed.message);
  if (cells.length > columns)
    return findings.add(pointer, `must have at most as many cells as the table has columns (${columns})`);
  const filled = cells.concat(Array.from({ length: columns - cells.length }, () => ''));
  return { cells: filled, ...(row.look === undefined ? {} : { look: row.look }) };
}

/** One line is a row; a list of lines is an array of rows. */
function isOneLine(value: unknown): boolean {
  return !Array.isArray(value) || !value.some((entry) => Array.isArray(entry) || isRow(entry));
}
const isRow = (entry: unknown) => isObject(entry) && 'cells' in entry;

function readLines(
  value: unknown,
  { columns, places }: { readonly columns: number; readonly places: number },
  pointer: string,
  findings: Findings,
): CarryLine[] | undefined {
  if (isOneLine(value)) {
    const line = readLine(value, columns, pointer, findings);
    return line === undefined ? undefined : [line];
  }
  if (!Array.isArray(value)) return undefined;
  if (value.length !== places)
    return findings.add(
      pointer,
      `must have one line for all places, or one row more than the table has (${places})`,
    );
  const lines: CarryLine[] = [];
  for (let i = 0; i < value.length && !findings.full; i++) {
    const line = readLine(value[i], columns, child(pointer, i), findings);
    if (line !== undefined) lines.push(line);
  }
  return lines.length === value.length ? lines : undefined;
}

function readValues(
  value: unknown,
  rows: number,
  pointer: string,
  findings: Findings,
): Decimal[] | undefined {
  if (!Array.isArray(value) || value.length !== rows)
    return findings.add(pointer, `must be an array with one value for each row of the table (${rows})`);
  const values: Decimal[] = [];
  for (let i = 0; i < value.length && !findings.full; i++) {
    const amount = readAmount(value[i]);
    if (amount === undefined) findings.add(child(pointer, i), rule);
    else values.push(amount);
  }
  return values.length === value.length ? values : undefined;
}

const isSpanned = (cell: Cell | string | null) =>
  cell !== null && typeof cell !== 'string' && (cell.rowspan ?? 1) > 1;

/** `pointer` is that of the member. */
export function readCarry(value: object, grid: Grid, pointer: string, findings: Findings): Carry | undefined {
  if (!isObject(value)) return findings.add(pointer, 'must be an object');
  const before = findings.issues.length;
  const stranger = Object.keys(value).find((key) => !known.has(key));
  if (stranger !== undefined) findings.add(child(pointer, stranger), 'is not a known member');
  const body = grid.rows.slice(grid.headerRows);
  if (body.some((row) => row.some(isSpanned)))
    findings.add(pointer, 'cannot be in a table with cells over several rows');
  const size = { columns: grid.columns, places: body.length + 1 };
  const linesOf = (name: 'forward' | 'brought') =>
    value[name] === undefined || value[name] === null
      ? undefined
      : readLines(value[name], size, child(pointer, name), findings);
  const forward = linesOf('forward');
  const brought = linesOf('brought');
  if (value.forward === undefined || value.forward === null)
    findings.add(child(pointer, 'forward'), 'is required');
  const start = readAmount(value.start);
  if (start === undefined) findings.add(child(pointer, 'start'), rule);
  const asked =
    value.format === undefined || value.format === null
      ? {}
      : format.read(value.format, pointer, 'format', findings);
  const values =
    value.values === undefined || value.values === null
      ? undefined
      : readValues(value.values, body.length, child(pointer, 'values'), findings);
  const isTold = [forward, brought].some((lines) => lines?.some(asksAmount) === true);
  if (isTold && (value.values === undefined || value.values === null))
    findings.add(child(pointer, 'values'), `is required for ${placeholder}`);
  if (findings.issues.length > before || findings.full || forward === undefined) return undefined;
  return {
    ...(values === undefined || start === undefined || !isTold
      ? {}
      : { amounts: amountsOf(start, values, asked ?? {}) }),
    forward,
    ...(brought === undefined ? {} : { brought }),
  };
}

const textOf = (cell: Cell | string | null): string =>
  cell === null ? '' : typeof cell === 'string' ? cell : cell.runs.map(({ text: part }) => part).join('');
const asksAmount = ({ cells }: CarryLine) => cells.some((cell) => textOf(cell).includes(placeholder));

/** A line with another text in each cell. */
function withTexts({ cells, look }: CarryLine, change: (text: string) => string): CarryLine {
  const changed = cells.map((cell) => {
    if (cell === null) return null;
    if (typeof cell === 'string') return change(cell);
    return { ...cell, runs: cell.runs.map((run) => ({ ...run, text: change(run.text) })) };
  });
  return { cells: changed, ...(look === undefined ? {} : { look }) };
}

/** The line of a place that has `above` rows above it. */
export function lineAt(carry: Carry, which: 'forward' | 'brought', above: number): CarryLine | undefined {
  const lines = carry[which];
  const line = lines?.length === 1 ? lines[0] : lines?.[above];
  const amount = carry.amounts?.[above];
  if (line === undefined || amount === undefined || !asksAmount(line)) return line;
  return withTexts(line, (part) => part.replaceAll(placeholder, amount));
}

/** A line as high as this one or higher, the same for all that differ in their digits only. */
export function likeLine(line: CarryLine): CarryLine {
  return withTexts(line, (part) => part.replace(/\d/g, '8'));
}

const minus = 0x2d;

/** Tells lines apart that differ in more than an amount of the same sign, or than their digits; undefined where there is none. */
export function keyAt(carry: Carry, which: 'forward' | 'brought', above: number): string | undefined {
  const lines = carry[which];
  if (lines === undefined) return undefined;
  if (lines.length === 1) return carry.amounts?.[above]?.charCodeAt(0) === minus ? '-' : '+';
  const line = lines[above];
  return line === undefined ? undefined : JSON.stringify(likeLine(line));
}

/** The places of the longest amount of each sign: these are printed alike, so no other one needs more room. */
export function longestAmounts({ amounts = [] }: Carry): { '+'?: number; '-'?: number } {
  const found: { '+'?: number; '-'?: number } = {};
  for (let above = 0; above < amounts.length; above++) {
    const amount = amounts[above] ?? '';
    const sign = amount.charCodeAt(0) === minus ? '-' : '+';
    const known = found[sign];
    if (known === undefined || amount.length > (amounts[known]?.length ?? 0)) found[sign] = above;
  }
  return found;
}
