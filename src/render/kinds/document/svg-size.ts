import type { SvgDrawing } from './model.js';
import { type PdfMakeSvg, PdfMakeSvgMeasure, type SizedSvg } from './pdfmake.js';
import { pixel } from './svg-root.js';

/** How large a drawing is, and in which units it is drawn. */
/** What browsers give a drawing that does not say. */
const defaultSize = { width: 300 * pixel, height: 150 * pixel };

/**
 * The size of a drawing that nobody else sizes. A share is of the room that there is; the height follows the width
 * where there is a `viewBox`, as in a page of a browser, whose height is open.
 */
export function ownSize(
  { width, height, viewBox }: SvgDrawing,
  room: { readonly width: number; readonly height: number },
): { readonly width: number; readonly height: number } {
  const wide = width === undefined || typeof width === 'number' ? width : width.share * room.width;
  const open = typeof height === 'object' && viewBox !== undefined;
  const high =
    height === undefined || open
      ? undefined
      : typeof height === 'number'
        ? height
        : height.share * room.height;
  if (wide !== undefined && high !== undefined) return { width: wide, height: high };
  if (viewBox === undefined) return { width: wide ?? defaultSize.width, height: high ?? defaultSize.height };
  const ratio = viewBox[2] / viewBox[3];
  if (wide !== undefined) return { width: wide, height: wide / ratio };
  if (high !== undefined) return { width: high * ratio, height: high };
  return { width: viewBox[2] * pixel, height: viewBox[3] * pixel };
}

function isSized(svg: PdfMakeSvg): svg is SizedSvg {
  return typeof svg !== 'string';
}

/**
 * pdfmake strips the unit off a size and draws in what is left; here sizes are known before, and a drawing without a
 * `viewBox` is drawn in pixels.
 */
export class SvgSizes extends PdfMakeSvgMeasure {
  override measureSVG(svg: PdfMakeSvg): { width?: number | undefined; height?: number | undefined } {
    return isSized(svg) ? { width: svg.width, height: svg.height } : super.measureSVG(svg);
  }

  override writeDimensions(svg: PdfMakeSvg, size: { width: number; height: number }): string {
    if (!isSized(svg)) return super.writeDimensions(svg, size);
    const box = svg.viewBox ?? [0, 0, svg.width / pixel, svg.height / pixel];
    return `<svg width="${size.width}" height="${size.height}" viewBox="${box.join(' ')}"${svg.rest}`;
  }
}
