import { readFile } from 'node:fs/promises';
import type { RunContext } from '../../kind.js';
import { Drawing, type Drawn, type Frame } from './draw.js';
import type { Definition } from './draw-document.js';
import type { Operation } from './operations.js';
import { bandHeight, defaultMarginMm, defaultPageSize, type PageSize as PaperSize } from './paper.js';
import type { Margins, Node, PageSize } from './pdfmake.js';
import type { PictureShelf } from './pictures.js';
import type { DocumentRequest } from './request.js';
import { type FontState, initialFont, points, type Typesetter } from './typesetting.js';

/** A checked request as a definition for the engine. */

interface Paper {
  readonly size: PaperSize;
  readonly orientation: 'portrait' | 'landscape';
}

function pageSizeOf({ size, orientation }: Paper): PageSize {
  const short = points(Math.min(size.widthMm, size.heightMm));
  const long = points(Math.max(size.widthMm, size.heightMm));
  return orientation === 'landscape'
    ? { width: long, height: short, orientation }
    : { width: short, height: long, orientation };
}

/** Factor of a font's own height; without it lines of the standard fonts touch. */
const defaultLineHeight = 1.15;

type Band = NonNullable<DocumentRequest['header']>;

class Composer {
  readonly #drawing: Drawing;
  readonly #pages: { readonly size: PageSize; readonly nodes: Node[] }[] = [];
  readonly #margin: number;
  #paper: Paper;
  #font: FontState;
  #drawn = false;

  constructor(
    request: DocumentRequest,
    private readonly setter: Typesetter,
    shelf: PictureShelf,
    readonly margins: Margins,
    warn: RunContext['warn'],
  ) {
    this.#margin = margins.left;
    const size = request.page_size ?? defaultPageSize;
    const own = size.widthMm > size.heightMm ? 'landscape' : 'portrait';
    this.#paper = { size, orientation: request.orientation ?? own };
    this.#font = {
      ...initialFont,
      family: request.fonts?.default ?? initialFont.family,
      size: request.fonts?.size ?? initialFont.size,
    };
    this.#drawing = new Drawing(
      setter,
      (source) => shelf.of(source),
      (operations, font, frame) => this.#column(operations, font, frame),
      warn,
    );
    this.#begin();
  }

  get font(): FontState {
    return this.#font;
  }

  #begin(): void {
    this.#pages.push({ size: pageSizeOf(this.#paper), nodes: [] });
    this.#drawn = false;
  }

  #frame(): Frame {
    const size = this.#pages.at(-1)?.size ?? pageSizeOf(this.#paper);
    return {
      left: this.#margin,
      contentWidth: size.width - 2 * this.#margin,
      contentHeight: size.height - this.margins.top - this.margins.bottom,
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
      this.#pages.at(-1)?.nodes.push(this.#drawing.node(operation, this.#font, this.#frame()));
    }
  }

  /** A column begins with the font around it, and what it sets ends with it. */
  #column(operations: readonly Operation[], font: FontState, frame: Frame): Node[] {
    let own = font;
    const nodes: Node[] = [];
    for (const operation of operations) {
      if (operation.type === 'set_font') own = nextFont(own, operation);
      else if (isDrawn(operation)) nodes.push(this.#drawing.node(operation, own, frame));
    }
    return nodes;
  }

  get content(): Node[] {
    return this.#pages.map(({ size, nodes }) => ({ section: nodes, pageSize: size }));
  }

  get pageSize(): PageSize {
    return this.#pages[0]?.size ?? pageSizeOf(this.#paper);
  }

  band(band: Band, where: 'header' | 'footer'): NonNullable<Definition['header']> {
    const font: FontState = {
      ...this.#font,
      size: band.font_size ?? 9,
      bold: false,
      italic: false,
      underline: false,
    };
    const color = band.color ?? '#555b63';
    const parts: readonly (readonly [string | undefined, string])[] =
      band.text !== undefined
        ? [[band.text, band.align ?? (where === 'footer' ? 'center' : 'left')]]
        : [
            [band.left, 'left'],
            [band.center, 'center'],
            [band.right, 'right'],
          ];
    return (page, pages, size) => {
      const columns = parts.map(([text = '', alignment]) => ({
        ...this.setter.text(
          text.replaceAll('{page}', String(page)).replaceAll('{pages}', String(pages)),
          font,
          { alignment, color },
          undefined,
          `/${where}`,
        ),
        width: '*',
      }));
      const room = where === 'header' ? this.margins.top : this.margins.bottom;
      const offset = Math.max(0, (room - font.size * 1.2) / 2);
      const width = size.width - 2 * this.#margin;
      const rule = {
        canvas: [{ type: 'line', x1: 0, y1: 0, x2: width, y2: 0, lineWidth: 0.5, lineColor: '#b8bec6' }],
      };
      const stack =
        where === 'header'
          ? [{ columns }, ...(band.line === true ? [{ ...rule, margin: [0, 3, 0, 0] }] : [])]
          : [...(band.line === true ? [{ ...rule, margin: [0, -3, 0, 3] }] : []), { columns }];
      return { stack, margin: [this.#margin, offset, this.#margin, 0] };
    };
  }
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

function nextPaper(
  paper: Paper,
  { page_size, orientation }: Extract<Operation, { type: 'add_page' }>,
): Paper {
  if (page_size === undefined) return { size: paper.size, orientation: orientation ?? paper.orientation };
  const wide = page_size.widthMm > page_size.heightMm;
  return { size: page_size, orientation: orientation ?? (wide ? 'landscape' : paper.orientation) };
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

function watermarkOf(request: DocumentRequest, setter: Typesetter, font: FontState): Definition['watermark'] {
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
  const margin = points(request.margin_mm ?? defaultMarginMm);
  const margins: Margins = {
    left: margin,
    right: margin,
    top: Math.max(margin, bandHeight(request.header)),
    bottom: Math.max(margin, bandHeight(request.footer)),
  };
  const composer = new Composer(request, setter, shelf, margins, (warning) => context.warn(warning));
  const firstFont = composer.font;
  for (const operation of request.operations) composer.add(operation);
  const watermark = watermarkOf(request, setter, firstFont);
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
    content: composer.content,
    pageSize: composer.pageSize,
    margins,
    defaultStyle: { ...setter.style(firstFont), lineHeight: defaultLineHeight },
    ...(request.header === undefined ? {} : { header: composer.band(request.header, 'header') }),
    ...(request.footer === undefined ? {} : { footer: composer.band(request.footer, 'footer') }),
    ...(watermark === undefined ? {} : { watermark }),
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
