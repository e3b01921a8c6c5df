import { cutFragment, type RowBlock } from './fragment.js';
import type { PaperEdges } from './outside.js';
import type { Fragment, Line, PageItem, Picture, Vector } from './page-items.js';
import { type Context, type Node, PdfMakeContext, PdfMakeWriter, type Repeatable } from './pdfmake.js';

/** More than any page is high: what has a fixed place does not break. */
export const unbounded = 1e7;

/** A writer's position; a fixed place (`x`, `y`) may be anywhere on the page, its margins included. */
export class PageContext extends PdfMakeContext {
  override moveTo(x: number, y: number): void {
    super.moveTo(x, y);
    this.availableHeight = unbounded;
    const page = this.getCurrentPage();
    // Text that begins right of the margin still needs room for one line.
    if (page !== null && this.availableWidth < 1) this.availableWidth = Math.max(1, page.pageSize.width - x);
  }
}

/** Less than decides whether something fits, points. */
const rounding = 0.01;

const loose: BlockRows = { ends: [], headerRows: 0, close: () => undefined };

function isFill({ type, item }: PageItem): boolean {
  return type === 'vector' && item._isFillColorFromUnbreakable === true;
}

/** Rows that are put together aside, to be placed as one block. */
export interface BlockRows extends RowBlock {
  /** Draws a border where the rows are cut. */
  close(): void;
}

/** pdfmake's writer; it drops a line or shape that is higher than a page and never ends with a header that fills one. */
export class PageWriter extends PdfMakeWriter {
  constructor(
    context: Context,
    private readonly edges: PaperEdges,
  ) {
    super(context);
  }

  /** Room, points, that the header rows which are committed next need below them on their page. */
  lead = 0;
  /** The rows in the block that is put together. */
  rows: BlockRows | undefined;
  /** Whether a block that is higher than a page is being placed. */
  cutting = false;
  #header: Repeatable | undefined;

  /** What is put together aside has its place when it is committed. */
  #check(item: PageItem, index?: number | null): void {
    if (this.contextStack.length > 0) return;
    const context = this.context();
    const at = index ?? context.page;
    const page = context.pages[at];
    if (page !== undefined) this.edges.check(item, page, at + 1);
  }

  override addLine(line: Line, keepsPosition?: boolean, index?: number): unknown {
    const position = super.addLine(line, keepsPosition, index) || this.#forceLine(line, keepsPosition, index);
    this.#check({ type: 'line', item: line });
    return position;
  }

  #forceLine(line: Line, keepsPosition?: boolean, index?: number): unknown {
    const context = this.context();
    context.availableHeight = Math.max(context.availableHeight, line.getHeight());
    return super.addLine(line, keepsPosition, index);
  }

  override addImage(image: Node & Picture, index?: number): unknown {
    const position = super.addImage(image, index);
    this.#check({ type: 'image', item: image });
    return position;
  }

  override addSVG(image: Node & Picture, index?: number): unknown {
    const position = super.addSVG(image, index);
    this.#check({ type: 'svg', item: image });
    return position;
  }

  override addVector(
    vector: Vector,
    ignoreX?: boolean,
    ignoreY?: boolean,
    index?: number | null,
    page?: number | null,
  ): unknown {
    const position = super.addVector(vector, ignoreX, ignoreY, index, page);
    this.#check({ type: 'vector', item: vector }, page);
    return position;
  }

  override commitUnbreakableBlock(x?: number, y?: number): void {
    if (this.contextStack.length !== 1) {
      super.commitUnbreakableBlock(x, y);
      return;
    }
    const [before] = this.contextStack;
    // The fills of the block go below all that is on the page: what was there moves up by as many.
    const fills = this.context().pages[0]?.items.filter(isFill).length ?? 0;
    const [number, count] = [before?.page, (before?.getCurrentPage()?.items.length ?? 0) + fills];
    super.commitUnbreakableBlock(x, y);
    const context = this.context();
    const items = context.getCurrentPage()?.items ?? [];
    for (let i = context.page === number ? count : 0; i < items.length; i++) {
      const item = items[i];
      if (item !== undefined) this.#check(item);
    }
  }

  override addCanvas(node: Node, index?: number): unknown {
    const context = this.context();
    const height = Number(node._minHeight);
    // The next page would be no higher than one that is still empty.
    if (context.getCurrentPage()?.items.length === 0)
      context.availableHeight = Math.max(context.availableHeight, height);
    const positions = super.addCanvas(node, index);
    if (positions) return positions;
    context.availableHeight = Math.max(context.availableHeight, height);
    return super.addCanvas(node, index);
  }

  override currentBlockToRepeatable(): Repeatable {
    this.#header = super.currentBlockToRepeatable();
    return this.#header;
  }

  /** Height of the content of an empty page, below the rows that it repeats. */
  #wholePage(): number {
    const page = this.context().getCurrentPage();
    if (page === null) return 0;
    const repeated = this.repeatables.reduce((sum, { height }) => sum + height, 0);
    return page.pageSize.height - page.pageMargins.top - page.pageMargins.bottom - repeated;
  }

  /** A block that is not repeated nor has a place of its own: pdfmake drops it where it is higher than a page. */
  override addFragment(block: Fragment, ownX?: boolean, ownY?: boolean, keepsPosition?: boolean): unknown {
    if (ownX === true || this.contextStack.length > 0)
      return super.addFragment(block, ownX, ownY, keepsPosition);
    const context = this.context();
    const [rows, lead] = [this.rows ?? loose, this.rows === undefined ? this.lead : 0];
    this.rows = undefined;
    const needed = block.height + lead;
    if (needed > context.availableHeight + rounding && needed <= this.#wholePage() + rounding)
      this.moveToNextPage();
    const beyond = block.height - context.availableHeight;
    if (beyond > 0 && beyond <= rounding) context.availableHeight = block.height;
    if (block.height <= Math.max(context.availableHeight, this.#wholePage())) {
      const placed = super.addFragment(block, ownX, ownY, keepsPosition);
      if (placed) return placed;
    }
    this.#placeCut(block, rows);
    return true;
  }

  /** Places a block over as many pages as it takes. */
  #placeCut(block: Fragment, rows: BlockRows): void {
    const context = this.context();
    const header = rows.headerRows > 0 ? this.#header : undefined;
    let rest = block;
    let known: RowBlock = rows;
    let tried = false;
    while (rest.height > context.availableHeight) {
      const cut = cutFragment(rest, context.availableHeight, known, tried);
      if (cut.useful || tried) {
        context.availableHeight = Math.max(context.availableHeight, cut.upper.height);
        super.addFragment(cut.upper);
        rows.close();
        if (header !== undefined && !this.cutting) this.repeatables.push(header);
        this.cutting = true;
        [rest, known, tried] = [cut.lower, cut.rows, false];
      } else tried = true;
      this.moveToNextPage();
    }
    super.addFragment(rest);
    if (header !== undefined && this.cutting) this.repeatables.pop();
    this.cutting = false;
  }

  override pushToRepeatables(block: Repeatable): void {
    const context = this.context();
    const fits =
      context.availableHeight + block.height > 0 &&
      block.height < (context.getCurrentPage()?.pageSize.height ?? 0) / 2;
    super.pushToRepeatables(fits ? block : { ...block, items: [], height: 0 });
  }
}
