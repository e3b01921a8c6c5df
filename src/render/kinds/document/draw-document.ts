import type { JobWarning } from '../../../protocol/job-record.js';
import type { FontRegistry } from '../../fonts/registry.js';
import type { Segment } from '../../fonts/segments.js';
import { type Area, RenderFailure } from '../../kind.js';
import { Areas } from './areas.js';
import { type BandPair, Bands, heightOf } from './bands.js';
import { CodeDrawing } from './draw-codes.js';
import { PaperEdges } from './outside.js';
import type { Vector } from './page-items.js';
import { InkwireDocument, type Pictures } from './pdf-document.js';
import {
  type Margins,
  type Node,
  type Page,
  type PageSize,
  PdfMakeRenderer,
  type Watermark,
} from './pdfmake.js';
import { PictureLayout } from './picture-layout.js';
import { familyAliases } from './svg-text.js';

/** A document in pdfmake's terms, and what goes around it. Lengths are points. */
export interface Definition {
  /** The content, between margins that leave room for header and footer. */
  readonly content: (margins: (size: PageSize, isFirst: boolean) => Margins) => readonly Node[];
  readonly pageSize: PageSize;
  /** What the caller asked for; header and footer may need more. */
  readonly margins: Margins;
  readonly defaultStyle: object;
  readonly bands: BandPair;
  /** Those of the first page. */
  readonly firstBands: BandPair;
  /** Asked for after the content, so that what its characters lack is told after that. */
  readonly watermark: () => WatermarkText | undefined;
  readonly info: Readonly<Record<string, string | Date>>;
  /** For the XMP packet alone. */
  readonly properties?: Readonly<Record<string, string>>;
  readonly language?: string;
  readonly encryption?: object;
  readonly files: readonly { readonly content: Uint8Array; readonly options: object }[];
}

export interface WatermarkText {
  readonly text: string;
  readonly bold: boolean;
  /** The text in pieces that one family can show each. */
  readonly parts: readonly Segment[];
  /** Points; as large as the page has room for when left out. */
  readonly fontSize?: number;
  readonly [look: string]: unknown;
}

export interface Sink {
  write(bytes: Uint8Array): void;
  /** Share of the layout done, 0..1. */
  layout(ratio: number): void;
  pages(done: number, total: number): void;
  warn(warning: JobWarning): void;
  /** Where somebody asks for it: told of the place of every part. */
  readonly area?: (area: Area) => void;
}

/** Sentences told of one drawing; further ones are left out. */
const maxDrawingNotes = 5;
const maxNoteLength = 200;

/** pdfmake's page drawing, with the names that drawings have for fonts and what the engine says of drawings. */
class PageRenderer extends PdfMakeRenderer {
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

function openDocument(
  { encryption, language, info, properties = {}, pageSize }: Definition,
  registry: FontRegistry,
  pictures: Pictures,
  sink: Sink,
): InkwireDocument {
  try {
    const document = new InkwireDocument(registry, pictures, (bytes) => sink.write(bytes), {
      size: [pageSize.width, pageSize.height],
      // 256-bit AES wants the extension level; everything else is plain PDF 1.7.
      pdfVersion: encryption === undefined ? '1.7' : '1.7ext3',
      compress: true,
      displayTitle: info.Title !== undefined,
      info,
      ...(language === undefined ? {} : { lang: language }),
      ...encryption,
    });
    document.properties = Object.entries(properties);
    return document;
  } catch (error) {
    if (encryption === undefined) throw error;
    // Passwords are prepared by RFC 4013, which knows no character that is younger than it.
    throw new RenderFailure(`the passwords cannot be used: ${reasonOf(error)}`, '/encryption');
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 200) : 'unknown';
}

function tellLargeWatermark(pages: readonly Page[], edges: PaperEdges): void {
  const number = pages.findIndex(({ watermark, pageSize: { width, height } }) => {
    const size = watermark?._size.rotatedSize;
    return size !== undefined && (size.width > width || size.height > height);
  });
  if (number >= 0) edges.tell(`A part of it is not seen: it is larger than page ${number + 1}`, '/watermark');
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
  const { defaultStyle, margins: asked } = definition;
  const bands = new Bands(definition.bands, definition.firstBands, asked, (node, width) =>
    heightOf(node, width, document, defaultStyle),
  );
  const areas = sink.area === undefined ? undefined : new Areas();
  const edges = new PaperEdges(
    (message, pointer) => sink.warn({ code: 'outside_page', message, pointer }),
    areas,
  );
  const layout = new PictureLayout(definition.pageSize, asked, (ratio) => sink.layout(ratio), edges);
  const content = definition.content((size, isFirst) => bands.margins(size, isFirst));
  const watermark = definition.watermark();
  const pages = layout.layoutDocument(
    content,
    document,
    {},
    defaultStyle,
    undefined,
    bands.placed('header'),
    bands.placed('footer'),
    watermark,
  );
  if (sink.area !== undefined) areas?.tell(sink.area);
  if (watermark?.fontSize !== undefined) tellLargeWatermark(pages, edges);
  let begun = 0;
  document.onPage = () => sink.pages(begun++, pages.length);
  new PageRenderer(document, watermark, (warning) => sink.warn(warning)).renderPages(pages);
  sink.pages(pages.length, pages.length);
  await document.finish();
  return pages.length;
}
