import { type PDFDict, PDFName } from '@cantoo/pdf-lib';
import { type Field, type Form, flag, mostOf, textOf, type Widget } from './form.js';
import { mannerOf, readOwnFont } from './own-font.js';
import { fixed, type TextBox } from './program.js';
import { boxOf, dictOf, itemsOf, numberOf, numbersOf, type Source } from './source.js';
import type { StackRequest } from './stacks.js';

const name = (text: string) => PDFName.of(text);

/** How text of a field looks. */
export interface TextStyle {
  readonly stack: StackRequest;
  /** 0: as large as fits. */
  readonly size: number;
  readonly color: string;
  /** The default appearance is written into the field, since nothing above it has one. */
  readonly isMadeUp: boolean;
}

export const defaultAppearance = '/Helv 12 Tf 0 g';

export function textStyleOf(source: Source, form: Form, field: Field, widget: Widget): TextStyle {
  const given = textOf(source, widget.dict.get(name('DA'))) ?? textOf(source, field.entry('DA'));
  const { key, size, color } = readAppearance(given ?? defaultAppearance);
  const dict = key === undefined ? undefined : fontNamed(source, form, widget, key);
  const font = readOwnFont(source, dict?.dict);
  const manner = mannerOf(dict?.dict, key ?? '');
  const own = dict === undefined || font === undefined ? undefined : { ...dict, font };
  return { stack: { own, ...manner }, size, color, isMadeUp: given === undefined };
}

function fontNamed(source: Source, form: Form, widget: Widget, key: string) {
  const pictures = dictOf(source, widget.dict.get(name('AP')));
  const picture = dictOf(source, pictures?.get(name('N')));
  const resources = [form.dict?.get(name('DR')), picture?.get(name('Resources'))];
  for (const each of resources) {
    const value = dictOf(source, dictOf(source, each)?.get(name('Font')))?.get(name(key));
    const dict = dictOf(source, value);
    if (dict !== undefined && value !== undefined) return { dict, object: value };
  }
  return undefined;
}

