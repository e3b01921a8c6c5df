import { type Bars, barcodeModules, type Matrix, qrModules } from './code-modules.js';
import {
  type Caption,
  type Correction,
  qrModuleMm,
  qrQuiet,
  type SymbologyName,
  symbologies,
} from './codes.js';
import type { Node, PdfDocument } from './pdfmake.js';
import { points } from './typesetting.js';

/**
 * QR codes and barcodes as rectangles. A code is one path that is filled once, so that no viewer shows a seam between
 * two of its rectangles. Lengths are points unless their name says otherwise.
 */

/** What is printed under bars, the origin being the code's corner. */
interface Label {
  readonly text: string;
  readonly left: number;
  /** The text is centred in it: by wider gaps if it is spread, and made smaller where it does not fit. */
  readonly width: number;
  readonly spread: boolean;
}

/** A code as the page is drawn; `draw` is called with the place of its corner, the quiet zone left out. */
export class CodeDrawing {
  constructor(
    /** Operators of a path, in units of `unitWidth` and `unitHeight`, downwards. */
    private readonly path: string,
    private readonly unitWidth: number,
    private readonly unitHeight: number,
    private readonly color: string,
    private readonly labels: readonly Label[],
    private readonly family: string,
    private readonly size: number,
    private readonly baseline: number,
    /** Of the quiet zone before the code. */
    private readonly left: number,
    private readonly top: number,
  ) {}

  draw(document: PdfDocument, x: number, y: number): void {
    document.fillColor(this.color, 1);
    document.save();
    document.transform(this.unitWidth, 0, 0, this.unitHeight, x + this.left, y + this.top);
    document.addContent(`${this.path}f`);
    document.restore();
    if (this.labels.length > 0) this.#print(document, x + this.left, y + this.top);
  }

  #print(document: PdfDocument, x: number, y: number): void {
    const font = document.provideFont(this.family, false, false);
    document._font = font;
    for (const { text, left, width, spread } of this.labels) {
      const natural = font.widthOfString(text, this.size);
      const shrunk = natural > width ? width / natural : 1;
      const size = this.size * shrunk;
      const gap = spread ? (width - natural * shrunk) / text.length : 0;
      const indent = spread ? gap / 2 : (width - natural * shrunk) / 2;
      document.fontSize(size);
      document.text(text, x + left + indent, y + this.baseline - (font.ascender / 1000) * size, {
        lineBreak: false,
        ...(gap === 0 ? {} : { characterSpacing: gap }),
      });
    }
  }
}

/** Where a code is to stand and how large. */
export interface CodePlace {
  readonly widthMm: number | undefined;
  readonly heightMm: number | undefined;
  /** Room in the column: no code is made wider unless a width is given. */
  readonly room: number;
  /** `#rrggbb` */
  readonly color: string;
}

/** A code with its quiet zone as a node, and where in the node the code itself begins. */
export interface PlacedCode {
  readonly node: Node;
  /** Width of a module. */
  readonly module: number;
  readonly left: number;
  readonly top: number;
}

/** Height of bars unless a height is given. */
const barHeight = points(15);
/** Rectangles of a matrix: each run of dark modules of a row. */
function matrixPath({ modules, columns, rows }: Matrix): string {
  let path = '';
  for (let row = 0; row < rows; row++) {
    let begin = -1;
    for (let column = 0; column <= columns; column++) {
      const dark = column < columns && modules[row * columns + column] === 1;
      if (dark && begin < 0) begin = column;
      else if (!dark && begin >= 0) {
        path += `${begin} ${row} ${column - begin} 1 re\n`;
        begin = -1;
      }
    }
  }
  return path;
}

/** Bars that reach down between the digits of an EAN or UPC, by their number among `count` bars. */
function isGuard(caption: Caption, bar: number, count: number): boolean {
  if (caption === 'line' || caption === 'none') return false;
  // Of a UPC-A the bars of the outer digits are long, too.
  const outer = caption === 'upca' ? 4 : 2;
  return bar < outer || bar >= count - outer || bar === count / 2 - 1 || bar === count / 2;
}

function fixed(value: number): string {
  return String(Math.round(value * 1_000) / 1_000);
}

/** Rectangles of bars, in modules across and points down. */
function barsPath(
  { widths, columns }: Bars,
  height: number,
  guard: number,
  bearer: number,
  caption: Caption,
) {
  const count = (widths.length + 1) / 2;
  let path = bearer > 0 ? `0 0 ${columns} ${fixed(bearer)} re\n` : '';
  let x = 0;
  for (const [index, width] of widths.entries()) {
    if (index % 2 === 0 && width > 0) {
      const long = isGuard(caption, index / 2, count);
      path += `${x} 0 ${width} ${fixed(long ? height + guard : height)} re\n`;
    }
    x += width;
  }
  return bearer > 0 ? `${path}0 ${fixed(height - bearer)} ${columns} ${fixed(bearer)} re\n` : path;
}

/** Places of digits in modules: those before the first bar and behind the last lie in the quiet zones. */
const digitPlaces = {
  ean13: [
    [1, -9, 7],
    [6, 3, 42],
    [6, 50, 42],
  ],
  ean8: [
    [4, 3, 28],
    [4, 36, 28],
  ],
  upca: [
    [1, -9, 7],
    [5, 10, 35],
    [5, 50, 35],
    [1, 97, 7],
  ],
} as const satisfies Record<string, readonly (readonly [digits: number, from: number, modules: number])[]>;

