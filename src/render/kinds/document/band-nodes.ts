import type { BandName } from './band-names.js';
import type { Band } from './bands.js';
import type { Frame } from './draw.js';
import type { Cell, Grid } from './model.js';
import type { Operation } from './operations.js';
import { bandFontSize } from './paper.js';
import type { Node } from './pdfmake.js';
import type { BandRequest } from './request.js';
import { type FontState, points, type Typesetter } from './typesetting.js';

/** Headers and footers as nodes: of texts, or of operations. */

/** An operation with the numbers of a page in its texts. */
function numbered(operation: Operation, page: string, pages: string): Operation {
  const fill = (text: string) => text.replaceAll('{page}', page).replaceAll('{pages}', pages);
  const inner = (operations: readonly Operation[]) => operations.map((one) => numbered(one, page, pages));
  switch (operation.type) {
    case 'add_text':
      return { ...operation, text: fill(operation.text) };
    case 'add_table':
      return { ...operation, grid: filledGrid(operation.grid, fill) };
    case 'add_columns': {
      const columns = operation.columns.map((column) => ({
        ...column,
        operations: inner(column.operations),
      }));
      return { ...operation, columns };
    }
    case 'add_block':
      return { ...operation, operations: inner(operation.operations) };
    default:
      return operation;
  }
}

function filledGrid(grid: Grid, fill: (text: string) => string): Grid {
  const cell = (one: Cell | string | null) => {
    if (one === null) return null;
    if (typeof one === 'string') return fill(one);
    return { ...one, runs: one.runs.map((run) => ({ ...run, text: fill(run.text) })) };
  };
  return { ...grid, rows: grid.rows.map((row) => row.map(cell)) };
}

/** A rule as wide as its column. */
const bandRule = (width: number): Node => ({
  canvas: [{ type: 'line', x1: 0, y1: 0, x2: width, y2: 0, lineWidth: 0.5, lineColor: '#b8bec6' }],
});

interface BandPart {
  readonly text: string;
  readonly font: string;
}

/** Pieces of one font are one, as text without numbers is. */
function joined(parts: readonly BandPart[]): BandPart[] {
  const all: BandPart[] = [];
  for (const { text, font } of parts) {
    const last = all.at(-1);
    if (last?.font === font) all[all.length - 1] = { text: last.text + text, font };
    else all.push({ text, font });
  }
  return all;
}

const placeholder = /(\{pages?\})/;

/** What bands are drawn with. */
export interface BandTools {
  /** Of the document. */
  readonly font: FontState;
  readonly setter: Typesetter;
  /** The left margin, points. */
  readonly left: number;
  readonly flow: (operations: readonly Operation[], font: FontState, frame: Frame) => Node[];
}

/** Undefined where nothing is to be drawn. */
export function bandOf(band: BandRequest, name: BandName, tools: BandTools): Band | undefined {
  const pointer = `/${name}`;
  const { operations } = band;
  if (operations === undefined) {
    const texts = [band.text, band.left, band.center, band.right];
    const isEmpty = texts.every((text) => text === undefined || text === '');
    return isEmpty && name.startsWith('first_') ? undefined : textBand(band, name, pointer, tools);
  }
  if (operations.length === 0) return undefined;
  const { font, left, flow } = tools;
  return {
    pointer,
    node: (page, pages, width, top) => {
      const frame = { left, contentWidth: width, contentHeight: points(mostBandMm), top };
      return {
        stack: flow(
          operations.map((operation) => numbered(operation, page, pages)),
          font,
          frame,
        ),
      };
    },
  };
}

/** A picture of no size gets no higher in a header or footer, mm. */
const mostBandMm = 40;

function textBand(
  band: BandRequest,
  name: BandName,
  pointer: string,
  { font: firstFont, setter }: BandTools,
): Band {
  const where = name.endsWith('header') ? 'header' : 'footer';
  const font = { ...firstFont, size: band.font_size ?? bandFontSize };
  const color = band.color ?? '#555b63';
  const parts: readonly (readonly [string | undefined, string])[] =
    band.text !== undefined
      ? [[band.text, band.align ?? (where === 'footer' ? 'center' : 'left')]]
      : [
          [band.left, 'left'],
          [band.center, 'center'],
          [band.right, 'right'],
        ];
  // Made once, so that what a font lacks is told once. Numbers stand by themselves, or their braces would be parted.
  const texts = parts.map(([text = '', alignment]) => ({
    ...setter.style(font),
    alignment,
    color,
    parts: text
      .split(placeholder)
      .flatMap((piece): readonly BandPart[] =>
        placeholder.test(piece)
          ? [{ text: piece, font: font.family }]
          : setter
              .segments(piece, font, undefined, pointer)
              .map((one) => ({ text: one.text, font: one.family })),
      ),
    width: '*',
  }));
  const node = (page: string, pages: string, width: number): Node => {
    const fill = ({ text, font }: BandPart) => ({
      text: text === '{page}' ? page : text === '{pages}' ? pages : text,
      font,
    });
    const columns = texts.map(({ parts: all, ...look }) => ({ ...look, text: joined(all.map(fill)) }));
    if (band.line !== true) return { columns };
    return {
      stack:
        where === 'header'
          ? [{ columns }, { ...bandRule(width), margin: [0, 3, 0, 0] }]
          : [{ ...bandRule(width), margin: [0, 0, 0, 3] }, { columns }],
    };
  };
  return { pointer, node };
}
