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

export type DrawnCode =
  | { readonly ok: true; readonly content: string }
  | { readonly ok: false; readonly reason: string };

/** Draws codes as one path each, as large as fits, in the middle of their room. */
export class CodeDrawer {
  draw(slot: CodeSlot, value: string, place: CodePlace): DrawnCode {
    const { symbology, correction } = slot;
    const isQr = symbology === 'qr';
    const reason = isQr ? qrDefect(value, correction) : defectOf(symbology, value);
    if (reason !== undefined) return { ok: false, reason };
    try {
      if (isQr)
        return { ok: true, content: drawn(qrModules(value, correction, ''), [qrQuiet, qrQuiet], place) };
      if (!isSymbology(symbology)) return { ok: false, reason: 'is of a symbology that is not known' };
      return {
        ok: true,
        content: drawn(barcodeModules(symbology, value, ''), symbologies[symbology].quiet, place),
      };
    } catch (error) {
      if (error instanceof RenderFailure) return { ok: false, reason: error.message };
      throw error;
    }
  }
}

export function isSymbology(name: string): name is SymbologyName {
  return Object.hasOwn(symbologies, name);
}

function defectOf(symbology: string, value: string): string | undefined {
  return isSymbology(symbology)
    ? symbologies[symbology].defect(value)
    : 'is of a symbology that is not known';
}

function drawn(code: Bars | Matrix, quiet: readonly [number, number], place: CodePlace): string {
  const columns = code.columns + quiet[0] + quiet[1];
  if (code.type === 'bars') {
    const across = place.width / columns;
    let [path, x] = ['', quiet[0]];
    for (const [index, width] of code.widths.entries()) {
      if (index % 2 === 0 && width > 0) path += `${x} 0 ${width} 1 re\n`;
      x += width;
    }
    return `q ${place.matrix} cm ${place.color} ${across.toFixed(5)} 0 0 ${fixed(place.height)} 0 0 cm\n${path}f Q\n`;
  }
  const rows = code.rows * code.rowHeight + quiet[0] * 2;
  const module = Math.min(place.width / columns, place.height / rows);
  const [left, top] = [(place.width - columns * module) / 2, (place.height - rows * module) / 2];
  const down = module * code.rowHeight;
  let path = '';
  for (let row = 0; row < code.rows; row++) {
    let begin = -1;
    for (let column = 0; column <= code.columns; column++) {
      const dark = column < code.columns && code.modules[row * code.columns + column] === 1;
      if (dark && begin < 0) begin = column;
      else if (!dark && begin >= 0) {
        path += `${begin} ${row} ${column - begin} 1 re\n`;
        begin = -1;
      }
    }
  }
  const y = place.height - top - quiet[0] * module;
  return `q ${place.matrix} cm ${place.color} ${module.toFixed(5)} 0 0 ${(-down).toFixed(5)} ${fixed(left + quiet[0] * module)} ${fixed(y)} cm\n${path}f Q\n`;
}
