import { tableNode } from './draw-table.js';
import type { Block } from './model.js';
import type { Node } from './pdfmake.js';
import type { FontState, Typesetter } from './typesetting.js';

/** Font size of a heading by level, as a factor of the text around it. */
export const headingScale = [2, 1.5, 1.25, 1.1, 1, 0.9] as const;

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
export function headingNode(node: Node, level: number, text: string): Node {
  const parts = typeof node.text === 'string' ? [{ text: node.text, font: node.font }] : node.text;
  return { ...node, ...headingMembers(level, text), text: parts };
}

/** HTML blocks as pdfmake nodes. */
export function blockNodes(
  blocks: readonly Block[],
  font: FontState,
  setter: Typesetter,
  language: string | undefined,
  at: string,
): Node[] {
  return blocks.map((block) => blockNode(block, font, setter, language, at));
}

function blockNode(
  block: Block,
  font: FontState,
  setter: Typesetter,
  language: string | undefined,
  at: string,
): Node {
  switch (block.type) {
    case 'paragraph': {
      const extra = {
        margin: [0, 0, 0, font.size * 0.6],
        ...(block.align === undefined ? {} : { alignment: block.align }),
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
      return headingNode(setter.runs(block.runs, own, extra, language, at), block.level, text);
    }
    case 'list': {
      const items = block.items.map((item) => {
        const nodes = blockNodes(item, font, setter, language, at).map((node) =>
          'text' in node && item.length > 0 ? { ...node, margin: [0, 0, 0, font.size * 0.15] } : node,
        );
        return nodes.length === 1 && nodes[0] !== undefined ? nodes[0] : { stack: nodes };
      });
      const margin = [0, 0, 0, font.size * 0.5];
      const style = { font: font.family, fontSize: font.size };
      return block.ordered
        ? { ol: items, margin, ...style, ...(block.start === undefined ? {} : { start: block.start }) }
        : { ul: items, margin, ...style };
    }
    case 'table':
      return tableNode(block.grid, { language }, font, setter, at);
    case 'quote':
      return {
        stack: blockNodes(block.blocks, { ...font, italic: true }, setter, language, at),
        margin: [font.size * 1.5, 0, font.size * 1.5, 0],
      };
    case 'pre':
      return setter.text(
        block.text,
        { ...font, family: 'courier', size: font.size * 0.9 },
        { preserveLeadingSpaces: true, margin: [0, 0, 0, font.size * 0.6] },
        language,
        at,
      );
    case 'rule':
      return ruleNode(0.75, '#b8bec6', font.size * 0.5);
  }
}

/** A line across the column. A table of one row keeps to whatever width there is. */
export function ruleNode(thickness: number, color: string, space: number, dash?: number): Node {
  return {
    table: { widths: ['*'], body: [[{ text: '', fontSize: 0.1 }]] },
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
