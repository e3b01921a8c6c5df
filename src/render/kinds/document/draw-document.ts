import type { FontRegistry } from '../../fonts/registry.js';
import { RenderFailure } from '../../kind.js';
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
    } catch (error) {
      // What the drawing library throws says something about the drawing: a number that no PDF holds, say.
      throw new RenderFailure(`a drawing cannot be drawn: ${reasonOf(error)}`);
    } finally {
      this.pdfDocument.fonts = fonts;
    }
  }
}

function openDocument(
  { encryption, language, info, pageSize }: Definition,
  registry: FontRegistry,
  pictures: Pictures,
  sink: Sink,
): InkwireDocument {
  try {
    return new InkwireDocument(registry, pictures, (bytes) => sink.write(bytes), {
      size: [pageSize.width, pageSize.height],
      // 256-bit AES wants the extension level; everything else is plain PDF 1.7.
      pdfVersion: encryption === undefined ? '1.7' : '1.7ext3',
      compress: true,
      displayTitle: info.Title !== undefined,
      info,
      ...(language === undefined ? {} : { lang: language }),
      ...encryption,
    });
  } catch (error) {
    if (encryption === undefined) throw error;
    // Passwords are prepared by RFC 4013, which knows no character that is younger than it.
    throw new RenderFailure(`the passwords cannot be used: ${reasonOf(error)}`, '/encryption');
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 200) : 'unknown';
}

/** Draws the document; resolves with its number of pages when the last byte was written. */
export async function drawDocument(
  definition: Definition,
  registry: FontRegistry,
  pictures: Pictures,
  sink: Sink,
): Promise<number> {
  const document = openDocument(definition, registry, pictures, sink);
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
