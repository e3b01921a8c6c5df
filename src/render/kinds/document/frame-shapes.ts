import type { BlockFrame } from './draw-frame.js';
import type { Vector } from './page-items.js';

interface Box {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export function isFrame(frame: unknown): frame is BlockFrame {
  return typeof frame === 'object' && frame !== null;
}

/** The ground and border of a block, each below the one before it. Lengths are points. */
export function frameShapes({ fill, border, borderColor, radius }: BlockFrame, box: Box): Vector[] {
  const ground = fill === undefined ? {} : { color: fill };
  if (typeof border === 'number') {
    if (fill === undefined && border === 0) return [];
    // A line is as thick inside of the box as it is.
    const inside = {
      x: box.x + border / 2,
      y: box.y + border / 2,
      w: Math.max(0, box.w - border),
      h: Math.max(0, box.h - border),
    };
    const r = Math.min(radius, inside.w / 2, inside.h / 2);
    const line = border === 0 ? { lineWidth: 0 } : { lineWidth: border, lineColor: borderColor };
    return [{ type: 'rect', ...inside, ...(r > 0 ? { r } : {}), ...line, ...ground }];
  }
  const { x, y, w, h } = box;
  const { top, right, bottom, left } = border;
  const sides: readonly Box[] = [
    { x, y, w, h: top },
    { x, y: y + h - bottom, w, h: bottom },
    { x, y, w: left, h },
    { x: x + w - right, y, w: right, h },
  ];
  const lines = sides
    .filter((side) => side.w > 0 && side.h > 0)
    .map((side): Vector => ({ type: 'rect', ...side, lineWidth: 0, color: borderColor }));
  return fill === undefined
    ? lines
    : [
        ...lines,
        {
          type: 'rect',
          ...box,
          ...(radius > 0 ? { r: Math.min(radius, w / 2, h / 2) } : {}),
          lineWidth: 0,
          ...ground,
        },
      ];
}
