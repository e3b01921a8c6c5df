import { clusterEnd } from '../../fonts/characters.js';
import { LineOrder } from '../../layout/line-order.js';
import { closeSoftHyphens } from '../../layout/soft-hyphens.js';
import { rounding } from '../../layout/text.js';
import { isFrame } from './frame-shapes.js';
import { firstHeight, HeadingRoom, staysWithNext, wholeHeight } from './headings.js';
import type { PaperEdges } from './outside.js';
import type { Inline, Line } from './page-items.js';
import { PageContext, PageWriter, unbounded } from './page-writer.js';
import {
  type LayoutBuilder,
  type Margins,
  type Node,
  type PageSize,
  PdfMakeLine,
  PdfMakeSvgMeasure,
  PdfMakeTextInlines,
  pdfMakeTableLayouts,
  type SectionNode,
  type TableNode,
  type TextNode,
} from './pdfmake.js';
import { aroundRow, RowLayout, withCells } from './table-rows.js';
import { hasSameLook, TextMeasure } from './text-measure.js';

/** Words of a paragraph that lines are taken from at a time; taking the first off a long list moves all of it. */
const wordsAtHand = 2_000;

/** Characters of a word whose rest is measured exactly at every break. */
const longWord = 2_000;

/** Takes the margin below a node that flows away from it, points. */
function takeLowerMargin(node: Node): number {
  const { _margin: margin, absolutePosition, relativePosition } = node;
  if (!isMargin(margin) || absolutePosition !== undefined || relativePosition !== undefined) return 0;
  const [left, top, right, bottom] = margin;
  node._margin = [left, top, right, 0];
  return bottom;
}

/** A node that takes some width although there is nothing in it. */
function atLeast(node: Node): Node {
  const { leastWidth: least } = node;
  if (typeof least === 'number') {
    node._minWidth = Math.max(Number(node._minWidth), least);
    node._maxWidth = Math.max(Number(node._maxWidth), least);
  }
  return node;
}

function isMargin(margin: unknown): margin is readonly [number, number, number, number] {
  return Array.isArray(margin) && margin.length === 4;
}

/** Share of a page that the repeated rows of a table may take; a higher header is set once, as ordinary rows. */
const maxHeaderShare = 0.4;

/**
 * pdfmake's layout with progress, sections that always begin a page, tables that never leave the page to the right,
 * and paragraphs of any length.
 */
export class DocumentLayout extends RowLayout {
  #known = 1;
  #measured = 0;
  #placed = 0;
  #ratio = 0;
  #textInlines = new PdfMakeTextInlines(null);
  /** Words of long paragraphs that are not at hand yet, the last one first. */
  readonly #waiting = new WeakMap<TextNode, TextInline[]>();
  readonly #headingRoom = new HeadingRoom();
  readonly #order = new LineOrder();

  constructor(
    size: PageSize,
    margins: Margins,
    /** Called often with the share of the work done, 0..1. */
    private readonly onProgress: (ratio: number) => void,
    private readonly edges: PaperEdges,
  ) {
    super(size, margins, new PdfMakeSvgMeasure());
    this.registerTableLayouts(pdfMakeTableLayouts);
  }

