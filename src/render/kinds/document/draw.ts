import type { JobWarning } from '../../../protocol/job-record.js';
import { defaultFamily } from '../../fonts/catalogue.js';
import { Bookmarks } from './bookmarks.js';
import { leastModuleMm } from './codes.js';
import { type BlockTools, blockNodes, cellNode, headingFont, headingNode } from './draw-blocks.js';
import { barcodeNode, type CodePlace, type PlacedCode, qrNode } from './draw-codes.js';
import { blockNode, blockPadding, hasSquareCorners } from './draw-frame.js';
import { lineNode, rectNode } from './draw-shapes.js';
import { tableNode } from './draw-table.js';
import type { ListItem } from './lists.js';
import type { DrawnLength, HtmlImage, ImageSource, SvgDrawing } from './model.js';
import { type NarrowColumn, tooWide } from './narrow-columns.js';
import type { Operation } from './operations.js';
import type { Node } from './pdfmake.js';
import type { Picture } from './pictures.js';
import { ownSize } from './svg-size.js';
import { svgOptions, withFallbackFonts } from './svg-text.js';
import { type FontState, inPoints, linkColor, points, pointsPerMm, type Typesetter } from './typesetting.js';

/** The page as the drawing of one operation sees it, in points. */
export interface Frame {
  readonly left: number;
  readonly contentWidth: number;
  readonly contentHeight: number;
  /** Where the paper begins above what is drawn aside, as footers are: places are from there. */
  readonly top?: number;
  readonly column?: NarrowColumn;
  /** `contentWidth` is about right: the column has no width of its own. */
  readonly isRough?: boolean;
}

type Of<T extends Operation['type']> = Extract<Operation, { type: T }>;
/** Operations that put something on the page. */
export type Drawn = Exclude<Operation, { type: 'set_font' | 'add_page' | 'add_page_break' }>;

/** Draws operations as pdfmake nodes; pages and fonts are kept by the caller. */
export class Drawing {
  readonly #bookmarks = new Bookmarks();
  /** Columns that were told of. */
  readonly #narrow = new Set<string>();

  constructor(
    private readonly setter: Typesetter,
    private readonly pictures: (source: ImageSource) => Picture,
    /** The operations of a column, drawn in turn. */
    private readonly column: (operations: readonly Operation[], font: FontState, frame: Frame) => Node[],
    private readonly warn: (warning: JobWarning) => void,
  ) {}

  node(operation: Drawn, font: FontState, frame: Frame): Node {
    if (frame.column !== undefined) this.#tellNarrow(operation, font, frame.column);
    switch (operation.type) {
      case 'add_text':
        return this.#text(operation, font, frame);
      case 'add_image':
        return this.#image(operation, frame);
      case 'add_table': {
        const { grid, font_size, lang, ...look } = operation;
        const own = font_size === undefined ? font : { ...font, size: font_size };
        const { widths, ...rest } = look;
        const sized =
          widths === undefined ? {} : { widths: widths.map((width) => inPoints(width, frame.contentWidth)) };
        const tools = this.#blockTools(operation, frame);
        return tableNode(
          grid,
          { ...rest, ...sized, language: lang },
          own,
          this.setter,
          operation.at,
          (blocks) => cellNode(blocks, own, tools),
        );
      }
      case 'add_html':
        return { stack: blockNodes(operation.blocks, font, this.#blockTools(operation, frame)) };
      case 'add_list':
        return this.#list(operation, font);
      case 'add_link':
        return this.#link(operation, font, frame);
      case 'add_toc':
        return this.#toc(operation, font);
      case 'add_line':
        return lineNode(operation, frame.top ?? 0);
      case 'add_rect':
        return rectNode(operation, frame.top ?? 0);
      case 'add_qr': {
        const { value, ecc = 'M', size, at } = operation;
        const place = codePlace(operation, size, size, frame);
        return this.#code(qrNode(value, ecc, place, at), operation, frame);
      }
      case 'add_barcode':
        return this.#barcode(operation, font, frame);
      case 'add_svg': {
        const size = { ...length('width', operation.width), ...length('height', operation.height) };
        return placed(
          this.#svg(operation.svg, size, operation.align, frame, operation.at, 'svg'),
          operation,
          frame,
        );
      }
      case 'add_columns':
        return this.#columns(operation, font, frame);
      case 'add_block':
        return this.#block(operation, font, frame);
      case 'add_spacer':
        return { stack: [], margin: [0, points(operation.height), 0, 0] };
    }
  }

  /** Once for each column. */
  #tellNarrow(operation: Drawn, font: FontState, column: NarrowColumn): void {
    const message = this.#narrow.has(column.at) ? undefined : tooWide(operation, column, font.size);
    if (message === undefined) return;
    this.#narrow.add(column.at);
    this.warn({ code: 'narrow_column', message, pointer: column.at });
  }

  #blockTools({ at, lang }: Of<'add_html' | 'add_table'>, frame: Frame): BlockTools {
    return {
      setter: this.setter,
      bookmarks: this.#bookmarks,
      language: lang,
      at,
      image: (image) => this.#htmlImage(image, frame, at),
    };
  }

