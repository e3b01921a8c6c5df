import { type LooseCell, placeCells } from './grid.js';
import { type HtmlElement, type HtmlNode, headingTags, parseHtml, sectionTags } from './html.js';
import { alignOf, backgroundOf, runsOf } from './html-text.js';
import { limits } from './limits.js';
import type { Block, Cell, Grid } from './model.js';

/** HTML fragments as blocks and grids. Both entries return a message instead of throwing. */

export type ReadHtml<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly message: string };

const tableTags = new Set([
  'table',
  'thead',
  'tbody',
  'tfoot',
  'tr',
  'th',
  'td',
  'caption',
  'b',
  'i',
  'u',
  'strong',
  'em',
  'br',
  'p',
  'span',
]);
const spans = new Set(['colspan', 'rowspan']);

const fragmentTags = new Set([
  ...tableTags,
  ...headingTags,
  ...sectionTags,
  'ul',
  'ol',
  'li',
  'a',
  's',
  'del',
  'ins',
  'code',
  'pre',
  'sup',
  'sub',
  'blockquote',
  'hr',
]);
const fragmentAttributes = new Set(['colspan', 'rowspan', 'style', 'align', 'href', 'start']);

function isElement(node: HtmlNode): node is HtmlElement {
  return typeof node !== 'string';
}

function spanOf(value: string | undefined): number {
  const span = Number(value);
  return Number.isInteger(span) && span >= 1 ? Math.min(span, 65_534) : 1;
}

function cellOf(element: HtmlElement): LooseCell {
  const header = element.tag === 'th';
  const runs = runsOf(element.children, header ? { bold: true } : {});
  const colspan = Math.min(spanOf(element.attributes.colspan), limits.tableColumns);
  const rowspan = spanOf(element.attributes.rowspan);
  const align = alignOf(element.attributes);
  const background = backgroundOf(element.attributes);
  const only = runs[0];
  const plain =
    runs.length === 0 || (runs.length === 1 && only !== undefined && Object.keys(only).length === 1);
  if (plain && !header && colspan === 1 && rowspan === 1 && align === undefined && background === undefined) {
    return only?.text ?? '';
  }
  const cell: Cell = {
    runs,
    ...(header ? { header } : {}),
    ...(colspan > 1 ? { colspan } : {}),
    ...(rowspan > 1 ? { rowspan } : {}),
    ...(align === undefined ? {} : { align }),
    ...(background === undefined ? {} : { background }),
  };
  return cell;
}

/** Header rows are those of `thead`; without one, the leading rows that have only `th`. */
function gridOf(table: HtmlElement): ReadHtml<Grid> {
  const head: HtmlElement[] = [];
  const body: HtmlElement[] = [];
  const foot: HtmlElement[] = [];
  let caption: HtmlElement | undefined;
  const collect = (element: HtmlElement, into: HtmlElement[]) => {
    for (const node of element.children) {
      if (!isElement(node)) continue;
      if (node.tag === 'tr') into.push(node);
      else if (node.tag === 'thead') collect(node, head);
      else if (node.tag === 'tbody') collect(node, body);
      else if (node.tag === 'tfoot') collect(node, foot);
      else if (node.tag === 'caption') caption ??= node;
    }
  };
  collect(table, body);
  const rows = [...head, ...body, ...foot].map((row) =>
    row.children.filter(
      (node): node is HtmlElement => isElement(node) && (node.tag === 'td' || node.tag === 'th'),
    ),
  );
  const loose = rows.map((cells) => cells.map(cellOf));
  const firstPlain = rows.findIndex((cells) => cells.length === 0 || cells.some((cell) => cell.tag !== 'th'));
  const headers = head.length > 0 ? head.length : Math.max(firstPlain, 0);
  const placed = placeCells(loose, headers, caption === undefined ? undefined : runsOf(caption.children));
  return placed.ok ? { ok: true, value: placed.grid } : placed;
}

/** The table of `add_table`: a fragment whose root is one `<table>`. */
export function readTable(html: string): ReadHtml<Grid> {
  const parsed = parseHtml(html, tableTags, spans);
  if (!parsed.ok) return parsed;
  const nodes = parsed.root.children.filter((node) => isElement(node) || node.trim() !== '');
  const table = nodes[0];
  if (nodes.length !== 1 || table === undefined || !isElement(table) || table.tag !== 'table') {
    return { ok: false, message: 'must be one <table> element' };
  }
  const nested = findTable(table.children);
  if (nested) return { ok: false, message: 'must not have a table inside a table' };
  return gridOf(table);
}

