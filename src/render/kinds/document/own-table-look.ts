import type { TableLook } from '../../layout/boxes.js';
import type { Stroke } from '../../layout/sheet.js';
import { colorOf, foreign, hasOnly, nodeOf, numberOf } from './own-nodes.js';
import type { Node } from './pdfmake.js';

/** Lines, paddings and grounds of tables, which a definition has as functions. */

const layoutParts = new Set([
  'hLineWidth',
  'vLineWidth',
  'hLineColor',
  'vLineColor',
  'paddingLeft',
  'paddingRight',
  'paddingTop',
  'paddingBottom',
  'fillColor',
  'hLineStyle',
  'outer',
]);

type Rule = (line: number) => unknown;
function ruleOf(layout: Node, name: string): Rule {
  const rule = layout[name];
  // Functions of the definition take the number of a line or row.
  return typeof rule === 'function' ? (rule as Rule) : foreign(`a table without ${name}`);
}

export function fillsOf(layout: Node): (row: number) => string | undefined {
  if (layout.fillColor === undefined) return () => undefined;
  const rule = ruleOf(layout, 'fillColor');
  return (row) => {
    const fill = rule(row);
    return fill === null || fill === undefined ? undefined : colorOf(fill);
  };
}

/** Rules that are drawn as tables have dashes. */
function dashOf(layout: Node): Pick<Stroke, 'dash'> {
  const style = layout.hLineStyle === undefined ? null : ruleOf(layout, 'hLineStyle')(0);
  if (style === null) return {};
  return { dash: numberOf(nodeOf(nodeOf(style).dash).length) };
}

export function tableLook(layout: Node, around: number): TableLook {
  hasOnly(layout, layoutParts);
  const at = (name: string) => numberOf(ruleOf(layout, name)(0));
  const columnLine = at('vLineWidth');
  const rowColor = colorOf(ruleOf(layout, 'hLineColor')(0));
  const widthOf = ruleOf(layout, 'hLineWidth');
  const dash = dashOf(layout);
  const strokes = new Map<number, Stroke>();
  return {
    left: at('paddingLeft'),
    right: at('paddingRight'),
    top: at('paddingTop'),
    bottom: at('paddingBottom'),
    ...(layout.outer === undefined ? {} : { outer: numberOf(layout.outer) }),
    around,
    columnLine: {
      width: columnLine,
      color: columnLine === 0 ? rowColor : colorOf(ruleOf(layout, 'vLineColor')(0)),
    },
    rowLine: (row) => {
      const width = numberOf(widthOf(row));
      let stroke = strokes.get(width);
      if (stroke === undefined) {
        stroke = { width, color: rowColor, ...dash };
        strokes.set(width, stroke);
      }
      return stroke;
    },
  };
}
