import { type LooseCell, placeCells } from './grid.js';
import { type HtmlElement, type HtmlNode, isElement } from './html.js';
import { isHidden, type Look, lookIn, styleOf } from './html-text.js';
import { limits } from './limits.js';
import type { Block, Cell, Grid, Run } from './model.js';

/** A `table` element as a grid. */

/** Reads what stands in a cell: text, or the blocks that it takes. */
export interface CellReader {
  content(
    nodes: readonly HtmlNode[],
    look: Look,
  ): { readonly runs: readonly Run[]; readonly align: Look['align'] } | { readonly blocks: readonly Block[] };
}

export interface ReadTable {
  /** Undefined for a table without cells, or with too many: then there is a `message`. */
  readonly grid: Grid | undefined;
  readonly message?: string;
  readonly caption: readonly Run[];
  /** What stands in the table but in none of its cells; browsers show it before the table. */
  readonly strays: readonly HtmlNode[];
}

/** What rows and cells take from the elements around them. `fill` is the background of the cell, not of its text. */
interface Box {
  readonly look: Look;
  readonly fill: string | undefined;
}

function boxIn(element: HtmlElement, around: Box): Box {
  const look = lookIn(element, around.look, styleOf(element));
  const { background, ...style } = look.style;
  const before = around.look.style.background;
  if (background === before) return look === around.look ? around : { look, fill: around.fill };
  return {
    look: { ...look, style: before === undefined ? style : { ...style, background: before } },
    fill: background,
  };
}

function spanOf(value: string | undefined): number {
  const span = Number(value);
  return Number.isInteger(span) && span >= 1 ? Math.min(span, 65_534) : 1;
}

const isCell = ({ tag }: HtmlElement) => tag === 'td' || tag === 'th';

function readCell(element: HtmlElement, row: Box, reader: CellReader): LooseCell {
  const { look, fill } = boxIn(element, row);
  const header = element.tag === 'th';
  const colspan = Math.min(spanOf(element.attributes.colspan), limits.tableColumns);
  const rowspan = spanOf(element.attributes.rowspan);
  const content = reader.content(element.children, look);
  const align = 'runs' in content ? (content.align ?? look.align) : look.align;
  if ('runs' in content) {
    const [only] = content.runs;
    const plain =
      content.runs.length === 0 ||
      (content.runs.length === 1 && only !== undefined && Object.keys(only).length === 1);
    if (plain && !header && colspan === 1 && rowspan === 1 && align === undefined && fill === undefined)
      return only?.text ?? '';
  }
  const cell: Cell = {
    ...('runs' in content ? { runs: content.runs } : { runs: [], blocks: content.blocks }),
    ...(header ? { header } : {}),
    ...(colspan > 1 ? { colspan } : {}),
    ...(rowspan > 1 ? { rowspan } : {}),
    ...(align === undefined ? {} : { align }),
    ...(fill === undefined ? {} : { background: fill }),
  };
  return cell;
}

interface Row {
  readonly box: Box;
  readonly cells: HtmlElement[];
}

const sections = { thead: 'head', tbody: 'body', tfoot: 'foot' } as const;
const isSection = (tag: string): tag is keyof typeof sections => Object.hasOwn(sections, tag);

/** Whether rows or cells of this table are somewhere inside, as in a `form` around rows. */
function holdsRows(node: HtmlElement): boolean {
  return node.children.some(
    (child) =>
      isElement(child) &&
      child.tag !== 'table' &&
      (child.tag === 'tr' || isSection(child.tag) || isCell(child) || holdsRows(child)),
  );
}

/** Sorts what stands in a table into rows, its caption and strays. */
class TableParts {
  readonly head: Row[] = [];
  readonly body: Row[] = [];
  readonly foot: Row[] = [];
  readonly strays: HtmlNode[] = [];
  caption: { readonly element: HtmlElement; readonly box: Box } | undefined;

  collect(nodes: readonly HtmlNode[], box: Box, into: Row[]): void {
    // Cells without a row make one, as in a browser.
    let loose: Row | undefined;
    for (const node of nodes) {
      if (!isElement(node)) {
        if (node.trim() !== '') this.#stray(node);
        continue;
      }
      if (isHidden(node, styleOf(node))) continue;
      if (isCell(node)) {
        if (loose === undefined) {
          loose = { box, cells: [] };
          into.push(loose);
        }
        loose.cells.push(node);
        continue;
      }
      loose = undefined;
      const { tag, children } = node;
      if (tag === 'tr') this.#row(node, boxIn(node, box), into);
      else if (isSection(tag)) this.collect(children, boxIn(node, box), this[sections[tag]]);
      else if (tag === 'caption' && this.caption === undefined) {
        this.caption = { element: node, box: boxIn(node, box) };
      } else if (tag === 'colgroup' || tag === 'col') continue;
      else if (holdsRows(node)) this.collect(children, boxIn(node, box), into);
      else this.#stray(node);
    }
  }

  /** Each on lines of its own: what stood in different places must not become one word. */
  #stray(node: HtmlNode): void {
    this.strays.push({ tag: 'div', attributes: {}, children: [node] });
  }

  #row(row: HtmlElement, box: Box, into: Row[]): void {
    const cells: HtmlElement[] = [];
    into.push({ box, cells });
    const take = (nodes: readonly HtmlNode[]) => {
      for (const node of nodes) {
        if (!isElement(node)) {
          if (node.trim() !== '') this.#stray(node);
        } else if (isHidden(node, styleOf(node))) continue;
        else if (isCell(node)) cells.push(node);
        else if (node.tag === 'tr') this.#row(node, boxIn(node, box), into);
        else if (holdsRows(node)) take(node.children);
        else this.#stray(node);
      }
    };
    take(row.children);
  }
}

/** Header rows are those of `thead`; without one, the leading rows that have only `th`. */
export function readTableElement(table: HtmlElement, around: Look, reader: CellReader): ReadTable {
  const parts = new TableParts();
  parts.collect(table.children, boxIn(table, { look: around, fill: undefined }), parts.body);
  const rows = [...parts.head, ...parts.body, ...parts.foot];
  let caption: readonly Run[] = [];
  if (parts.caption !== undefined) {
    const { element, box } = parts.caption;
    const content = reader.content(element.children, box.look);
    if ('runs' in content) caption = content.runs;
    else parts.strays.push({ ...element, tag: 'div' });
  }
  const { strays } = parts;
  const empty = rows.every(({ cells }) => cells.length === 0);
  if (empty) return { grid: undefined, caption, strays };
  const loose = rows.map(({ box, cells }) => cells.map((cell) => readCell(cell, box, reader)));
  const firstPlain = rows.findIndex(
    ({ cells }) => cells.length === 0 || cells.some((cell) => cell.tag !== 'th'),
  );
  const headers = parts.head.length > 0 ? parts.head.length : Math.max(firstPlain, 0);
  const placed = placeCells(loose, headers, caption);
  return placed.ok
    ? { grid: placed.grid, caption, strays }
    : { grid: undefined, message: placed.message, caption, strays };
}
