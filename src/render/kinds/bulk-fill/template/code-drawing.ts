import type { PdfBytes } from '../../../fonts/pdf-bytes.js';
import { RenderFailure } from '../../../kind.js';
import { type Bars, barcodeModules, type Matrix, qrModules } from '../../document/code-modules.js';
import { qrDefect, qrQuiet, type SymbologyName, symbologies } from '../../document/codes.js';
import { type CodeSlot, fixed } from './program.js';

/** Where a code is drawn: its room with the quiet zone, and the way there. */
export interface CodePlace {
  readonly matrix: string;
  readonly width: number;
  readonly height: number;
  /** Operators. */
  readonly color: string;
}

/**
 * Draws a code as one path, as large as fits, in the middle of its room; answers why it cannot be drawn, and has written
 * nothing then.
 */
export function drawCode(
  { symbology, correction }: CodeSlot,
  value: string,
  place: CodePlace,
  out: PdfBytes,
): string | undefined {
  const isQr = symbology === 'qr';
  if (!isQr && !isSymbology(symbology)) return 'is of a symbology that is not known';
  const reason = isQr ? qrDefect(value, correction) : symbologies[symbology].defect(value);
  if (reason !== undefined) return reason;
  try {
    const code = isQr ? qrModules(value, correction, '') : barcodeModules(symbology, value, '');
    const quiet = isQr ? ([qrQuiet, qrQuiet] as const) : symbologies[symbology].quiet;
    if (code.type === 'bars') drawBars(code, quiet, place, out);
    else drawMatrix(code, quiet, place, out);
    return undefined;
  } catch (error) {
    if (error instanceof RenderFailure) return error.message;
    throw error;
  }
}

export function isSymbology(name: string): name is SymbologyName {
  return Object.hasOwn(symbologies, name);
}

type Quiet = readonly [left: number, right: number];

function drawBars({ widths, columns }: Bars, quiet: Quiet, place: CodePlace, out: PdfBytes): void {
  const across = place.width / (columns + quiet[0] + quiet[1]);
  out.text(`q ${place.matrix} cm ${place.color} ${across.toFixed(5)} 0 0 ${fixed(place.height)} 0 0 cm\n`);
  let x = quiet[0];
  for (const [index, width] of widths.entries()) {
    if (index % 2 === 0 && width > 0) rectangle(x, 0, width, out);
    x += width;
  }
  out.text('f Q\n');
}

function drawMatrix(code: Matrix, quiet: Quiet, place: CodePlace, out: PdfBytes): void {
  const columns = code.columns + quiet[0] + quiet[1];
  const rows = code.rows * code.rowHeight + quiet[0] * 2;
  const module = Math.min(place.width / columns, place.height / rows);
  const [left, top] = [(place.width - columns * module) / 2, (place.height - rows * module) / 2];
  const down = module * code.rowHeight;
  const y = place.height - top - quiet[0] * module;
  out.text(
    `q ${place.matrix} cm ${place.color} ${module.toFixed(5)} 0 0 ${(-down).toFixed(5)} ${fixed(left + quiet[0] * module)} ${fixed(y)} cm\n`,
  );
  for (let row = 0; row < code.rows; row++) {
    let begin = -1;
    for (let column = 0; column <= code.columns; column++) {
      const dark = column < code.columns && code.modules[row * code.columns + column] === 1;
      if (dark && begin < 0) begin = column;
      else if (!dark && begin >= 0) {
        rectangle(begin, row, column - begin, out);
        begin = -1;
      }
    }
  }
  out.text('f Q\n');
}

/** Of one row of modules. */
function rectangle(x: number, y: number, width: number, out: PdfBytes): void {
  out.integer(x);
  out.text(' ');
  out.integer(y);
  out.text(' ');
  out.integer(width);
  out.text(' 1 re\n');
}
