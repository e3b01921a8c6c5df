import { createRequire } from 'node:module';
import { RenderFailure } from '../../kind.js';
import { QrEncoder } from '../../qr/encoder.js';
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

/** Memory that all codes of a thread are made in, one after the other. */
const encoder = new QrEncoder();

/**
 * Runs of digits, of capitals and of bytes are mixed so that the code is as small as it can be; a higher level of error
 * correction that needs no more modules is taken.
 * @returns modules that hold until the next code is made
 */
export function qrModules(value: string, level: Correction, at: string): Matrix {
  const code = encoder.encode(value, level);
  // Its length was checked when the request was read.
  if (code === undefined)
    throw new RenderFailure('the code cannot be drawn: no QR code holds its value', `${at}/value`);
  const { size, modules } = code;
  return { type: 'matrix', modules, columns: size, rows: size, rowHeight: 1 };
}

export function barcodeModules(symbology: SymbologyName, value: string, at: string): Bars | Matrix {
  const { encoder, options, matrix, complete } = symbologies[symbology];
  if (!matrix) return encode(encoder, complete(value), options, at);
  const { text, options: spelling } = spelled(value);
  return encode(encoder, text, { ...options, ...spelling }, at);
}
