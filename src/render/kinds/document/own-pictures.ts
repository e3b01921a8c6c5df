import type { DrawnArt } from './own-art.js';
import { foreign, isNode, numberOf } from './own-nodes.js';
import type { Node, PdfMakeSvg } from './pdfmake.js';
import { SvgSizes } from './svg-size.js';

/** Pictures and drawings of our own layout, in the sizes that pdfmake gives them. */

/** Pixels of a picture, points of a drawing. */
interface Size {
  readonly width: number;
  readonly height: number;
}

const svgSizes = new SvgSizes();

/** A picture in the size that its node asks for; `pixels` as it is shown. */
export function pictureArt(node: Node, pixels: Size, link: string | undefined): DrawnArt {
  const { image, cover } = node;
  const size = isNode(cover)
    ? { width: numberOf(cover.width), height: numberOf(cover.height) }
    : sizeOf(node, pixels);
  const more = { image, ...(isNode(cover) ? { cover } : {}), ...linked(link) };
  return sizedArt(size, isShrinking(node), ({ width, height }) => (renderer, x, y) => {
    renderer.renderImage({ ...more, _width: width, _height: height, x, y });
  });
}

/** A drawing, or an area that leads somewhere and has none. */
export function svgArt(node: Node, family: string, link: string | undefined): DrawnArt {
  const { font = family, pointer, notes, options } = node;
  const svg = isSvg(node.svg) ? node.svg : foreign('no drawing');
  const { width = 0, height = 0 } = svgSizes.measureSVG(svg);
  const more = { font, pointer, notes, options, ...linked(link) };
  return sizedArt(sizeOf(node, { width, height }), isShrinking(node), (size) => (renderer, x, y) => {
    const drawn = svgSizes.writeDimensions(svg, size);
    renderer.renderSVG({ ...more, svg: drawn, _width: size.width, _height: size.height, x, y });
  });
}

function isSvg(value: unknown): value is PdfMakeSvg {
  return typeof value === 'string' || (isNode(value) && typeof value.rest === 'string');
}

const linked = (link: string | undefined) => (link === undefined ? {} : { link });

/** A picture of HTML gives way to its column. */
const isShrinking = ({ shrinks }: Node): boolean => shrinks === true;

function sizedArt(size: Size, shrinks: boolean, drawAs: (size: Size) => DrawnArt['draw']): DrawnArt {
  const { width, height } = size;
  const shrunk = (room: number): DrawnArt => {
    const factor = Math.min(1, Math.max(1, room) / width);
    return sizedArt({ width: width * factor, height: height * factor }, false, drawAs);
  };
  return {
    ...size,
    top: 0,
    bottom: height,
    boxes: [{ left: 0, top: 0, right: width, bottom: height }],
    draw: drawAs(size),
    ...(shrinks ? { shrunk } : {}),
  };
}

function sizeOf({ fit, width, height, maxWidth, maxHeight }: Node, pixels: Size): Size {
  const ratio = pixels.width / pixels.height;
  if (Array.isArray(fit)) {
    const [most, highest] = [numberOf(fit[0]), numberOf(fit[1])];
    const factor = ratio > most / highest ? most / pixels.width : highest / pixels.height;
    return { width: pixels.width * factor, height: pixels.height * factor };
  }
  const [across, down] = [width, height].map((side) => (typeof side === 'number' ? side : 0));
  const size = {
    width: across || (down ? down * ratio : pixels.width),
    height: down || (across ? across / ratio : pixels.height),
  };
  if (typeof maxWidth === 'number' && maxWidth < size.width) {
    size.width = maxWidth;
    size.height = (size.width * pixels.height) / pixels.width;
  }
  if (typeof maxHeight === 'number' && maxHeight < size.height) {
    size.height = maxHeight;
    size.width = (size.height * pixels.width) / pixels.height;
  }
  return size;
}
