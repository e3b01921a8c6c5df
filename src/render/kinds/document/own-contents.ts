import { type Line, Word } from '../../layout/line.js';
import { isNode, nodeOf, nodesOf } from './own-nodes.js';
import type { Node } from './pdfmake.js';

/** A table of contents, as pdfmake sets it. */

/** The headings of a document in the order in which pdfmake lists them: those in a table column by column. */
export function headingsIn(nodes: readonly Node[]): Node[] {
  return nodes.flatMap((node) => {
    if (node.tocItem === true) return [node];
    const { section, stack, columns, ul, ol, table } = node;
    const inner = section ?? stack ?? columns ?? ul ?? ol;
    if (Array.isArray(inner)) return headingsIn(inner);
    return isNode(table) && Array.isArray(table.body) ? headingsIn(byColumn(table.body)) : [];
  });
}

function byColumn(body: readonly (readonly unknown[])[]): Node[] {
  const columns = body[0]?.length ?? 0;
  // A text alone is no heading.
  const inColumn = (x: number) => body.map((row) => row[x]).filter((cell) => typeof cell !== 'string');
  return Array.from({ length: columns }, (_, x) => inColumn(x).map(nodeOf)).flat();
}

const zero = () => 0;

/** Nothing but air between and beside the lines. */
const layout = {
  hLineWidth: zero,
  vLineWidth: zero,
  hLineColor: () => 'black',
  paddingLeft: () => 4,
  paddingRight: () => 4,
  paddingTop: () => 2,
  paddingBottom: () => 2,
  outer: 0,
};

/** What stands in the place of a node with a `toc`: its title, and a line for each heading. */
export function contentsNodes(toc: Node, headings: readonly Node[]): Node[] {
  const { title, textStyle, numberStyle } = toc;
  const body = headings.map(({ text, id, tocMargin }) => {
    const [left = 0, top = 0, right = 0, bottom = 0] = Array.isArray(tocMargin)
      ? (tocMargin as number[])
      : [];
    const target = { linkToDestination: id };
    return [
      { ...nodeOf(textStyle), ...target, text, alignment: 'left', margin: [left, top, right, bottom] },
      {
        ...nodeOf(numberStyle),
        ...target,
        text: '00000',
        pageOf: id,
        alignment: 'right',
        margin: [0, top, 0, bottom],
      },
    ];
  });
  return [
    ...(title === undefined ? [] : nodesOf([title])),
    ...(body.length === 0 ? [] : [{ table: { widths: ['*', 'auto'], body, wholeRows: true }, layout }]),
  ];
}

/** The line with a number in the place of its first word, which ended where the number ends. */
export function withNumber({ pageOf: _, words: [first, ...others], ...line }: Line, page: number): Line {
  if (first === undefined) return { ...line, words: others };
  const { look } = first;
  const text = String(page);
  const ink = look.face.word(text);
  const number = new Word(ink, text, look, (ink?.width ?? 0) * look.scale, 0, 0, false, false);
  number.x = first.x + first.width - number.width;
  return { ...line, words: [number, ...others] };
}