  /** Never wider or higher than the page has room, whatever it asks for. */
  #htmlImage({ source, width, height, align, link }: HtmlImage, frame: Frame, at: string): Node {
    const picture = this.pictures(source);
    const size: Node = {
      ...(width === undefined ? {} : { width: drawnPoints(width, frame.contentWidth) }),
      ...(height === undefined ? {} : { height: drawnPoints(height, frame.contentHeight) }),
    };
    const extra = { ...alignment(align), ...(link === undefined ? {} : { link }) };
    if (picture.type === 'svg')
      return { ...this.#svg(picture.svg, size, align, frame, at, 'html'), ...extra, shrinks: true };
    const natural = { width: picture.width * 0.75, height: picture.height * 0.75 };
    return {
      image: picture.key,
      ...(Object.keys(size).length > 0 ? size : natural),
      maxWidth: frame.contentWidth,
      maxHeight: frame.contentHeight,
      ...extra,
      shrinks: true,
    };
  }

  #columns({ columns, gap = 5, at }: Of<'add_columns'>, font: FontState, frame: Frame): Node {
    const columnGap = points(gap);
    const room = Math.max(1, frame.contentWidth - columnGap * (columns.length - 1));
    return {
      columns: columns.map(({ width, operations }, index) => {
        const own = inPoints(width, room);
        const contentWidth = typeof own === 'number' ? own : room / columns.length;
        const narrow: Partial<Frame> =
          typeof own === 'number'
            ? { column: { width: own, at: `${at}/columns/${index}`, is: 'column' }, isRough: false }
            : { isRough: true };
        return { width: own, stack: this.column(operations, font, { ...frame, ...narrow, contentWidth }) };
      }),
      columnGap,
    };
  }

  #block(operation: Of<'add_block'>, font: FontState, frame: Frame): Node {
    const { left, right } = blockPadding(operation);
    if (hasSquareCorners(operation)) {
      this.warn({
        code: 'radius_left_out',
        message: 'The corners of a border whose sides differ are not round; its ground is',
        pointer: `${operation.at}/radius`,
      });
    }
    const width = operation.width === undefined ? frame.contentWidth : points(operation.width);
    const contentWidth = Math.max(1, width - left - right);
    const isKnown = operation.width !== undefined || frame.isRough !== true;
    const column: NarrowColumn = { width: contentWidth, at: operation.at, is: 'block' };
    const inner: Frame = { ...frame, contentWidth, ...(isKnown ? { column, isRough: false } : {}) };
    const node = blockNode(operation, this.column(operation.operations, font, inner));
    return placed(operation.width === undefined ? node : { columns: [{ ...node, width }] }, operation, frame);
  }

  #text(operation: Of<'add_text'>, font: FontState, frame: Frame): Node {
    const { at, text, heading, width } = operation;
    const base = heading === undefined ? font : headingFont(heading, font);
    const own: FontState = {
      family: font.family,
      size: operation.font_size ?? base.size,
      bold: operation.bold ?? base.bold,
      italic: operation.italic ?? base.italic,
      underline: operation.underline ?? base.underline,
    };
    const extra: Node = {
      ...alignment(operation.align),
      ...(operation.color === undefined ? {} : { color: operation.color }),
      ...(operation.line_height === undefined ? {} : { lineHeight: operation.line_height }),
      ...(operation.link === undefined
        ? {}
        : { link: operation.link, ...(operation.color === undefined ? { color: linkColor } : {}) }),
      ...(heading === undefined ? {} : { margin: [0, own.size * 0.4, 0, own.size * 0.25] }),
      ...(operation.keep_with_next === true ? { keepNext: true } : {}),
    };
    const plain = this.setter.text(text, own, extra, operation.lang, at);
    const node = heading === undefined ? plain : headingNode(plain, heading, text, this.#bookmarks);
    if (width === undefined) return placed(node, operation, frame);
    return placed({ columns: [{ ...node, width: points(width) }] }, operation, frame);
  }

  #image(operation: Of<'add_image'>, frame: Frame): Node {
    const picture = this.pictures(operation.source);
    const { width, height, fit = 'fill', align, link } = operation;
    const both = width !== undefined && height !== undefined;
    const size: Node = both
      ? fit === 'contain'
        ? { fit: [points(width), points(height)] }
        : fit === 'cover' && picture.type === 'raster'
          ? { cover: { width: points(width), height: points(height) } }
          : { width: points(width), height: points(height) }
      : { ...length('width', width), ...length('height', height) };
    const linked = link === undefined ? {} : { link };
    if (picture.type === 'svg')
      return placed(
        { ...this.#svg(picture.svg, size, align, frame, operation.at, 'source'), ...linked },
        operation,
        frame,
      );
    // 96 pixels to the inch unless a size is given, and never wider or higher than the page has room.
    const natural =
      Object.keys(size).length > 0
        ? size
        : {
            fit: [
              Math.min(frame.contentWidth, picture.width * 0.75),
              Math.min(frame.contentHeight, picture.height * 0.75),
            ],
          };
    return placed({ image: picture.key, ...natural, ...linked, ...alignment(align) }, operation, frame);
  }

  /** `member` is the one of the operation at `at` that holds the drawing. */
  #svg(
    drawing: SvgDrawing,
    size: Node,
    align: string | undefined,
    frame: Frame,
    at: string,
    member: string,
  ): Node {
    const room = { width: frame.contentWidth, height: frame.contentHeight };
    const natural = ownSize(drawing, room);
    const rest = withFallbackFonts(`<svg${drawing.rest}`, this.setter, at).slice('<svg'.length);
    const { width, height } = size;
    const sized = typeof width === 'number' && typeof height === 'number' ? { width, height } : natural;
    return {
      svg: { rest, ...(drawing.viewBox === undefined ? sized : natural), viewBox: drawing.viewBox },
      ...(Object.keys(size).length > 0 ? size : { maxWidth: room.width, maxHeight: room.height }),
      font: defaultFamily,
      pointer: `${at}/${member}`,
      notes: drawing.notes,
      ...alignment(align),
      options: svgOptions,
    };
  }

  #list(operation: Of<'add_list'>, font: FontState): Node {
    const { font_size, ordered = false, style, start, color, lang, at } = operation;
    const own = font_size === undefined ? font : { ...font, size: font_size };
    const colored = color === undefined ? {} : { color };
    const build = (items: readonly ListItem[], numbered: boolean, extra: Node): Node => {
      const nodes = items.flatMap((item) => {
        const text = this.setter.text(
          item.text,
          own,
          { ...colored, margin: [0, 0, 0, own.size * 0.15] },
          lang,
          at,
        );
        return item.items === undefined ? [text] : [text, build(item.items, item.ordered ?? numbered, {})];
      });
      return { ...this.setter.style(own), ...extra, [numbered ? 'ol' : 'ul']: nodes };
    };
    return build(operation.items, ordered, {
      ...(style === undefined ? {} : { type: style }),
      ...(start === undefined ? {} : { start }),
      margin: [0, 0, 0, own.size * 0.5],
    });
  }

  #link(operation: Of<'add_link'>, font: FontState, frame: Frame): Node {
    const { text, url, width, height, at } = operation;
    if (text === undefined) {
      const area = { type: 'rect', x: 0, y: 0, w: points(width ?? 0), h: points(height ?? 0) };
      // An empty drawing carries the clickable area.
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${area.w} ${area.h}"></svg>`;
      return placed({ svg, width: area.w, height: area.h, link: url }, operation, frame);
    }
    const own = { ...font, underline: true, size: operation.font_size ?? font.size };
    const extra = { link: url, color: operation.color ?? linkColor, ...alignment(operation.align) };
    const node = this.setter.text(text, own, extra, undefined, at);
    return placed(
      width === undefined ? node : { columns: [{ ...node, width: points(width) }] },
      operation,
      frame,
    );
  }

  #toc(operation: Of<'add_toc'>, font: FontState): Node {
    const own = operation.font_size === undefined ? font : { ...font, size: operation.font_size };
    const title =
      operation.title === undefined
        ? {}
        : {
            title: this.setter.text(
              operation.title,
              headingFont(2, own),
              { margin: [0, 0, 0, own.size * 0.4] },
              undefined,
              operation.at,
            ),
          };
    const style = { ...this.setter.style({ ...own, bold: false }), margin: [0, 1, 0, 1] };
    return { toc: { ...title, textStyle: style, numberStyle: style }, margin: [0, 0, 0, own.size] };
  }

  #barcode(operation: Of<'add_barcode'>, font: FontState, frame: Frame): Node {
    const { symbology, value, at, width, height, show_text = true } = operation;
    const upright = { ...font, bold: false, italic: false, underline: false };
    const family = show_text ? this.setter.familyFor(value, upright, at) : undefined;
    const place = codePlace(operation, width, height, frame);
    return this.#code(barcodeNode(symbology, value, family, place, at), operation, frame);
  }

  #code(code: PlacedCode, operation: Of<'add_qr'> | Of<'add_barcode'>, frame: Frame): Node {
    const moduleMm = code.module / pointsPerMm;
    if (moduleMm < leastModuleMm) {
      this.warn({
        code: 'narrow_modules',
        message: `The code has modules of ${moduleMm.toFixed(2)} mm, which many printers and readers fail at; give it more width`,
        pointer: operation.at,
      });
    }
    return placedCode(code, operation, frame);
  }
}