  #report(): void {
    if (((this.#measured + this.#placed) & 31) !== 0) return;
    // Headers, footers and tables of contents make nodes that were not known at first.
    this.#ratio = Math.max(this.#ratio, Math.min(1, (this.#measured + this.#placed) / (2 * this.#known)));
    this.onProgress(this.#ratio);
  }

  override tryLayoutDocument(
    ...all: Parameters<LayoutBuilder['layoutDocument']>
  ): ReturnType<LayoutBuilder['tryLayoutDocument']> {
    const [content, document, , defaultStyle, , header, footer, watermark] = all;
    const { docPreprocessor, docMeasure } = this;
    const preprocess = docPreprocessor.preprocessNode.bind(docPreprocessor);
    docPreprocessor.preprocessNode = (node, sectionAllowed) => {
      this.#known++;
      return preprocess(withCells(node), sectionAllowed);
    };
    const measure = docMeasure.measureNode.bind(docMeasure);
    docMeasure.measureNode = (node) => {
      this.#measured++;
      this.#report();
      return atLeast(measure(node));
    };
    docMeasure.textInlines = new TextMeasure(document, this.#order);
    this.linearNodeList = [];
    const root = docMeasure.measureDocument(docPreprocessor.preprocessDocument(content));
    this.writer = new PageWriter(new PageContext(), this.edges);
    // Listeners are counted per nesting of tables and columns, which has its own bound.
    this.writer.setMaxListeners(0);
    this.processNode(root);
    this.addHeadersAndFooters(header, footer);
    this.addWatermark(watermark, document, defaultStyle);
    return { pages: this.writer.context().pages, linearNodeList: this.linearNodeList };
  }

  override processNode(node: Node, verticalAlignment?: boolean): void {
    this.#placed++;
    this.#report();
    if (Array.isArray(node.stack)) this.#headingRoom.enter(node);
    if (staysWithNext(node) && node.absolutePosition === undefined) this.#keepWithNext(node);
    const below = takeLowerMargin(node);
    // What a table keeps with it stands below its margin.
    if (below > 0 && staysWithNext(node)) node.below = below;
    const outer = this.edges.at;
    if (typeof node.at === 'string') this.edges.at = node.at;
    super.processNode(node, verticalAlignment);
    this.edges.at = outer;
    // pdfmake begins a page where a margin has no room: behind the last line of a document, an empty one.
    const context = this.writer.context();
    if (below > 0) {
      const { availableHeight: room } = context;
      context.moveDown(room < below ? Math.max(0, room) : below);
    }
  }

  /** Content that is higher than the page leaves no room, and no less. */
  #settle(): void {
    const context = this.writer.context();
    if (context.availableHeight < 0) context.availableHeight = 0;
  }

  override processImage(node: Node): void {
    super.processImage(node);
    this.#settle();
  }

  override processSVG(node: Node): void {
    super.processSVG(node);
    this.#settle();
  }

  override processCanvas(node: Node): void {
    super.processCanvas(node);
    this.#settle();
  }

  /** A heading does not stand alone at the end of a page: it begins the next one, with what follows it. */
  #keepWithNext(heading: TextNode): void {
    const context = this.writer.context();
    if (this.#atTop()) return;
    const needed = this.#headingRoom.needed(heading, context.availableWidth);
    // What fits on no page is broken anyway; in a column or cell a page may have less room than it seems.
    const most = this.#pageHeight() * (this.nestedLevel === 0 ? 1 : 0.5);
    if (needed > context.availableHeight && needed <= most) this.writer.moveToNextPage();
  }

  /** A block is not begun where nothing of it has room, and is one piece where that is asked for. */
  override processVerticalContainer(node: Node): void {
    const { frame } = node;
    const { writer } = this;
    if (!isFrame(frame)) {
      super.processVerticalContainer(node);
      return;
    }
    const draw = () => writer.framed(frame, () => super.processVerticalContainer(node));
    const context = writer.context();
    const whole = frame.keepTogether ? wholeHeight(node, context.availableWidth) : 0;
    // What is put together aside has no parts: a block that is higher than a page is laid out on its pages, from the
    // top of one, so that it is one piece if its columns turn out to be lower than they seem.
    const isHigh = whole > this.#pageHeight() && writer.contextStack.length === 0;
    if (!frame.keepTogether || isHigh) {
      const needed = isHigh ? this.#pageHeight() : firstHeight(node, context.availableWidth);
      if (!this.#atTop() && needed > context.availableHeight && needed <= this.#pageHeight())
        writer.moveToNextPage();
      draw();
      return;
    }
    const { lead } = writer;
    const following = this.followingRoom(node);
    writer.beginUnbreakableBlock();
    draw();
    writer.lead = following;
    writer.commitUnbreakableBlock();
    writer.lead = lead;
  }

  override followingRoom(node: Node): number {
    if (!staysWithNext(node)) return 0;
    const after = this.#headingRoom.following(node, this.writer.context().availableWidth);
    return after === 0 ? 0 : Number(node.below ?? 0) + after;
  }

  /** pdfmake leaves a page out that would follow an empty one; `add_page` always gives a page. */
  override processSection(node: SectionNode): void {
    const context = this.writer.context();
    if (context instanceof PageContext) context.following = node.followingMargins;
    this.writer.addPage(node.pageSize, undefined, node.pageMargins ?? this.pageMargins);
    this.processNode(node.section);
  }

  /** They were measured before; pdfmake drops what is higher than the margin. */
  override addHeadersAndFooters(header: unknown, footer: unknown): void {
    const whole = ({ width }: PageSize, y: number) => ({ x: 0, y, width, height: unbounded });
    this.edges.at = '/header';
    this.addDynamicRepeatable(header, (size) => whole(size, 0), 'header');
    this.edges.at = '/footer';
    this.addDynamicRepeatable(footer, (size, { bottom }) => whole(size, size.height - bottom), 'footer');
    this.edges.at = undefined;
  }

  /** A table whose longest words do not fit beside each other gets narrower columns, in which they are broken. */
  override processTable(node: TableNode): void {
    this.widenForLines(node);
    const room = this.writer.context().availableWidth - node._offsets.total;
    const { widths } = node.table;
    const least = widths.map(({ width, _minWidth }) => (typeof width === 'number' ? width : _minWidth));
    const sum = least.reduce((total, width) => total + width, 0);
    if (sum > room && room > 0) {
      // Narrow columns keep their width as long as they need less than an equal share of what is left.
      const order = least.map((_, i) => i).sort((a, b) => (least[a] ?? 0) - (least[b] ?? 0));
      let left = room;
      for (const [done, i] of order.entries()) {
        const width = Math.min(least[i] ?? 0, left / (order.length - done));
        left -= width;
        const column = widths[i];
        if (column !== undefined) column.width = width;
      }
    } else shareStars(widths, room - sum);
    if (node.table.headerRows > 0 && this.#headerHeight(node, room) > maxHeaderShare * this.#pageHeight()) {
      node.table.headerRows = 0;
    }
    super.processTable(node);
  }

  #pageHeight(): number {
    const page = this.writer.context().getCurrentPage();
    if (page === null) return 0;
    const { above, below } = this.writer.around;
    return page.pageSize.height - page.pageMargins.top - page.pageMargins.bottom - above - below;
  }

  /** Whether nothing stands above on the page but the blocks that it is in. */
  #atTop(): boolean {
    const context = this.writer.context();
    return context.y <= (context.getCurrentPage()?.pageMargins.top ?? 0) + this.writer.around.above;
  }

  /** About the height of the header rows, rather too much: as if all columns had the same width. */
  #headerHeight({ table }: TableNode, room: number): number {
    const share = Math.max(1, room / table.widths.length);
    const heights = table.body.slice(0, table.headerRows).map((row) =>
      row.reduce((most, cell) => {
        const words = cell._inlines ?? [];
        const width = words.reduce((sum, word) => sum + word.width, 0);
        const lines =
          Math.ceil(width / (share * (cell.colSpan ?? 1))) + words.filter((word) => word.lineEnd).length;
        return Math.max(most, lines * words.reduce((high, word) => Math.max(high, word.height ?? 0), 0));
      }, 0),
    );
    return heights.reduce((sum, height) => sum + height + (table.around ?? aroundRow), 0);
  }

  /** Moves words that wait to the end of `inlines`; false when none do. */
  #refill(node: TextNode, inlines: TextInline[]): boolean {
    const waiting = this.#waiting.get(node);
    if (waiting === undefined) return false;
    for (let i = 0; i < wordsAtHand; i++) {
      const word = waiting.pop();
      if (word === undefined) break;
      inlines.push(word);
    }
    if (waiting.length === 0) this.#waiting.delete(node);
    return true;
  }

