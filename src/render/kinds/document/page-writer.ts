import type { CarriedRows } from '../../layout/carried.js';
import type { RowEnds } from '../../layout/cutting.js';
import type { BlockRows } from '../../layout/flow.js';
import type { BlockFrame } from './draw-frame.js';
import { frameShapes } from './frame-shapes.js';
import type { PaperEdges } from './outside.js';
import { pageCutter } from './page-cutting.js';
import type { Fragment, Line, PageItem, Picture, Vector } from './page-items.js';
import {
  type Context,
  type Margins,
  type Node,
  type Page,
  type PageSize,
  PdfMakeContext,
  PdfMakeWriter,
} from './pdfmake.js';

/** More than any page is high: what has a fixed place does not break. */
export const unbounded = 1e7;

/** A height that nothing is compared with, as pdfmake has it for blocks. */
const endless = Number.NaN;

/** A writer's position; a fixed place (`x`, `y`) may be anywhere on the page, its margins included. */
export class PageContext extends PdfMakeContext {
  /** Margins of the pages that follow the present one, where they differ from its own. */
  following: Margins | undefined;

  override addPage(size: PageSize, margins: Margins | null = null, custom?: object): Page {
    if (margins === null && this.following !== undefined) this.pageMargins = this.following;
    return super.addPage(size, margins, custom);
  }

  /** A page that is there already has margins of its own. */
  override initializePage(): void {
    const page = this.getCurrentPage();
    if (page !== null) this.pageMargins = page.pageMargins;
    super.initializePage();
  }

  override moveTo(x: number, y: number): void {
    super.moveTo(x, y);
    this.availableHeight = unbounded;
    const page = this.getCurrentPage();
    // Text that begins right of the margin still needs room for one line.
    if (page !== null && this.availableWidth < 1) this.availableWidth = Math.max(1, page.pageSize.width - x);
  }
}

/** Of a page: more of it is not kept free above and below the content of blocks that go over it. */
const maxAroundShare = 0.9;

/** Less than decides whether something fits, points. */
const rounding = 0.01;

const loose: BlockRows = { ends: [], headerRows: 0, close: () => undefined };

