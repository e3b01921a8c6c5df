import type { PaperEdges } from './outside.js';
import {
  type Context,
  type Line,
  type Node,
  type PageItem,
  PdfMakeContext,
  PdfMakeWriter,
  type Picture,
  type Repeatable,
  type Vector,
} from './pdfmake.js';

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

/** pdfmake's writer; it drops a line or shape that is higher than a page and never ends with a header that fills one. */
export class PageWriter extends PdfMakeWriter {
  constructor(
    context: Context,
    private readonly edges: PaperEdges,
  ) {
    super(context);
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
    const [number, count] = [before?.page, before?.getCurrentPage()?.items.length ?? 0];
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

  override pushToRepeatables(block: Repeatable): void {
    const context = this.context();
    const fits =
      context.availableHeight + block.height > 0 &&
      block.height < (context.getCurrentPage()?.pageSize.height ?? 0) / 2;
    super.pushToRepeatables(fits ? block : { ...block, items: [], height: 0 });
  }
}
