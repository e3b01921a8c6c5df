import type { Bookmarks } from './bookmarks.js';
import { tableNode } from './draw-table.js';
import { type Block, type HtmlImage, headingScale, type ListEntry, type ListMarks } from './model.js';
import type { Node } from './pdfmake.js';
import { type FontState, scaledSize, type Typesetter } from './typesetting.js';

/** What blocks are drawn with. */
export interface BlockTools {
  readonly setter: Typesetter;
  readonly bookmarks: Bookmarks;
  readonly language: string | undefined;
  /** JSON pointer of the operation. */
  readonly at: string;
  image(image: HtmlImage): Node;
}

export function headingFont(level: number, font: FontState): FontState {
  return { ...font, bold: true, size: font.size * (headingScale[level - 1] ?? 1) };
}

function headingMembers(level: number, text: string): Node {
  return {
    tocItem: true,
    outline: true,
    outlineText: text.slice(0, 500),
    outlineExpanded: true,
    tocMargin: [(level - 1) * 12, 1, 0, 1],
  };
}

/**
 * A heading as a bookmark and a line of the table of contents, where its text is set again in another style: its font
 * goes along with the text, or the line would be set in one that may not have the characters.
 */
export function headingNode(node: Node, level: number, text: string, bookmarks: Bookmarks): Node {
  const parts = typeof node.text === 'string' ? [{ text: node.text, font: node.font }] : node.text;
  return { ...node, ...headingMembers(level, text), ...bookmarks.place(level), text: parts };
}

/** HTML blocks as pdfmake nodes. */
export function blockNodes(blocks: readonly Block[], font: FontState, tools: BlockTools): Node[] {
  return blocks.map((block) => blockNode(block, font, tools));
}

/** The content of a table cell: its last block leaves no air below. */
export function cellNode(blocks: readonly Block[], font: FontState, tools: BlockTools): Node {
  const nodes = blockNodes(blocks, font, tools);
  const last = nodes.pop();
  if (last === undefined) return { text: '' };
  const [left = 0, top = 0, right = 0] = Array.isArray(last.margin) ? (last.margin as number[]) : [];
  return { stack: [...nodes, { ...last, margin: [left, top, right, 0] }] };
}

function blockNode(block: Block, font: FontState, tools: BlockTools): Node {
  const { setter, language, at } = tools;
  switch (block.type) {
    case 'paragraph':
    case 'pre': {
      const extra = {
        margin: [0, 0, 0, font.size * 0.6],
        ...(block.align === undefined ? {} : { alignment: block.align }),
        ...(block.type === 'pre' ? { preserveLeadingSpaces: true } : {}),
      };
      return setter.runs(block.runs, font, extra, language, at);
    }
    case 'heading': {
      const own = headingFont(block.level, font);
      const text = block.runs.map((run) => run.text).join('');
      const extra = {
        margin: [0, own.size * 0.5, 0, own.size * 0.3],
        ...(block.align === undefined ? {} : { alignment: block.align }),
      };
      const node = setter.runs(block.runs, own, extra, language, at);
      return headingNode(node, block.level, text, tools.bookmarks);
    }
    case 'list':
      return listNode(block, font, tools);
    case 'table':
      return tableNode(block.grid, { language }, font, setter, at, (blocks) => cellNode(blocks, font, tools));
    case 'quote':
      return {
        stack: blockNodes(block.blocks, { ...font, italic: true }, tools),
        margin: [font.size * 1.5, 0, font.size * 1.5, 0],
      };
    case 'image':
      return { margin: [0, 0, 0, font.size * 0.6], ...tools.image(block) };
    case 'rule':
      return ruleNode(0.75, '#b8bec6', font.size * 0.5);
  }
}

type ListBlock = Extract<Block, { type: 'list' }>;

const ordered = (marks: ListMarks) => /alpha|roman|decimal/.test(marks);

function listNode({ items, marks, style }: ListBlock, font: FontState, tools: BlockTools): Node {
  const nodes = items.map((item) => itemNode(item, font, tools));
  return {
    // Only a numbered list knows both kinds of marks.
    [ordered(marks) || items.some((item) => ordered(item.marks ?? marks)) ? 'ol' : 'ul']: nodes,
    type: marks,
    margin: [0, 0, 0, font.size * 0.5],
    font: font.family,
    fontSize: style.size ?? scaledSize(style, font),
    ...(style.color === undefined ? {} : { markerColor: style.color }),
  };
}

function itemNode({ blocks, value, marks }: ListEntry, font: FontState, tools: BlockTools): Node {
  const nodes = blockNodes(blocks, font, tools).map((node) =>
    'text' in node ? { ...node, margin: [0, 0, 0, font.size * 0.15] } : node,
  );
  const [first] = blocks;
  // The mark of an item stands at its first line; that of a list in a list would be printed over another.
  if (marks !== 'none' && (first === undefined || first.type === 'list'))
    nodes.unshift({ ...tools.setter.style(font), text: '\u00a0' });
  const [only] = nodes;
  return {
    ...(nodes.length === 1 ? only : { stack: nodes }),
    ...(value === undefined ? {} : { counter: value }),
    ...(marks === undefined ? {} : { listType: marks }),
  };
}

/** Of a line across a column or cell that has no width but what is in it, points: as wide as nothing it would not be seen. */
const leastRule = 14;

/** A line across the column. A table of one row keeps to whatever width there is. */
export function ruleNode(thickness: number, color: string, space: number, dash?: number): Node {
  return {
    table: { widths: ['*'], body: [[{ text: '', fontSize: 0.1, leastWidth: leastRule }]] },
    layout: {
      hLineWidth: (line: number) => (line === 0 ? thickness : 0),
      vLineWidth: () => 0,
      hLineColor: () => color,
      hLineStyle: () => (dash === undefined ? null : { dash: { length: dash } }),
      paddingLeft: () => 0,
      paddingRight: () => 0,
      paddingTop: () => 0,
      paddingBottom: () => 0,
    },
    margin: [0, space, 0, space],
  };
}