function findTable(nodes: readonly HtmlNode[]): boolean {
  return nodes.some((node) => isElement(node) && (node.tag === 'table' || findTable(node.children)));
}

const containers = new Set(['', ...sectionTags]);

function hasBlock(nodes: readonly HtmlNode[]): boolean {
  return nodes.some((node) => isElement(node) && (blockStarts.has(node.tag) || hasBlock(node.children)));
}
const blockStarts = new Set([
  ...headingTags,
  'ul',
  'ol',
  'table',
  'blockquote',
  'pre',
  'hr',
  'p',
  ...sectionTags,
]);

function plainText(nodes: readonly HtmlNode[]): string {
  return nodes
    .map((node) => (isElement(node) ? (node.tag === 'br' ? '\n' : plainText(node.children)) : node))
    .join('');
}

class Refusal extends Error {}

function blocksOf(nodes: readonly HtmlNode[], align: ReturnType<typeof alignOf>): Block[] {
  const blocks: Block[] = [];
  let inline: HtmlNode[] = [];
  const aligned = align === undefined ? {} : { align };
  const flush = () => {
    const runs = runsOf(inline);
    if (runs.length > 0) blocks.push({ type: 'paragraph', runs, ...aligned });
    inline = [];
  };
  for (const node of nodes) {
    if (!isElement(node) || (!blockStarts.has(node.tag) && !hasBlock(node.children) && node.tag !== 'li')) {
      inline.push(node);
      continue;
    }
    flush();
    blocks.push(...blockOf(node, alignOf(node.attributes) ?? align));
  }
  flush();
  return blocks;
}

function blockOf(node: HtmlElement, align: ReturnType<typeof alignOf>): Block[] {
  const aligned = align === undefined ? {} : { align };
  const heading = /^h([1-6])$/.exec(node.tag);
  if (heading) {
    const runs = runsOf(node.children);
    return runs.length === 0 ? [] : [{ type: 'heading', level: Number(heading[1]), runs, ...aligned }];
  }
  switch (node.tag) {
    case 'p': {
      if (hasBlock(node.children)) return blocksOf(node.children, align);
      // The paragraph's own style (colour, size) is inherited by its text.
      const runs = runsOf([{ tag: 'span', attributes: node.attributes, children: node.children }]);
      return runs.length === 0 ? [] : [{ type: 'paragraph', runs, ...aligned }];
    }
    case 'ul':
    case 'ol': {
      const items = node.children
        .filter((child): child is HtmlElement => isElement(child))
        .map((child) => (child.tag === 'li' ? blocksOf(child.children, align) : blockOf(child, align)))
        .filter((item) => item.length > 0);
      const start = Number(node.attributes.start ?? '1');
      if (items.length === 0) return [];
      return [
        {
          type: 'list',
          ordered: node.tag === 'ol',
          items,
          ...(Number.isInteger(start) && start > 1 && start < 1e6 ? { start } : {}),
        },
      ];
    }
    case 'table': {
      const grid = gridOf(node);
      if (!grid.ok) throw new Refusal(`table: ${grid.message}`);
      return [{ type: 'table', grid: grid.value }];
    }
    case 'blockquote':
      return [{ type: 'quote', blocks: blocksOf(node.children, align) }];
    case 'pre': {
      const text = plainText(node.children).replace(/^\n/, '').trimEnd();
      return text === '' ? [] : [{ type: 'pre', text }];
    }
    case 'hr':
      return [{ type: 'rule' }];
    default:
      return blocksOf(node.children, containers.has(node.tag) ? align : undefined);
  }
}

/** The blocks of `add_html`. */
export function readBlocks(html: string): ReadHtml<readonly Block[]> {
  const parsed = parseHtml(html, fragmentTags, fragmentAttributes);
  if (!parsed.ok) return parsed;
  try {
    return { ok: true, value: blocksOf(parsed.root.children, undefined) };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, message: error.message };
    throw error;
  }
}
