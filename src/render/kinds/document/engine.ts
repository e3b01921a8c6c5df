import type { FontRegistry } from '../../fonts/registry.js';
import { DocumentLayout } from './layout.js';
import { InkwireDocument, type Pictures } from './pdf-document.js';
import { type Margins, type Node, type PageSize, PdfMakeRenderer } from './pdfmake.js';

/** A document in pdfmake's terms, and what goes around it. Lengths are points. */
export interface Definition {
  readonly content: readonly Node[];
  readonly pageSize: PageSize;
  readonly margins: Margins;
  readonly defaultStyle: object;
  readonly header?: (page: number, pages: number, size: PageSize) => Node;
  readonly footer?: (page: number, pages: number, size: PageSize) => Node;
  readonly watermark?: object;
  readonly info: Readonly<Record<string, string | Date>>;
  readonly language?: string;
  readonly encryption?: object;
  readonly files: readonly { readonly content: Uint8Array; readonly options: object }[];
}

export interface Sink {
  write(bytes: Uint8Array): void;
  /** Share of the layout done, 0..1. */
  layout(ratio: number): void;
  pages(done: number, total: number): void;
}

/** pdfmake's page drawing; a drawing whose text no standard font can show is drawn with the others. */
class PageRenderer extends PdfMakeRenderer {
  override renderSVG(node: Node): void {
    const { fonts } = this.pdfDocument;
    if (node.unicode === true) {
      this.pdfDocument.fonts = Object.fromEntries(
        Object.entries(fonts).filter(([name]) => name.includes('-')),
      );
    }
    try {
      super.renderSVG(node);
    } finally {
      this.pdfDocument.fonts = fonts;
    }
  }
}

/** Draws the document; resolves with its number of pages when the last byte was written. */
export async function drawDocument(
  definition: Definition,
  registry: FontRegistry,
  pictures: Pictures,
  sink: Sink,
): Promise<number> {
  const { encryption, language } = definition;
  const document = new InkwireDocument(registry, pictures, (bytes) => sink.write(bytes), {
    size: [definition.pageSize.width, definition.pageSize.height],
    // 256-bit AES wants the extension level; everything else is plain PDF 1.7.
    pdfVersion: encryption === undefined ? '1.7' : '1.7ext3',
    compress: true,
    displayTitle: definition.info.Title !== undefined,
    info: definition.info,
    ...(language === undefined ? {} : { lang: language }),
    ...encryption,
  });
  for (const { content, options } of definition.files) document.file(content, options);
  const layout = new DocumentLayout(definition.pageSize, definition.margins, (ratio) => sink.layout(ratio));
  const pages = layout.layoutDocument(
    definition.content,
    document,
    {},
    definition.defaultStyle,
    undefined,
    definition.header,
    definition.footer,
    definition.watermark,
  );
  let begun = 0;
  document.onPage = () => sink.pages(begun++, pages.length);
  new PageRenderer(document).renderPages(pages);
  sink.pages(pages.length, pages.length);
  await document.finish();
  return pages.length;
}