/** A column width in points; percentages are taken of `room`, because pdfmake cannot nest them. */
function drawnPoints(length: DrawnLength, room: number): number {
  return typeof length === 'number' ? length : length.share * room;
}

function alignment(align: string | undefined): Node {
  return align === undefined ? {} : { alignment: align };
}

function length(name: string, mm: number | undefined): Node {
  return mm === undefined ? {} : { [name]: points(mm) };
}

/** With a `y` the node stands at its place and breaks nothing; with an `x` alone it flows, indented. */
function placed(node: Node, { x, y }: { readonly x?: number; readonly y?: number }, frame: Frame): Node {
  if (y !== undefined) {
    const { margin: _, ...rest } = node;
    return {
      ...rest,
      absolutePosition: { x: x === undefined ? frame.left : points(x), y: points(y) - (frame.top ?? 0) },
    };
  }
  // What is no text gets a little air below, or the next line would touch it; codes have theirs.
  const bottomAir =
    'text' in node || 'columns' in node || 'canvas' in node || 'stack' in node ? undefined : [0, 0, 0, 4];
  if (x === undefined)
    return bottomAir === undefined || 'margin' in node ? node : { ...node, margin: bottomAir };
  const [, top = 0, , bottom = 0] = Array.isArray(node.margin) ? (node.margin as number[]) : [];
  return { ...node, margin: [points(x) - frame.left, top, 0, bottomAir === undefined ? bottom : 4] };
}

function codePlace(
  { color = '#000000' }: { readonly color?: string },
  widthMm: number | undefined,
  heightMm: number | undefined,
  frame: Frame,
): CodePlace {
  return { widthMm, heightMm, color, room: frame.contentWidth };
}

/** `x` and `y` are of the code itself; in the flow its quiet zone takes room, too. */
function placedCode(
  { node, left, top }: PlacedCode,
  { x, y, align }: { readonly x?: number; readonly y?: number; readonly align?: string },
  frame: Frame,
): Node {
  const corner = {
    ...(x === undefined ? {} : { x: x - left / pointsPerMm }),
    ...(y === undefined ? {} : { y: y - top / pointsPerMm }),
  };
  return placed({ ...node, ...alignment(align) }, corner, frame);
}
