import { DocumentLayout } from './layout.js';
import type { PaperEdges } from './outside.js';
import type { Margins, Node, PageSize } from './pdfmake.js';
import { SvgSizes } from './svg-size.js';

/** The layout with pictures that know their units, and pictures of HTML that are never wider than their column. */
export class PictureLayout extends DocumentLayout {
  constructor(size: PageSize, margins: Margins, onProgress: (ratio: number) => void, edges: PaperEdges) {
    super(size, margins, onProgress, edges);
    this.svgMeasure = new SvgSizes();
  }

  override processImage(node: Node): void {
    this.#shrink(node);
    super.processImage(node);
  }

  override processSVG(node: Node): void {
    const factor = this.#shrink(node);
    if (factor < 1 && typeof node.svg === 'string') {
      // The measure has written the size into the markup; what is drawn has its `viewBox`.
      node.svg = node.svg.replace(
        /^<svg width="[^"]*" height="[^"]*"/,
        `<svg width="${String(node._width)}" height="${String(node._height)}"`,
      );
    }
    super.processSVG(node);
  }

  /** The factor by which a picture that gives way had to become smaller. */
  #shrink(node: Node): number {
    const { _width: width, _height: height, shrinks } = node;
    if (shrinks !== true || typeof width !== 'number' || typeof height !== 'number') return 1;
    const factor = Math.min(1, Math.max(1, this.writer.context().availableWidth) / width);
    node._width = width * factor;
    node._height = height * factor;
    return factor;
  }
}
