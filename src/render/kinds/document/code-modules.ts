import { createRequire } from 'node:module';
import { type Bitmap2D, correction, generate, type ModeFactory, mode } from 'lean-qr';
import { RenderFailure } from '../../kind.js';
import { type Correction, type SymbologyName, symbologies } from './codes.js';

/** Values as modules: the encoder's part of a code. */

/** Bars and spaces in turn, in modules, a bar first and last. */
export interface Bars {
  readonly type: 'bars';
  readonly widths: readonly number[];
  readonly columns: number;
}

/** Modules row by row from the top, 1 being dark. */
export interface Matrix {
  readonly type: 'matrix';
  readonly modules: ArrayLike<number>;
  readonly columns: number;
  readonly rows: number;
  /** Height of a row in widths of a module. */
  readonly rowHeight: number;
}

/** What the encoder makes of a value: bars have `sbs`, matrices the rest. Sizes are inches of 72 modules. */
interface Encoded {
  readonly sbs?: readonly number[];
  readonly pixs?: readonly number[];
  readonly pixx?: number;
  readonly width?: number;
  readonly height?: number;
}

const require = createRequire(import.meta.url);

function encode(encoder: string, value: string, options: object, at: string): Bars | Matrix {
  // Loaded with the first code.
  const { raw } = require('bwip-js') as {
    raw(encoder: string, value: string, options: object): readonly Encoded[];
  };
  let encoded: Encoded | undefined;
  try {
    encoded = raw(encoder, value, options)[0];
  } catch (error) {
    const reason =
      error instanceof Error ? error.message.replace(/^bwipp\.\w+#\d+: /, '') : 'it cannot be encoded';
    throw new RenderFailure(`the code cannot be drawn: ${reason}`, `${at}/value`);
  }
  const { sbs, pixs, pixx, width = 1, height = 1 } = encoded ?? {};
  if (sbs !== undefined) {
    // A space at the end is the gap to a next character that is not there.
    const widths = sbs.length % 2 === 0 ? sbs.slice(0, -1) : sbs;
    return { type: 'bars', widths, columns: widths.reduce((sum, width) => sum + width, 0) };
  }
  if (pixs === undefined || pixx === undefined) throw new Error('the encoder drew neither bars nor a matrix');
  const rows = pixs.length / pixx;
  return { type: 'matrix', modules: pixs, columns: pixx, rows, rowHeight: height / rows / (width / pixx) };
}

/**
 * Text outside ASCII: what has a place in Latin-1, which these codes mean unless they say otherwise, goes as it is;
 * all else as UTF-8 and marked so (ECI 26).
 */
function spelled(value: string): { readonly text: string; readonly options: object } {
  if (/^[\x20-\x7e]*$/.test(value)) return { text: value, options: {} };
  if (/^[\0-\xff]*$/.test(value)) return { text: value, options: { binarytext: true } };
  return { text: `^ECI000026${value.replaceAll('^', '^^')}`, options: { parsefnc: true } };
}

/** UTF-8 without a mark of its own (ECI), which readers take for granted and some of them stumble over. */
const utf8: ModeFactory = Object.assign((value: string) => mode.bytes(Buffer.from(value)), {
  test: () => true,
  est: (value: string, version: number) => (version > 9 ? 20 : 12) + 8 * Buffer.byteLength(value),
});

/**
 * Runs of digits, of capitals and of bytes are mixed so that the code is as small as it can be; a higher level of error
 * correction that needs no more modules is taken.
 */
export function qrModules(value: string, level: Correction, at: string): Matrix {
  const modes = [mode.numeric, mode.alphaNumeric, utf8];
  let code: Bitmap2D;
  try {
    code = generate(value, { minCorrectionLevel: correction[level], modes });
  } catch {
    // Its length was checked when the request was read.
    throw new RenderFailure('the code cannot be drawn: no QR code holds its value', `${at}/value`);
  }
  const { size } = code;
  const modules = new Uint8Array(size * size);
  for (let y = 0; y < size; y++) for (let x = 0; x < size; x++) if (code.get(x, y)) modules[y * size + x] = 1;
  return { type: 'matrix', modules, columns: size, rows: size, rowHeight: 1 };
}

export function barcodeModules(symbology: SymbologyName, value: string, at: string): Bars | Matrix {
  const { encoder, options, matrix, complete } = symbologies[symbology];
  if (!matrix) return encode(encoder, complete(value), options, at);
  const { text, options: spelling } = spelled(value);
  return encode(encoder, text, { ...options, ...spelling }, at);
}
