import type { Art } from '../../layout/sheet.js';
import type { Box } from './areas.js';
import { CodeDrawing } from './draw-codes.js';
import type { BlockFrame } from './draw-frame.js';
import { frameShapes } from './frame-shapes.js';
import { colorOf, foreign, hasOnly, nodesOf, numberOf } from './own-nodes.js';
import type { Vector } from './page-items.js';
import type { Node, Renderer } from './pdfmake.js';

/** Shapes, codes and pictures of our own layout: drawn as pdfmake draws them. */

export interface DrawnArt extends Art {
  /** What it covers, from its corner. */
  readonly boxes: readonly Box[];
  draw(renderer: Pick<Renderer, 'renderVector' | 'renderImage' | 'renderSVG'>, x: number, y: number): void;
}

const lineMembers = new Set(['type', 'x1', 'y1', 'x2', 'y2', 'lineWidth', 'lineColor', 'dash']);
const rectMembers = new Set([
  'type',
  'x',
  'y',
  'w',
  'h',
  'lineWidth',
  'lineColor',
  'color',
  'r',
  'fillOpacity',
  'strokeOpacity',
  'code',
]);

interface Shape {
  readonly box: Box;
  at(x: number, y: number): Vector;
  /** With another begin and end; left out where it is one piece. */
  reshaped?(top: number, bottom: number): Shape;
}

function shapeOf(node: Node): Shape {
  if (node.lineColor !== undefined) colorOf(node.lineColor);
  if (node.color !== undefined) colorOf(node.color);
  if (node.type === 'line') {
    hasOnly(node, lineMembers);
    const [x1, y1, x2, y2] = [node.x1, node.y1, node.x2, node.y2].map(numberOf) as [
      number,
      number,
      number,
      number,
    ];
    return {
      box: {
        left: Math.min(x1, x2),
        top: Math.min(y1, y2),
        right: Math.max(x1, x2),
        bottom: Math.max(y1, y2),
      },
      at: (x, y) => ({ ...node, x: 0, y: 0, x1: x1 + x, y1: y1 + y, x2: x2 + x, y2: y2 + y }),
      reshaped: (top, bottom) => shapeOf({ ...node, y1: top, y2: bottom }),
    };
  }
  if (node.type !== 'rect') return foreign(`a shape ${String(node.type)}`);
  hasOnly(node, rectMembers);
  if (node.code !== undefined && !(node.code instanceof CodeDrawing)) foreign('a code of another kind');
  const [left, top] = [numberOf(node.x), numberOf(node.y)];
  const shape: Shape = {
    box: { left, top, right: left + numberOf(node.w), bottom: top + numberOf(node.h) },
    at: (x, y) => ({ ...node, x: left + x, y: top + y }),
  };
  if (node.code !== undefined) return shape;
  return { ...shape, reshaped: (from, to) => shapeOf({ ...node, y: from, h: to - from }) };
}

/** The shape of a canvas. */
export function canvasArt(canvas: unknown): DrawnArt {
  const [only, ...others] = nodesOf(canvas);
  return only === undefined || others.length > 0 ? foreign('several shapes') : shapeArt(shapeOf(only));
}

function shapeArt(shape: Shape): DrawnArt {
  const { box } = shape;
  const { reshaped } = shape;
  return {
    width: Math.max(0, box.right),
    height: Math.max(0, box.bottom),
    top: box.top,
    bottom: box.bottom,
    boxes: [box],
    draw: (renderer, x, y) => renderer.renderVector(shape.at(x, y)),
    ...(reshaped === undefined ? {} : { reshaped: (top, bottom) => shapeArt(reshaped(top, bottom)) }),
  };
}

/** The ground and border of a block, each below the one before it. */
export function frameArt(frame: BlockFrame, width: number, height: number): DrawnArt[] {
  return frameShapes(frame, { x: 0, y: 0, w: width, h: height }).map((vector) =>
    shapeArt(shapeOf({ ...vector })),
  );
}

/** A mark of a list, a square or an ellipse, which is not cut. */
export function markArt(vector: Node): DrawnArt {
  const [x, y, across, down] = [vector.x, vector.y, vector.r1 ?? 0, vector.r2 ?? 0].map(Number) as [
    number,
    number,
    number,
    number,
  ];
  const [right, bottom] = [x + Number(vector.w ?? across), y + Number(vector.h ?? down)];
  const draw: DrawnArt['draw'] = (renderer, left, top) =>
    renderer.renderVector({ ...vector, x: x + left, y: y + top });
  const box = { left: x - across, top: y - down, right, bottom };
  return { width: 0, height: 0, top: box.top, bottom, boxes: [box], draw };
}
