import { RenderFailure } from '../../kind.js';
import { Areas } from './areas.js';
import type { Back, Sink, WatermarkText } from './backs.js';
import { CodeDrawing } from './draw-codes.js';
import { PaperEdges } from './outside.js';
import type { Vector, Watermark } from './page-items.js';
import type { InkwireDocument } from './pdf-document.js';
import { type Node, type Page, PdfMakeRenderer } from './pdfmake.js';
import { PictureLayout } from './picture-layout.js';
import { reasonOf } from './reason.js';
import { familyAliases } from './svg-text.js';

/** The back that draws every document: by the layout and the page drawing of pdfmake. */

/** Sentences told of one drawing; further ones are left out. */
const maxDrawingNotes = 5;
const maxNoteLength = 200;

/** pdfmake's page drawing, with the names that drawings have for fonts and what the engine says of drawings. */
export class PageRenderer extends PdfMakeRenderer {
  readonly #notes = new Map<string, Set<string>>();

  constructor(
    document: InkwireDocument,
    private readonly watermark: WatermarkText | undefined,
    private readonly warn: Sink['warn'],
  ) {
    super(document);
  }

  #tell(message: string, pointer: string): void {
    const told = this.#notes.get(pointer) ?? new Set();
    this.#notes.set(pointer, told);
    const short = message.slice(0, maxNoteLength);
    if (told.has(short) || told.size >= maxDrawingNotes) return;
    told.add(short);
    this.warn({ code: 'drawing_left_out', message: short, pointer });
  }

  /** A code, which pdfmake places as a shape, draws itself. */
  override renderVector(vector: Vector): void {
    if (vector.code instanceof CodeDrawing) vector.code.draw(this.pdfDocument, vector.x, vector.y);
    else super.renderVector(vector);
    // pdfmake would draw the ground of the next text as translucent as the shape before it.
    if (vector.fillOpacity !== undefined) this.pdfDocument.opacity(1);
  }

  override renderSVG(node: Node): void {
    const { fonts } = this.pdfDocument;
    const pointer = typeof node.pointer === 'string' ? node.pointer : undefined;
    const aliases = Object.entries(familyAliases).flatMap(([alias, name]) => {
      const family = fonts[name];
      return family === undefined ? [] : [[alias, family] as const];
    });
    this.pdfDocument.fonts = { ...fonts, ...Object.fromEntries(aliases) };
    const options = {
      ...(typeof node.options === 'object' ? node.options : {}),
      warningCallback: (message: string) => {
        if (pointer !== undefined) this.#tell(`A part of the drawing is not drawn: ${message}`, pointer);
      },
    };
    if (pointer !== undefined && Array.isArray(node.notes))
      for (const note of node.notes) this.#tell(String(note), pointer);
    try {
      super.renderSVG({ ...node, options });
    } catch (error) {
      // What the drawing library throws says something about the drawing: a number that no PDF holds, say.
      throw new RenderFailure(`a drawing cannot be drawn: ${reasonOf(error)}`, pointer);
    } finally {
      this.pdfDocument.fonts = fonts;
    }
  }

  /** A watermark in several fonts, its parts beside each other on one baseline. */
  override renderWatermark(page: { readonly watermark: Watermark }): void {
    const { watermark: asked, pdfDocument } = this;
    if (asked === undefined || asked.parts.length < 2) {
      super.renderWatermark(page);
      return;
    }
    const { watermark } = page;
    const measured = asked.parts.map(({ text, family }) => {
      const font = pdfDocument.provideFont(family, asked.bold, false);
      pdfDocument._font = font;
      return { text, font, width: pdfDocument.fontSize(watermark.fontSize).widthOfString(text) };
    });
    const { width, height } = watermark._size.size;
    const whole = measured.reduce((sum, part) => sum + part.width, 0);
    // Where the size was chosen to fit, it was chosen for the width in one font.
    const factor = asked.fontSize === undefined && whole > 0 ? width / whole : 1;
    const fontSize = watermark.fontSize * factor;
    let left = 0;
    for (const part of measured) {
      const lift = ((watermark.font.ascender - part.font.ascender) / 1000) * fontSize;
      // The engine centres a text by its size: these sizes put it where it belongs.
      const size = { width: whole * factor - 2 * left, height: height * factor - 2 * lift };
      super.renderWatermark({
        watermark: {
          ...watermark,
          text: part.text,
          font: part.font,
          fontSize,
          _size: { ...watermark._size, size },
        },
      });
      left += part.width * factor;
    }
  }
}

export function tellLargeWatermark(
  pages: readonly Pick<Page, 'watermark' | 'pageSize'>[],
  edges: PaperEdges,
): void {
  const number = pages.findIndex(({ watermark, pageSize: { width, height } }) => {
    const size = watermark?._size.rotatedSize;
    return size !== undefined && (size.width > width || size.height > height);
  });
  if (number >= 0) edges.tell(`A part of it is not seen: it is larger than page ${number + 1}`, '/watermark');
}

export const drawWithPdfMake: Back = ({ definition, bands, content, watermark }, document, _, sink) => {
  sink.stops?.rest();
  const areas = sink.area === undefined ? undefined : new Areas();
  const edges = new PaperEdges((warning) => sink.warn(warning), areas);
  const layout = new PictureLayout(
    definition.pageSize,
    definition.margins,
    (ratio) => sink.layout(ratio),
    edges,
  );
  const pages = layout.layoutDocument(
    content,
    document,
    {},
    definition.defaultStyle,
    undefined,
    bands.placed('header'),
    bands.placed('footer'),
    watermark,
  );
  edges.end();
  if (sink.area !== undefined) areas?.tell(sink.area);
  if (watermark?.fontSize !== undefined) tellLargeWatermark(pages, edges);
  let begun = 0;
  document.onPage = () => sink.pages(begun++, pages.length);
  new PageRenderer(document, watermark, (warning) => sink.warn(warning)).renderPages(pages);
  sink.pages(pages.length, pages.length);
  return pages.length;
};
