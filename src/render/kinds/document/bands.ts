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
  /** Its content with these numbers in it, in a column of this width; `top` is where it begins on the page. */
  node(page: string, pages: string, width: number, top: number): Node;
}

/** The header and the footer of some pages. */
export interface BandPair {
  readonly header?: Band;
  readonly footer?: Band;
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

/** The headers and footers of a document. */
export class Bands {
  /** By pair and width, since other paper breaks their lines elsewhere. */
  readonly #heights = new Map<BandPair, Map<number, Heights>>();

  constructor(
    private readonly bands: BandPair,
    /** Those of the first page, where it has its own. */
    private readonly first: BandPair,
    /** The margins that the caller asked for. */
    private readonly asked: Margins,
    private readonly measure: (node: Node, width: number) => number,
  ) {}

  /** Whether they are the same whatever the number of pages is. */
  get isFixed(): boolean {
    const text = (band: Band | undefined, pages: string) =>
      JSON.stringify(band?.node(longestNumber, pages, points(leastContentMm), 0));
    const all = [this.bands.header, this.bands.footer, this.first.header, this.first.footer];
    return all.every((band) => text(band, '1') === text(band, longestNumber));
  }

  #width(size: PageSize): number {
    return size.width - this.asked.left - this.asked.right;
  }

  #heightOf(band: Band | undefined, width: number): number {
    return band === undefined ? 0 : this.measure(band.node(longestNumber, longestNumber, width, 0), width);
  }

  #measured(pair: BandPair, size: PageSize): Heights {
    const width = this.#width(size);
    const byWidth = this.#heights.get(pair) ?? new Map<number, Heights>();
    this.#heights.set(pair, byWidth);
    const known = byWidth.get(width);
    if (known !== undefined) return known;
    const heights = {
      header: this.#heightOf(pair.header, width),
      footer: this.#heightOf(pair.footer, width),
    };
    byWidth.set(width, heights);
    return heights;
  }

  /**
   * The margins of the first page or of another one: as asked for, or what header and footer need.
   * @throws RenderFailure at the higher of the two when they leave no room for content.
   */
  margins(size: PageSize, isFirst: boolean): Margins {
    const { asked } = this;
    const pair = isFirst ? this.first : this.bands;
    const { header, footer } = this.#measured(pair, size);
    const top = pair.header === undefined ? asked.top : Math.max(asked.top, header + bandAir);
    const bottom = pair.footer === undefined ? asked.bottom : Math.max(asked.bottom, footer + bandAir);
    const grown = top > asked.top || bottom > asked.bottom;
    if (grown && size.height - top - bottom < points(leastContentMm)) {
      const higher = header > footer ? pair.header : pair.footer;
      throw new RenderFailure(
        `header and footer leave no room for content (${leastContentMm} mm at least)`,
        higher?.pointer,
      );
    }
    return { left: asked.left, right: asked.right, top, bottom };
  }

  /** Puts the header or the footer into the middle of its margin; each page begins it at the same height. */
  placed(
    where: 'header' | 'footer',
  ): ((page: number, pages: number, size: PageSize) => Node | undefined) | undefined {
    if (this.bands[where] === undefined && this.first[where] === undefined) return undefined;
    return (page, pages, size) => {
      const pair = page === 1 ? this.first : this.bands;
      const band = pair[where];
      if (band === undefined) return undefined;
      const { left, right, top, bottom } = this.margins(size, page === 1);
      const room = where === 'header' ? top : bottom;
      const offset = Math.max(0, (room - this.#measured(pair, size)[where]) / 2);
      const begin = where === 'header' ? 0 : size.height - bottom;
      const node = band.node(String(page), String(pages), this.#width(size), begin);
      return { stack: [node], margin: [left, offset, right, 0] };
    };
  }
}