/** ISO 32000-1, 12.7.3.3: operators of which the last of each kind holds. */
function readAppearance(text: string): {
  readonly key: string | undefined;
  readonly size: number;
  readonly color: string;
} {
  const tokens = text.trim().split(/\s+|(?<=.)(?=\/)/);
  let [key, size, color]: [string | undefined, number, string] = [undefined, 0, '0 g'];
  const numbers = (at: number, count: number): string | undefined => {
    const found = tokens.slice(at - count, at).map(Number);
    return at >= count && found.every(Number.isFinite) ? found.map(fixed).join(' ') : undefined;
  };
  const counts: Readonly<Record<string, number>> = { g: 1, rg: 3, k: 4 };
  for (const [at, token] of tokens.entries()) {
    if (token === 'Tf') {
      key = tokens[at - 2]?.replace(/^\//, '') ?? key;
      size = Math.max(0, Number(tokens[at - 1]) || 0);
    }
    const count = counts[token];
    const operands = count === undefined ? undefined : numbers(at, count);
    if (operands !== undefined) color = `${operands} ${token}`;
  }
  return { key, size: Math.min(size, 1_000), color };
}

/** The room of a widget: its size as it is read, and the way from there to its rectangle. */
export interface WidgetRoom {
  readonly width: number;
  readonly height: number;
  /** Into the rectangle, whose lower left corner is the origin. */
  readonly matrix: readonly number[];
  /** Of the page. */
  readonly left: number;
  readonly bottom: number;
  readonly border: number;
  /** Background and border. */
  readonly under: string;
}

export function roomOf(source: Source, { dict }: Widget): WidgetRoom {
  const [left, bottom, right, top] = boxOf(source, dict.get(name('Rect'))) ?? [0, 0, 0, 0];
  const [across, up] = [right - left, top - bottom];
  const manner = dictOf(source, dict.get(name('MK')));
  const turn = ((((numberOf(source, manner?.get(name('R'))) ?? 0) % 360) + 360) % 360) as number;
  const isTurned = turn === 90 || turn === 270;
  const [width, height] = isTurned ? [up, across] : [across, up];
  const matrix =
    turn === 90
      ? [0, 1, -1, 0, across, 0]
      : turn === 180
        ? [-1, 0, 0, -1, across, up]
        : turn === 270
          ? [0, -1, 1, 0, 0, up]
          : [1, 0, 0, 1, 0, 0];
  const style = dictOf(source, dict.get(name('BS')));
  const border = numbersOf(source, dict.get(name('Border')), 3);
  const given = numberOf(source, style?.get(name('W'))) ?? border?.[2] ?? 1;
  const edge = Math.max(0, Math.min(given, width / 2, height / 2));
  const background = colorOf(source, manner, 'BG', ['g', 'rg', 'k']);
  const line = colorOf(source, manner, 'BC', ['G', 'RG', 'K']);
  let under = '';
  if (background !== undefined) under += `q ${background} 0 0 ${fixed(width)} ${fixed(height)} re f Q\n`;
  if (line !== undefined && edge > 0) {
    const rest = `${fixed(width - edge)} ${fixed(height - edge)}`;
    const dash = style?.get(name('S'))?.toString() === '/D' ? '[3] 0 d ' : '';
    under +=
      style?.get(name('S'))?.toString() === '/U'
        ? `q ${line} ${fixed(edge)} w 0 ${fixed(edge / 2)} m ${fixed(width)} ${fixed(edge / 2)} l S Q\n`
        : `q ${line} ${dash}${fixed(edge)} w ${fixed(edge / 2)} ${fixed(edge / 2)} ${rest} re S Q\n`;
  }
  return {
    width,
    height,
    matrix,
    left,
    bottom,
    border: line === undefined ? Math.min(edge, 1) : edge,
    under,
  };
}

function colorOf(
  source: Source,
  manner: PDFDict | undefined,
  key: string,
  operators: readonly [string, string, string],
): string | undefined {
  const parts = itemsOf(source, manner?.get(name(key))).map((part) => numberOf(source, part) ?? 0);
  const operator = { 1: operators[0], 3: operators[1], 4: operators[2] }[parts.length];
  return operator === undefined ? undefined : `${parts.map(fixed).join(' ')} ${operator}`;
}

export function textBoxOf(
  source: Source,
  field: Field,
  widget: Widget,
  style: TextStyle,
  stack: number,
): TextBox {
  const room = roomOf(source, widget);
  const most = mostOf(source, field);
  const has = (bit: number) => field.kind === 'text' && (field.flags & bit) !== 0;
  const isComb = has(flag.comb) && most > 0 && !has(flag.multiline) && !has(flag.password);
  const isList = field.kind === 'list';
  const layout = isList ? 'list' : isComb ? 'comb' : has(flag.multiline) ? 'lines' : 'line';
  const align = numberOf(source, widget.dict.get(name('Q'))) ?? numberOf(source, field.entry('Q')) ?? 0;
  return {
    stack,
    width: room.width,
    height: room.height,
    padding: Math.max(2, 2 * room.border),
    border: room.border,
    size: style.size,
    shrink: false,
    color: style.color,
    align: align === 1 || align === 2 ? align : 0,
    layout,
    cells: isComb ? most : 0,
    under: room.under + (isComb ? dividers(room, most) : ''),
  };
}

/** Between the cells of a comb, where the field has a border. */
function dividers({ width, height, under, border }: WidgetRoom, cells: number): string {
  const line = /q ([\d. -]+ (?:G|RG|K)) /.exec(under)?.[1];
  if (line === undefined || cells < 2 || cells > 500) return '';
  let path = '';
  for (let cell = 1; cell < cells; cell++) {
    const x = fixed((width * cell) / cells);
    path += `${x} ${fixed(border)} m ${x} ${fixed(height - border)} l `;
  }
  return `q ${line} ${fixed(border)} w ${path}S Q\n`;
}

/** A tick, for a box whose file has no picture of it. */
export function tick(width: number, height: number, color: string): string {
  const side = Math.min(width, height);
  const [x, y] = [(width - side) / 2, (height - side) / 2];
  const at = (across: number, up: number) => `${fixed(x + across * side)} ${fixed(y + up * side)}`;
  return `q ${color} ${fixed(side * 0.12)} w 1 J 1 j ${at(0.2, 0.52)} m ${at(0.42, 0.26)} l ${at(0.8, 0.78)} l S Q\n`;
}
