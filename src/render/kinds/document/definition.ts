import { readFile } from 'node:fs/promises';
import type { RunContext } from '../../kind.js';
import type { Band } from './bands.js';
import { Drawing, type Drawn, type Frame } from './draw.js';
import type { Definition, WatermarkText } from './draw-document.js';
import type { Operation } from './operations.js';
import { bandFontSize, firstPaper, lyingSize, marginsMm, nextPaper, type Paper } from './paper.js';
import type { Margins, Node, PageSize } from './pdfmake.js';
import type { PictureShelf } from './pictures.js';
import type { DocumentRequest } from './request.js';
import { type FontState, initialFont, points, type Typesetter } from './typesetting.js';

/** A checked request as a definition for the engine. */

function pageSizeOf(paper: Paper): PageSize {
  const { widthMm, heightMm } = lyingSize(paper);
  return { width: points(widthMm), height: points(heightMm), orientation: paper.orientation };
}

/** Factor of a font's own height; without it lines of the standard fonts touch. */
const defaultLineHeight = 1.15;

class Composer {
  readonly #drawing: Drawing;
  readonly #pages: { readonly size: PageSize; readonly margins: Margins; readonly nodes: Node[] }[] = [];
  #paper: Paper;
  #font: FontState;
  #drawn = false;

  constructor(
    request: DocumentRequest,
    setter: Typesetter,
    shelf: PictureShelf,
    private readonly margins: (size: PageSize) => Margins,
    warn: RunContext['warn'],
  ) {
    this.#paper = firstPaper(request);
    this.#font = firstFont(request);
    this.#drawing = new Drawing(
      setter,
      (source) => shelf.of(source),
      (operations, font, frame) => this.#column(operations, font, frame),
      warn,
    );
    this.#begin();
  }

  #begin(): void {
    const size = pageSizeOf(this.#paper);
    this.#pages.push({ size, margins: this.margins(size), nodes: [] });
    this.#drawn = false;
  }

  #frame(): Frame {
    const size = this.#pages.at(-1)?.size ?? pageSizeOf(this.#paper);
    const margins = this.#pages.at(-1)?.margins ?? this.margins(size);
    return {
      left: margins.left,
      contentWidth: size.width - margins.left - margins.right,
      contentHeight: size.height - margins.top - margins.bottom,
    };
  }

  add(operation: Operation): void {
    if (operation.type === 'set_font') this.#font = nextFont(this.#font, operation);
    else if (operation.type === 'add_page') {
      this.#paper = nextPaper(this.#paper, operation);
      // The first add_page describes the page that every document begins with.
      if (!this.#drawn && this.#pages.length === 1) this.#pages.pop();
      this.#begin();
      this.#drawn = true;
    } else if (operation.type === 'add_page_break') {
      this.#drawn = true;
      this.#pages.at(-1)?.nodes.push({ stack: [], pageBreak: 'before' });
    } else {
      this.#drawn = true;
      this.#pages.at(-1)?.nodes.push(this.#node(operation, this.#font, this.#frame()));
    }
  }

  /** Says which operation it is of, for what the layout tells of it. */
  #node(operation: Drawn, font: FontState, frame: Frame): Node {
    const node = this.#drawing.node(operation, font, frame);
    node.at = operation.at;
    return node;
  }

  /** A column begins with the font around it, and what it sets ends with it. */
  #column(operations: readonly Operation[], font: FontState, frame: Frame): Node[] {
    let own = font;
    const nodes: Node[] = [];
    for (const operation of operations) {
      if (operation.type === 'set_font') own = nextFont(own, operation);
      else if (isDrawn(operation)) nodes.push(this.#node(operation, own, frame));
    }
    return nodes;
  }

  get content(): Node[] {
    return this.#pages.map(({ size, margins, nodes }) => ({
      section: nodes,
      pageSize: size,
      pageMargins: margins,
    }));
  }
}

function firstFont({ fonts }: DocumentRequest): FontState {
  return {
    ...initialFont,
    family: fonts?.default ?? initialFont.family,
    size: fonts?.size ?? initialFont.size,
  };
}

/** A rule as wide as its column. */
const bandRule = (width: number): Node => ({
  canvas: [{ type: 'line', x1: 0, y1: 0, x2: width, y2: 0, lineWidth: 0.5, lineColor: '#b8bec6' }],
});

interface BandPart {
  readonly text: string;
  readonly font: string;
}

/** Pieces of one font are one, as text without numbers is. */
function joined(parts: readonly BandPart[]): BandPart[] {
  const all: BandPart[] = [];
  for (const { text, font } of parts) {
    const last = all.at(-1);
    if (last?.font === font) all[all.length - 1] = { text: last.text + text, font };
    else all.push({ text, font });
  }
  return all;
}

const placeholder = /(\{pages?\})/;

