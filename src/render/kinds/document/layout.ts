import {
  type LayoutBuilder,
  type Line,
  type Margins,
  type Node,
  type PageSize,
  PdfMakeContext,
  PdfMakeLayout,
  PdfMakeLine,
  PdfMakeSvgMeasure,
  PdfMakeTextInlines,
  PdfMakeWriter,
  pdfMakeTableLayouts,
  type SectionNode,
  type TableNode,
  type TextNode,
} from './pdfmake.js';
import { TextMeasure } from './text-measure.js';

/** More than any page is high: what has a fixed place does not break. */
const unbounded = 1e7;

/** A writer's position; a fixed place (`x`, `y`) may be anywhere on the page, its margins included. */
class PageContext extends PdfMakeContext {
  override moveTo(x: number, y: number): void {
    super.moveTo(x, y);
    this.availableHeight = unbounded;
    const page = this.getCurrentPage();
    // Text that begins right of the margin still needs room for one line.
    if (page !== null && this.availableWidth < 1) this.availableWidth = Math.max(1, page.pageSize.width - x);
  }
}

/**
 * pdfmake's layout with progress, sections that always begin a page, tables that never leave the page to the right,
 * and paragraphs of any length.
 */
export class DocumentLayout extends PdfMakeLayout {
  #known = 1;
  #measured = 0;
  #placed = 0;
  #ratio = 0;
  #textInlines = new PdfMakeTextInlines(null);

  constructor(
    size: PageSize,
    margins: Margins,
    /** Called often with the share of the work done, 0..1. */
    private readonly onProgress: (ratio: number) => void,
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
      return preprocess(node, sectionAllowed);
    };
    const measure = docMeasure.measureNode.bind(docMeasure);
    docMeasure.measureNode = (node) => {
      this.#measured++;
      this.#report();
      return measure(node);
    };
    docMeasure.textInlines = new TextMeasure(document);
    this.linearNodeList = [];
    const root = docMeasure.measureDocument(docPreprocessor.preprocessDocument(content));
    this.writer = new PdfMakeWriter(new PageContext());
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
    super.processNode(node, verticalAlignment);
  }

  /** pdfmake leaves a page out that would follow an empty one; `add_page` always gives a page. */
  override processSection(node: SectionNode): void {
    this.writer.addPage(node.pageSize, undefined, this.pageMargins);
    this.processNode(node.section);
  }

  /** A table whose longest words do not fit beside each other gets narrower columns, in which they are broken. */
  override processTable(node: TableNode): void {
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
    }
    super.processTable(node);
  }

  /** As pdfmake's, but copies the rest of the paragraph only where a word must look ahead. */
  override buildNextLine(node: TextNode): Line | null {
    const inlines = node._inlines;
    if (inlines === undefined || inlines.length === 0) return null;
    const line = new PdfMakeLine(this.writer.context().availableWidth);
    let forced = false;
    for (let first = inlines[0]; first !== undefined; first = inlines[0]) {
      const next = first.noNewLine === true ? this.#lookAhead(inlines) : [];
      if (!forced && !line.hasEnoughSpaceForInline(first, next)) break;
      inlines.shift();
      let wrapped = false;
      if (first.noWrap !== true && first.text.length > 1 && first.width > line.getAvailableWidth()) {
        wrapped = this.#breakWord(first, line.getAvailableWidth(), inlines);
      }
      line.addInline(first);
      forced = first.noNewLine === true && !wrapped;
    }
    line.lastLineInParagraph = inlines.length === 0;
    return line;
  }

  #lookAhead(inlines: readonly TextInline[]): TextInline[] {
    let end = 1;
    while (end < inlines.length && inlines[end]?.noNewLine === true) end++;
    return inlines.slice(1, end + 1);
  }

  /** Cuts a word that is wider than the line; what is left of it goes back to `inlines`. */
  #breakWord(word: TextInline, room: number, inlines: TextInline[]): boolean {
    let low = 1;
    let high = word.text.length;
    let fit = 1;
    while (low <= high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#textInlines.widthOfText(word.text.substring(0, middle), word) <= room) {
        fit = middle;
        low = middle + 1;
      } else high = middle - 1;
    }
    // Half of a surrogate pair is no character.
    if (/[\uD800-\uDBFF]/.test(word.text.charAt(fit - 1)) && fit < word.text.length) fit += fit > 1 ? -1 : 1;
    if (fit >= word.text.length) return false;
    const rest = { ...word, text: word.text.slice(fit) };
    word.text = word.text.slice(0, fit);
    rest.width = this.#textInlines.widthOfText(rest.text, rest);
    word.width = this.#textInlines.widthOfText(word.text, word);
    inlines.unshift(rest);
    return true;
  }
}

type TextInline = NonNullable<TextNode['_inlines']>[number];