  /** As pdfmake's, but in linear time: it neither moves nor copies the rest of the paragraph for each word. */
  override buildNextLine(node: TextNode): Line | null {
    const inlines = node._inlines;
    if (inlines === undefined || inlines.length === 0) return null;
    if (inlines.length > 2 * wordsAtHand) {
      const own = this.#waiting.get(node) ?? [];
      for (let i = inlines.length - 1; i >= wordsAtHand; i--) {
        const word = inlines[i];
        if (word !== undefined) own.push(word);
      }
      inlines.length = wordsAtHand;
      this.#waiting.set(node, own);
    }
    const line = new PdfMakeLine(this.writer.context().availableWidth);
    let forced = false;
    for (let first = inlines[0]; first !== undefined; first = inlines[0]) {
      if (!forced) {
        const next = first.noNewLine === true ? this.#lookAhead(node, inlines, line.getAvailableWidth()) : [];
        if (!line.hasEnoughSpaceForInline(first, next)) break;
      }
      inlines.shift();
      if (inlines.length === 0) this.#refill(node, inlines);
      // The line does not end here, so no hyphen is printed.
      if (line.trailingCut < 0) line.trailingCut = 0;
      const room = line.getAvailableWidth();
      const isWide = first.noWrap !== true && first.text.length > 1 && first.width > room + rounding;
      const wrapped = isWide && this.#breakWord(first, room, inlines);
      line.addInline(first);
      forced = first.noNewLine === true && !wrapped;
    }
    line.lastLineInParagraph = inlines.length === 0;
    const widthOf = (text: string, word: Inline): number => this.#textInlines.widthOfText(text, word);
    closeSoftHyphens(line, inlines.length > 0, widthOf, hasSameLook);
    this.#order.arrange(line, widthOf);
    return line;
  }

