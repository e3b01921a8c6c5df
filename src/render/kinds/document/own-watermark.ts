import type { Size } from '../../layout/sheet.js';
import type { WatermarkText } from './backs.js';
import type { Watermark } from './page-items.js';
import type { InkwireDocument } from './pdf-document.js';
import { type Node, type Page, PdfMakeLayout } from './pdfmake.js';

/** The watermark of pages of our own layout, measured as pdfmake does it. */
export class OwnWatermark {
  /** By the size of the page. */
  readonly #measured = new Map<string, Watermark | undefined>();
  /** The pages so far. */
  readonly pages: Pick<Page, 'pageSize' | 'watermark'>[] = [];

  constructor(
    private readonly text: WatermarkText,
    private readonly style: Node,
  ) {}

  /** That of the next page. */
  next({ width, height }: Size, document: InkwireDocument): Watermark | undefined {
    const key = `${width} ${height}`;
    if (!this.#measured.has(key)) this.#measured.set(key, this.#measure({ width, height }, document));
    const watermark = this.#measured.get(key);
    this.pages.push({ pageSize: { width, height }, ...(watermark === undefined ? {} : { watermark }) });
    return watermark;
  }

  #measure(pageSize: Size, document: InkwireDocument): Watermark | undefined {
    const page: { readonly pageSize: Size; readonly customProperties: object; watermark?: Watermark } = {
      pageSize,
      customProperties: {},
    };
    // All that it takes of the layout.
    const layout = { writer: { context: () => ({ pages: [page] }) } };
    Reflect.apply(PdfMakeLayout.prototype.addWatermark, layout, [this.text, document, this.style]);
    return page.watermark;
  }
}