/** The fills of cells go below all that is on the page; the rest of a block comes above it. */
function isAbove({ type, item }: PageItem): boolean {
  return type !== 'vector' || item._isFillColorFromUnbreakable !== true;
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
  /** Room, points, that the block which is committed next needs below it: what follows stays with it. */
  following = 0;
  /** The rows in the block that is put together. */
  rows: BlockRows | undefined;
  /** Whether a block that is higher than a page is being placed. */
  cutting = false;
  carried: CarriedRows<Fragment> | undefined;
  #header: Fragment | undefined;
  /** Of blocks in work: where on each page their own things begin. */
  readonly #frames: Map<Page, number>[] = [];
  /** What the blocks in work keep free at the top and bottom of every page that they go over to, points. */
  around = { above: 0, below: 0 };

  /** What has a fixed place in something that is put together aside is laid out as on a page. */
  override pushContext(given: Context | number = this.context().availableWidth, height = endless): void {
    const aside = typeof given === 'number' ? new PageContext() : given;
    if (typeof given === 'number')
      aside.addPage({ width: given, height }, { left: 0, top: 0, right: 0, bottom: 0 });
    super.pushContext(aside);
  }

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

  /** Makes room for a picture that the next page has none for either: other columns stand on it already. */
  #forced(image: Node & Picture): Node & Picture {
    const context = this.context();
    context.availableHeight = Math.max(context.availableHeight, image._height ?? 0);
    return image;
  }

  override addImage(image: Node & Picture, index?: number): unknown {
    const position = super.addImage(image, index) || super.addImage(this.#forced(image), index);
    this.#check({ type: 'image', item: image });
    return position;
  }

  override addSVG(image: Node & Picture, index?: number): unknown {
    const position = super.addSVG(image, index) || super.addSVG(this.#forced(image), index);
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
    // The fill of a cell, which pdfmake puts below all of its page: in a block it stands on the fill of the block.
    const starts = '_isFillColorFromUnbreakable' in vector ? this.#frames.at(-1) : undefined;
    const sheet = starts === undefined ? null : this.context().getCurrentPage();
    const own: Vector = starts === undefined ? vector : { ...vector, _isFillColorFromUnbreakable: false };
    const above = sheet === null ? index : (starts?.get(sheet) ?? 0);
    const position = super.addVector(own, ignoreX, ignoreY, above, page);
    this.#check({ type: 'vector', item: own }, page);
    return position;
  }

  override commitUnbreakableBlock(x?: number, y?: number): void {
    // Headers and footers, which have a place; others come to `addFragment`.
    const items = x === undefined && y === undefined ? [] : (this.context().pages[0]?.items ?? []);
    super.commitUnbreakableBlock(x, y);
    this.#checkPlaced(items);
  }

  /** Of a block that was placed last. */
  #checkPlaced(block: readonly PageItem[]): void {
    const items = this.context().getCurrentPage()?.items ?? [];
    for (const item of items.slice(items.length - block.filter(isAbove).length)) this.#check(item);
  }

  #put(block: Fragment, ownX?: boolean, ownY?: boolean, keepsPosition?: boolean): unknown {
    const placed = super.addFragment(block, ownX, ownY, keepsPosition);
    if (placed) this.#checkPlaced(block.items);
    return placed;
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

  override currentBlockToRepeatable(): Fragment {
    this.#header = super.currentBlockToRepeatable();
    return this.#header;
  }

  /** Lays something out aside, in the width that there is. */
  aside(draw: () => void): Fragment {
    this.pushContext(this.context().availableWidth, unbounded);
    this.transactionLevel++;
    draw();
    this.transactionLevel--;
    const context = this.context();
    const items = context.pages[0]?.items ?? [];
    this.popContext();
    return { items, height: context.y };
  }

  /** Lays a block out with its ground and border behind it, on each page that it takes. */
  framed(frame: BlockFrame, draw: () => void): void {
    const context = this.context();
    const starts = new Map<Page, number>();
    const begin = { page: context.page, top: context.y, left: context.x, width: context.availableWidth };
    const first = context.getCurrentPage();
    if (first !== null) starts.set(first, first.items.length);
    this.#frames.push(starts);
    const outer = this.around;
    const own = this.#onPages(frame);
    this.around = { above: outer.above + own.above, below: outer.below + own.below };
    // Above the header rows of a table within, below those of one around.
    const above = { items: [], height: own.above, insertedOnPages: [] };
    this.repeatables.push(above);
    context.availableHeight -= frame.below;
    context.moveDown(frame.above);
    draw();
    context.availableHeight += context.page === begin.page ? frame.below : own.below;
    context.moveDown(frame.below);
    this.repeatables.pop();
    this.around = outer;
    this.#frames.pop();
    for (let number = begin.page; number <= context.page; number++) {
      const page = context.pages[number];
      if (page === undefined) continue;
      const top = number === begin.page ? begin.top : page.pageMargins.top + outer.above;
      const end = page.pageSize.height - page.pageMargins.bottom - outer.below;
      const bottom = number === context.page ? context.y : end;
      const box = { x: begin.left, y: top, w: begin.width, h: Math.max(0, bottom - top) };
      for (const shape of frameShapes(frame, box))
        this.addVector(shape, true, true, starts.get(page) ?? 0, number);
    }
  }

  /** What a block keeps free on a page that it goes over to: there is always some room left for its content. */
  #onPages({ above, below }: BlockFrame): { above: number; below: number } {
    const page = this.context().getCurrentPage();
    if (page === null || this.contextStack.length > 0 || above + below === 0) return { above, below };
    const { pageSize, pageMargins } = page;
    const most = maxAroundShare * (pageSize.height - pageMargins.top - pageMargins.bottom);
    const left = Math.max(0, most - this.around.above - this.around.below);
    const share = Math.min(1, left / (above + below));
    return { above: above * share, below: below * share };
  }

  /** Places what room was held back for. */
  #force(block: Fragment | undefined): void {
    if (block === undefined) return;
    const context = this.context();
    context.availableHeight = Math.max(context.availableHeight, block.height);
    this.#put(block);
  }

  override moveToNextPage(orientation?: string): void {
    const carried = this.contextStack.length === 0 && this.carried?.begun === true ? this.carried : undefined;
    this.#force(carried?.forward());
    super.moveToNextPage(orientation);
    if (this.contextStack.length === 0) this.context().availableHeight -= this.around.below;
    this.#force(carried?.brought());
  }

  /** Height of the content of an empty page, below the rows that it repeats. */
  #wholePage(): number {
    const page = this.context().getCurrentPage();
    if (page === null) return 0;
    const repeated = this.repeatables.reduce((sum, { height }) => sum + height, this.carried?.above ?? 0);
    return (
      page.pageSize.height - page.pageMargins.top - page.pageMargins.bottom - repeated - this.around.below
    );
  }

  /** A block that is not repeated nor has a place of its own: pdfmake drops it where it is higher than a page. */
  override addFragment(block: Fragment, ownX?: boolean, ownY?: boolean, keepsPosition?: boolean): unknown {
    if (ownX === true || this.contextStack.length > 0) return this.#put(block, ownX, ownY, keepsPosition);
    const context = this.context();
    const [rows, lead] = [this.rows ?? loose, this.rows === undefined ? this.lead : this.following];
    this.rows = undefined;
    const { carried } = this;
    const below = carried?.below ?? 0;
    const whole = block.height + below;
    const needed = whole + lead;
    if (needed > context.availableHeight + rounding && needed <= this.#wholePage() + rounding)
      this.moveToNextPage();
    const beyond = block.height - context.availableHeight;
    if (beyond > 0 && beyond <= rounding) context.availableHeight = block.height;
    if (whole <= Math.max(context.availableHeight, this.#wholePage()) + (below > 0 ? rounding : 0)) {
      const placed = this.#put(block, ownX, ownY, keepsPosition);
      if (carried !== undefined) carried.begun = true;
      if (placed) return placed;
    }
    this.#placeCut(block, rows);
    if (carried !== undefined) carried.begun = true;
    return true;
  }

  /** Places a block over as many pages as it takes. */
  #placeCut(block: Fragment, rows: BlockRows): void {
    const context = this.context();
    const header = rows.headerRows > 0 ? this.#header : undefined;
    let rest = block;
    let known: RowEnds = rows;
    let tried = false;
    const { carried } = this;
    // A line below the block is no higher than one within it, or the rest might fit and yet not be placed.
    const below = carried?.below ?? 0;
    const within = Math.max(below, carried?.within ?? 0);
    while (rest.height > context.availableHeight - below) {
      const cut = pageCutter.cut(rest, context.availableHeight - within, known, tried);
      if (cut.useful || tried) {
        context.availableHeight = Math.max(context.availableHeight, cut.upper.height);
        this.#put(cut.upper);
        rows.close();
        if (carried !== undefined) {
          carried.begun = true;
          // Its amounts would not be among those of a page that has all of its words.
          if (!cut.goesOn) {
            this.#endCut(header);
            return;
          }
        }
        if (header !== undefined && !this.cutting) this.pushToRepeatables(header);
        this.cutting = true;
        [rest, known, tried] = [cut.lower, cut.rows, false];
      } else tried = true;
      this.moveToNextPage();
    }
    this.#put(rest);
    this.#endCut(header);
  }

  #endCut(header: Fragment | undefined): void {
    if (header !== undefined && this.cutting) this.repeatables.pop();
    this.cutting = false;
  }

  override pushToRepeatables(block: Fragment): void {
    const context = this.context();
    const fits =
      context.availableHeight + block.height > 0 &&
      block.height < (context.getCurrentPage()?.pageSize.height ?? 0) / 2;
    super.pushToRepeatables(fits ? block : { ...block, items: [], height: 0 });
  }
}
