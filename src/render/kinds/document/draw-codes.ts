import { createRequire } from 'node:module';
import { RenderFailure } from '../../kind.js';
import { type Correction, type SymbologyName, symbologies } from './codes.js';

/** QR codes and barcodes as SVG drawings, so that they stay sharp at every size. */

export interface CodeDrawing {
  readonly svg: string;
  /** Width divided by height. */
  readonly ratio: number;
}

const require = createRequire(import.meta.url);

function draw(options: object, at: string): CodeDrawing {
  // Loaded with the first code.
  const { toSVG } = require('bwip-js') as { toSVG(options: object): string };
  let svg: string;
  try {
    svg = toSVG(options);
  } catch (error) {
    const reason =
      error instanceof Error ? error.message.replace(/^bwipp\.\w+#\d+: /, '') : 'it cannot be encoded';
    throw new RenderFailure(`the code cannot be drawn: ${reason}`, `${at}/value`);
  }
  const box = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(svg);
  return { svg, ratio: Number(box?.[1] ?? 1) / Number(box?.[2] ?? 1) };
}

export function drawQr(value: string, ecc: Correction, color: string, at: string): CodeDrawing {
  return draw({ bcid: 'qrcode', text: value, eclevel: ecc, barcolor: color.slice(1), scale: 1 }, at);
}

/** `heightMm` is of the bars, without the text under them. */
export function drawBarcode(
  symbology: SymbologyName,
  value: string,
  heightMm: number,
  showText: boolean,
  color: string,
  at: string,
): CodeDrawing {
  const { encoder, matrix, ownText } = symbologies[symbology];
  return draw(
    {
      bcid: encoder,
      text: value,
      barcolor: color.slice(1),
      textcolor: color.slice(1),
      ...(matrix
        ? {}
        : { height: heightMm, includetext: showText, ...(ownText ? {} : { textxalign: 'center' }) }),
      scale: 1,
    },
    at,
  );
}
