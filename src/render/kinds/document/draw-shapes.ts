import { ruleNode } from './draw-blocks.js';
import type { OperationMembers } from './operation-fields.js';
import type { Node } from './pdfmake.js';
import { points } from './typesetting.js';

/** Lines and rectangles. `top` is where the paper begins, in the points of the page or of the band that they stand in. */

export function lineNode(operation: OperationMembers<'add_line'>, top: number): Node {
  const { x1, y1, x2, y2, color = '#000000', line_width, dash } = operation;
  const thickness = points(line_width ?? 0.2);
  if (x1 === undefined || y1 === undefined || x2 === undefined || y2 === undefined) {
    return ruleNode(thickness, color, points(2), dash === undefined ? undefined : points(dash));
  }
  const drawn = {
    type: 'line',
    x1: points(x1),
    y1: points(y1),
    x2: points(x2),
    y2: points(y2),
    lineWidth: thickness,
    lineColor: color,
    ...(dash === undefined ? {} : { dash: { length: points(dash) } }),
  };
  return { canvas: [drawn], absolutePosition: { x: 0, y: -top } };
}

export function rectNode(operation: OperationMembers<'add_rect'>, top: number): Node {
  const { x, y, width, height, fill, color, line_width, radius, opacity } = operation;
  // Without any colour it is an outline; with a fill only it has none.
  const stroke = color ?? (fill === undefined ? '#000000' : undefined);
  const drawn = {
    type: 'rect',
    x: points(x),
    y: points(y),
    w: points(width),
    h: points(height),
    lineWidth: points(line_width ?? 0.2),
    ...(stroke === undefined ? {} : { lineColor: stroke }),
    ...(fill === undefined ? {} : { color: fill }),
    ...(radius === undefined ? {} : { r: Math.min(points(radius), points(width) / 2, points(height) / 2) }),
    ...(opacity === undefined ? {} : { fillOpacity: opacity, strokeOpacity: opacity }),
  };
  return { canvas: [drawn], absolutePosition: { x: 0, y: -top } };
}