  /** The words that must stay with the first one, but no more of them than `room` points and the line's cuts hold. */
  #lookAhead(node: TextNode, inlines: TextInline[], room: number): TextInline[] {
    const next: TextInline[] = [];
    // Half a point more than the line compares with, so that rounding never decides.
    let left = room + (inlines[0]?.trailingCut ?? 0) + 0.5;
    for (let i = 1; left >= 0; i++) {
      if (i >= inlines.length && !this.#refill(node, inlines)) break;
      const word = inlines[i];
      if (word === undefined) break;
      next.push(word);
      left -= word.width - (word.trailingCut ?? 0);
      if (word.noNewLine !== true) break;
    }
    return next;
  }

  /** Cuts a word that is wider than the line; what is left of it goes back to `inlines`. */
  #breakWord(word: TextInline, room: number, inlines: TextInline[]): boolean {
    const widthOf = (end: number) => this.#textInlines.widthOfText(word.text.slice(0, end), word);
    let low = 1;
    let fit = 1;
    // Only as much of it is measured as a line may hold: the word may have half a million characters.
    let high = Math.min(word.text.length, 64);
    while (high < word.text.length && widthOf(high) <= room) {
      low = high;
      high = Math.min(word.text.length, high * 2);
    }
    while (low <= high) {
      const middle = Math.floor((low + high) / 2);
      if (widthOf(middle) <= room) {
        fit = middle;
        low = middle + 1;
      } else high = middle - 1;
    }
    fit = clusterEnd(word.text, fit);
    if (fit >= word.text.length) return false;
    this.edges.noteBroken(word.text);
    const rest = { ...word, text: word.text.slice(fit) };
    if (word.levels !== undefined) {
      rest.levels = word.levels.subarray(fit);
      word.levels = word.levels.subarray(0, fit);
    }
    word.text = word.text.slice(0, fit);
    // The space behind the word is behind its rest.
    word.trailingCut = 0;
    const whole = word.width;
    word.width = this.#textInlines.widthOfText(word.text, word);
    // Far from its end the exact width of the rest says nothing but that it is wider than a line.
    rest.width =
      rest.text.length > longWord ? whole - word.width : this.#textInlines.widthOfText(rest.text, rest);
    inlines.unshift(rest);
    return true;
  }
}

type TextInline = NonNullable<TextNode['_inlines']>[number];

/**
 * Columns of equal shares, one of which has a word that is longer than its share: it is as wide as the word, the others share
 * what is left. pdfmake would make all of them as wide, and put the last ones beside the page.
 * @param spare points that are left where each column is as narrow as it can be
 */
function shareStars(widths: TableNode['table']['widths'], spare: number): void {
  const stars = widths
    .filter(({ width }) => width === '*')
    .sort((one, other) => other._minWidth - one._minWidth);
  const [widest] = stars;
  let left = stars.reduce((sum, { _minWidth }) => sum + _minWidth, spare);
  if (widest === undefined || widest._minWidth * stars.length <= left) return;
  for (const [done, column] of stars.entries()) {
    column.width = Math.max(column._minWidth, left / (stars.length - done));
    left -= column.width;
  }
}