function labelsOf(caption: Caption, text: string, columns: number, module: number): Label[] {
  if (caption === 'none') return [];
  if (caption === 'line') return [{ text, left: 0, width: columns * module, spread: false }];
  let begin = 0;
  return digitPlaces[caption].map(([digits, from, modules]) => {
    const part = text.slice(begin, begin + digits);
    begin += digits;
    return { text: part, left: from * module, width: modules * module, spread: digits > 1 };
  });
}

/** From the bottom of the bars to the baseline of the text, and from there to the bottom of the text, in its size. */
const captionRise = 0.95;
const captionFall = 0.22;

/** What stands below a code keeps away from it. */
const air = 4;

/** The node of a code `width` x `height` with its quiet zones, which shrink in a column that has no room for them. */
function nodeOf(
  width: number,
  height: number,
  module: number,
  quiet: readonly [left: number, right: number, above: number],
  room: number,
  drawing: (left: number, top: number) => CodeDrawing,
): PlacedCode {
  const spare = Math.max(0, room - width);
  const share = Math.min(1, spare / (quiet[0] + quiet[1]));
  const [left, right, top] = [quiet[0] * share, quiet[1] * share, quiet[2]];
  const box = { type: 'rect', x: 0, y: 0, w: left + width + right, h: top + height + Math.max(top, air) };
  return { node: { canvas: [{ ...box, code: drawing(left, top) }] }, module, left, top };
}

function matrixNode(
  matrix: Matrix,
  width: number,
  height: number,
  quietModules: number,
  { room, color }: CodePlace,
): PlacedCode {
  const [across, down] = [width / matrix.columns, height / matrix.rows];
  const quiet = quietModules * across;
  return nodeOf(
    width,
    height,
    across,
    [quiet, quiet, quiet],
    room,
    (left, top) => new CodeDrawing(matrixPath(matrix), across, down, color, [], '', 0, 0, left, top),
  );
}

/** Width of a module that leaves a code of so many modules, its quiet zones counted, within the room. */
function moduleWithin(module: number, modules: number, room: number): number {
  return Math.min(module, room / modules);
}

/** Side of a QR code unless one is given: 30 mm, or what its modules need. */
const qrSide = points(30);

export function qrNode(value: string, correction: Correction, place: CodePlace, at: string): PlacedCode {
  const matrix = qrModules(value, correction, at);
  const least = Math.max(points(qrModuleMm), qrSide / matrix.columns);
  const side =
    place.widthMm === undefined
      ? moduleWithin(least, matrix.columns + 2 * qrQuiet, place.room) * matrix.columns
      : points(place.widthMm);
  return matrixNode(matrix, side, side, qrQuiet, place);
}

/** `family` is of the text under bars, or undefined for none. A height is of bars and text together. */
export function barcodeNode(
  symbology: SymbologyName,
  value: string,
  family: string | undefined,
  place: CodePlace,
  at: string,
): PlacedCode {
  const code = barcodeModules(symbology, value, at);
  const { moduleMm, quiet, stretches, caption, bearers, complete } = symbologies[symbology];
  const { room, widthMm, heightMm, color } = place;
  const natural = moduleWithin(points(moduleMm), code.columns + quiet[0] + quiet[1], room);
  const givenWidth = widthMm === undefined ? undefined : points(widthMm);
  const givenHeight = heightMm === undefined ? undefined : points(heightMm);
  if (code.type === 'matrix') {
    const ratio = code.columns / (code.rows * code.rowHeight);
    const most = (room * code.columns) / (code.columns + quiet[0] + quiet[1]);
    const asHigh = givenHeight === undefined ? natural * code.columns : Math.min(givenHeight * ratio, most);
    const width = givenWidth ?? asHigh;
    const height = givenHeight ?? width / ratio;
    // Square modules stay square: the code is as large as both measures allow.
    if (stretches) return matrixNode(code, width, height, quiet[0], place);
    const fitting = Math.min(width, height * ratio);
    return matrixNode(code, fitting, fitting / ratio, quiet[0], place);
  }
  const module = givenWidth === undefined ? natural : givenWidth / code.columns;
  const shown = family === undefined ? 'none' : caption;
  // Digits in places of seven modules are as large as those let them be.
  const ownSize = shown === 'none' ? 0 : shown === 'line' ? 9 : 10.5 * (module / points(moduleMm));
  const size =
    givenHeight === undefined
      ? ownSize
      : Math.min(ownSize, (givenHeight * 0.4) / (captionRise + captionFall));
  const under = size * (captionRise + captionFall);
  const bars = givenHeight === undefined ? barHeight : givenHeight - under;
  const guard = Math.min(5 * module, under);
  const bearer = bearers ? Math.min(2 * module, bars / 10) : 0;
  const labels = labelsOf(shown, complete(value), code.columns, module);
  return nodeOf(
    module * code.columns,
    bars + under,
    module,
    [quiet[0] * module, quiet[1] * module, 0],
    room,
    (left, top) =>
      new CodeDrawing(
        barsPath(code, bars, guard, bearer, shown),
        module,
        1,
        color,
        labels,
        family ?? '',
        size,
        bars + size * captionRise,
        left,
        top,
      ),
  );
}