function bandOf(
  band: NonNullable<DocumentRequest['header']>,
  where: 'header' | 'footer',
  firstFont: FontState,
  setter: Typesetter,
): Band {
  const font = { ...firstFont, size: band.font_size ?? bandFontSize };
  const color = band.color ?? '#555b63';
  const pointer = `/${where}`;
  const parts: readonly (readonly [string | undefined, string])[] =
    band.text !== undefined
      ? [[band.text, band.align ?? (where === 'footer' ? 'center' : 'left')]]
      : [
          [band.left, 'left'],
          [band.center, 'center'],
          [band.right, 'right'],
        ];
  // Made once, so that what a font lacks is told once. Numbers stand by themselves, or their braces would be parted.
  const texts = parts.map(([text = '', alignment]) => ({
    ...setter.style(font),
    alignment,
    color,
    parts: text
      .split(placeholder)
      .flatMap((piece): readonly BandPart[] =>
        placeholder.test(piece)
          ? [{ text: piece, font: font.family }]
          : setter
              .segments(piece, font, undefined, pointer)
              .map((one) => ({ text: one.text, font: one.family })),
      ),
    width: '*',
  }));
  const node = (page: string, pages: string, width: number): Node => {
    const fill = ({ text, font }: BandPart) => ({
      text: text === '{page}' ? page : text === '{pages}' ? pages : text,
      font,
    });
    const columns = texts.map(({ parts: all, ...look }) => ({ ...look, text: joined(all.map(fill)) }));
    if (band.line !== true) return { columns };
    return {
      stack:
        where === 'header'
          ? [{ columns }, { ...bandRule(width), margin: [0, 3, 0, 0] }]
          : [{ ...bandRule(width), margin: [0, 0, 0, 3] }, { columns }],
    };
  };
  return { pointer, node };
}

function isDrawn(operation: Operation): operation is Drawn {
  return (
    operation.type !== 'set_font' && operation.type !== 'add_page' && operation.type !== 'add_page_break'
  );
}

function nextFont(
  font: FontState,
  { family, style, size }: Extract<Operation, { type: 'set_font' }>,
): FontState {
  return {
    family: family ?? font.family,
    size: size ?? font.size,
    bold: style === undefined ? font.bold : style.includes('B'),
    italic: style === undefined ? font.italic : style.includes('I'),
    underline: style === undefined ? font.underline : style.includes('U'),
  };
}

const printing = { none: undefined, low: 'lowResolution', high: 'highResolution' } as const;

function encryptionOptions({
  user_password,
  owner_password,
  permissions = {},
}: NonNullable<DocumentRequest['encryption']>): object {
  const print = printing[permissions.printing ?? 'none'];
  return {
    ...(user_password === undefined ? {} : { userPassword: user_password }),
    ...(owner_password === undefined ? {} : { ownerPassword: owner_password }),
    permissions: {
      ...(print === undefined ? {} : { printing: print }),
      modifying: permissions.modifying ?? false,
      copying: permissions.copying ?? false,
      annotating: permissions.annotating ?? false,
      fillingForms: permissions.filling_forms ?? false,
      contentAccessibility: permissions.content_accessibility ?? true,
      documentAssembly: permissions.document_assembly ?? false,
    },
  };
}

function watermarkOf(
  request: DocumentRequest,
  setter: Typesetter,
  font: FontState,
): WatermarkText | undefined {
  const { watermark } = request;
  if (watermark === undefined) return undefined;
  const bold = watermark.bold ?? true;
  const parts = setter.segments(watermark.text, { ...font, bold, italic: false }, undefined, '/watermark');
  return {
    text: parts.map(({ text }) => text).join(''),
    parts,
    font: parts[0]?.family ?? font.family,
    color: watermark.color ?? '#888888',
    opacity: watermark.opacity ?? 0.15,
    bold,
    ...(watermark.angle === undefined ? {} : { angle: watermark.angle }),
    ...(watermark.font_size === undefined ? {} : { fontSize: watermark.font_size }),
  };
}

/** Puts the definition together; `createdAt` is the creation date that the PDF states. */
export async function composeDefinition(
  request: DocumentRequest,
  setter: Typesetter,
  shelf: PictureShelf,
  context: RunContext,
  createdAt: Date,
): Promise<Definition> {
  const { top, right, bottom, left } = marginsMm(request);
  const font = firstFont(request);
  const files = await Promise.all(
    (request.attachments ?? []).map(async ({ name, blob, contentType, description }) => ({
      content: await readFile(context.inputPath(blob)),
      options: {
        name,
        type: contentType ?? 'application/octet-stream',
        creationDate: createdAt,
        modifiedDate: createdAt,
        ...(description === undefined ? {} : { description }),
      },
    })),
  );
  return {
    content: (margins) => {
      const composer = new Composer(request, setter, shelf, margins, (warning) => context.warn(warning));
      for (const operation of request.operations) composer.add(operation);
      return composer.content;
    },
    pageSize: pageSizeOf(firstPaper(request)),
    margins: { top: points(top), right: points(right), bottom: points(bottom), left: points(left) },
    defaultStyle: { ...setter.style(font), lineHeight: defaultLineHeight },
    ...(request.header === undefined ? {} : { header: bandOf(request.header, 'header', font, setter) }),
    ...(request.footer === undefined ? {} : { footer: bandOf(request.footer, 'footer', font, setter) }),
    watermark: () => watermarkOf(request, setter, font),
    info: {
      Producer: 'Inkwire',
      Creator: 'Inkwire',
      CreationDate: createdAt,
      ...(request.title === undefined ? {} : { Title: request.title }),
      ...(request.author === undefined ? {} : { Author: request.author }),
      ...(request.subject === undefined ? {} : { Subject: request.subject }),
      ...(request.keywords === undefined ? {} : { Keywords: request.keywords }),
    },
    ...(request.language === undefined ? {} : { language: request.language }),
    ...(request.encryption === undefined ? {} : { encryption: encryptionOptions(request.encryption) }),
    files,
  };
}
