import { readFile } from 'node:fs/promises';
import type { RunContext } from '../../kind.js';
import type { Definition, WatermarkText } from './backs.js';
import type { BandName } from './band-names.js';
import { bandOf } from './band-nodes.js';
import type { Band, BandPair } from './bands.js';
import { Drawing, type Drawn, type Frame } from './draw.js';
import { spaced } from './draw-frame.js';
import type { Operation } from './operations.js';
import { firstPaper, lyingSize, marginsMm, nextPaper, type Paper } from './paper.js';
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

/** Operations as nodes, each with the font that those before it have set. */
type Flow = (operations: readonly Operation[], font: FontState, frame: Frame) => Node[];

interface DrawnFlow {
  readonly flow: Flow;
  /** One operation. */
  readonly node: (operation: Drawn, font: FontState, frame: Frame) => Node;
}

function flowOf(setter: Typesetter, shelf: PictureShelf, warn: RunContext['warn']): DrawnFlow {
  /** Says which operation it is of, for what the layout tells of it. */
  const node = (operation: Drawn, font: FontState, frame: Frame): Node => {
    const drawn = spaced(drawing.node(operation, font, frame), operation);
    drawn.at = operation.at;
    return drawn;
  };
  /** A column begins with the font around it, and what it sets ends with it. */
  const flow: Flow = (operations, font, frame) => {
    let own = font;
    const nodes: Node[] = [];
    for (const operation of operations) {
      if (operation.type === 'set_font') own = nextFont(own, operation);
      else if (isDrawn(operation)) nodes.push(node(operation, own, frame));
    }
    return nodes;
  };
  const drawing = new Drawing(setter, (source) => shelf.of(source), flow, warn);
  return { flow, node };
}

class Composer {
  readonly #pages: Node[][] = [];
  readonly #frames: { readonly size: PageSize; readonly first: Margins; readonly following: Margins }[] = [];
  #paper: Paper;
  #font: FontState;
  #drawn = false;

  constructor(
    request: DocumentRequest,
    private readonly drawn: DrawnFlow,
    private readonly margins: (size: PageSize, isFirst: boolean) => Margins,
  ) {
    this.#paper = firstPaper(request);
    this.#font = firstFont(request);
    this.#begin();
  }

  #begin(): void {
    const size = pageSizeOf(this.#paper);
    const following = this.margins(size, false);
    const first = this.#pages.length === 0 ? this.margins(size, true) : following;
    this.#pages.push([]);
    this.#frames.push({ size, first, following });
    this.#drawn = false;
  }

  /** The room of a page of the present paper, whichever has less. */
  #frame(): Frame {
    const { size, first, following } = this.#frames.at(-1) ?? this.#newFrame();
    const least = (side: 'top' | 'bottom') => Math.max(first[side], following[side]);
    return {
      left: first.left,
      contentWidth: size.width - first.left - first.right,
      contentHeight: size.height - least('top') - least('bottom'),
    };
  }

  add(operation: Operation): void {
    if (operation.type === 'set_font') this.#font = nextFont(this.#font, operation);
    else if (operation.type === 'add_page') {
      this.#paper = nextPaper(this.#paper, operation);
      // The first add_page describes the page that every document begins with.
      if (!this.#drawn && this.#pages.length === 1) {
        this.#pages.pop();
        this.#frames.pop();
      }
      this.#begin();
      this.#drawn = true;
    } else if (operation.type === 'add_page_break') {
      this.#drawn = true;
      this.#pages.at(-1)?.push({ stack: [], pageBreak: 'before' });
    } else {
      this.#drawn = true;
      this.#pages.at(-1)?.push(this.drawn.node(operation, this.#font, this.#frame()));
    }
  }

  get content(): Node[] {
    return this.#pages.map((nodes, i) => {
      const { size, first, following } = this.#frames[i] ?? this.#newFrame();
      return { section: nodes, pageSize: size, pageMargins: first, followingMargins: following };
    });
  }

  #newFrame() {
    const size = pageSizeOf(this.#paper);
    return { size, first: this.margins(size, true), following: this.margins(size, false) };
  }
}

function firstFont({ fonts }: DocumentRequest): FontState {
  return {
    ...initialFont,
    family: fonts?.default ?? initialFont.family,
    size: fonts?.size ?? initialFont.size,
  };
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

function pairOf(header: Band | undefined, footer: Band | undefined): BandPair {
  return { ...(header === undefined ? {} : { header }), ...(footer === undefined ? {} : { footer }) };
}

/** Headers and footers are drawn again on each page, and say the same each time. */
function onceEach(warn: RunContext['warn']): RunContext['warn'] {
  const told = new Set<string>();
  return (warning) => {
    const key = `${warning.code} ${warning.pointer} ${warning.message}`;
    if (told.has(key)) return;
    told.add(key);
    warn(warning);
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
  const drawn = flowOf(
    setter,
    shelf,
    onceEach((warning) => context.warn(warning)),
  );
  const band = (name: BandName) => {
    const asked = request[name];
    return asked === undefined
      ? undefined
      : bandOf(asked, name, { font, setter, left: points(left), flow: drawn.flow });
  };
  const [header, footer] = [band('header'), band('footer')];
  return {
    content: (margins) => {
      const composer = new Composer(request, drawn, margins);
      for (const operation of request.operations) composer.add(operation);
      return composer.content;
    },
    pageSize: pageSizeOf(firstPaper(request)),
    margins: { top: points(top), right: points(right), bottom: points(bottom), left: points(left) },
    defaultStyle: { ...setter.style(font), lineHeight: defaultLineHeight },
    bands: pairOf(header, footer),
    firstBands: pairOf(
      request.first_header === undefined ? header : band('first_header'),
      request.first_footer === undefined ? footer : band('first_footer'),
    ),
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
    ...(request.properties === undefined ? {} : { properties: request.properties }),
    ...(request.language === undefined ? {} : { language: request.language }),
    ...(request.encryption === undefined ? {} : { encryption: encryptionOptions(request.encryption) }),
    files,
  };
}
