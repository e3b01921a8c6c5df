import { RenderFailure } from '../../kind.js';
import { DocumentLayout } from './layout.js';
import { PaperEdges } from './outside.js';
import { unbounded } from './page-writer.js';
import { bandAir, leastContentMm } from './paper.js';
import type { Margins, Node, PageSize, PdfDocument } from './pdfmake.js';
import { points } from './typesetting.js';

/** Headers and footers: measured first, so that the content begins below them and ends above. Lengths are points. */

/** A header or footer before it has a place. */
export interface Band {
  /** JSON pointer. */
  readonly pointer: string;
  /** Its content with these numbers in it, in a column of this width. */
  node(page: string, pages: string, width: number): Node;
}

/** The longest numbers that are made room for: what is set in them is as high as with any shorter ones, or higher. */
const longestNumber = '88888';

/** The height of a node in a column of this width. */
export function heightOf(node: Node, width: number, document: PdfDocument, style: object): number {
  const edges = new PaperEdges(() => undefined);
  const layout = new DocumentLayout({ width, height: unbounded }, none, () => undefined, edges);
  const section = { section: [node], pageSize: { width, height: unbounded } };
  layout.layoutDocument([section], document, {}, style, undefined, undefined, undefined, undefined);
  return layout.writer.context().y;
}
const none: Margins = { left: 0, top: 0, right: 0, bottom: 0 };

interface Heights {
  readonly header: number;
  readonly footer: number;
}

/** The header and the footer of a document. */
export class Bands {
  /** By width, since other paper breaks their lines elsewhere. */
  readonly #heights = new Map<number, Heights>();

  constructor(
    private readonly bands: { readonly header?: Band; readonly footer?: Band },
    /** The margins that the caller asked for. */
    private readonly asked: Margins,
    private readonly measure: (node: Node, width: number) => number,
  ) {}

  #width(size: PageSize): number {
    return size.width - this.asked.left - this.asked.right;
  }

  #heightOf(band: Band | undefined, width: number): number {
    return band === undefined ? 0 : this.measure(band.node(longestNumber, longestNumber, width), width);
  }

  #measured(size: PageSize): Heights {
    const width = this.#width(size);
    const known = this.#heights.get(width);
    if (known !== undefined) return known;
    const { header, footer } = this.bands;
    const heights = { header: this.#heightOf(header, width), footer: this.#heightOf(footer, width) };
    this.#heights.set(width, heights);
    return heights;
  }

  /**
   * The margins of a page: as asked for, or what header and footer need.
   * @throws RenderFailure at the higher of the two when they leave no room for content.
   */
  margins(size: PageSize): Margins {
    const { asked, bands } = this;
    const { header, footer } = this.#measured(size);
    const top = bands.header === undefined ? asked.top : Math.max(asked.top, header + bandAir);
    const bottom = bands.footer === undefined ? asked.bottom : Math.max(asked.bottom, footer + bandAir);
    const grown = top > asked.top || bottom > asked.bottom;
    if (grown && size.height - top - bottom < points(leastContentMm)) {
      const higher = header > footer ? bands.header : bands.footer;
      throw new RenderFailure(
        `header and footer leave no room for content (${leastContentMm} mm at least)`,
        higher?.pointer,
      );
    }
    return { left: asked.left, right: asked.right, top, bottom };
  }

  /** Puts the header or the footer into the middle of its margin; each page begins it at the same height. */
  placed(where: 'header' | 'footer'): ((page: number, pages: number, size: PageSize) => Node) | undefined {
    const band = this.bands[where];
    if (band === undefined) return undefined;
    return (page, pages, size) => {
      const { left, right, top, bottom } = this.margins(size);
      const room = where === 'header' ? top : bottom;
      const offset = Math.max(0, (room - this.#measured(size)[where]) / 2);
      const node = band.node(String(page), String(pages), this.#width(size));
      return { stack: [node], margin: [left, offset, right, 0] };
    };
  }
}
