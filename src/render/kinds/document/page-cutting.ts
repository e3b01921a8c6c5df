import { Cutter, type Span } from '../../layout/cutting.js';
import type { PageItem, Vector } from './page-items.js';

/** Cuts what pdfmake's writer has put together aside. */

function span(item: PageItem): Span {
  switch (item.type) {
    case 'line':
      return { top: item.item.y ?? 0, bottom: (item.item.y ?? 0) + item.item.getHeight() };
    case 'vector': {
      const { y, h, y1, y2, r2 = 0 } = item.item;
      if (y1 !== undefined && y2 !== undefined) return { top: Math.min(y1, y2), bottom: Math.max(y1, y2) };
      return { top: y - Number(r2), bottom: y + (h ?? Number(r2)) };
    }
    default:
      return { top: item.item.y ?? 0, bottom: (item.item.y ?? 0) + (item.item._height ?? 0) };
  }
}

function movedVector(vector: Vector, down: number): Vector {
  const { y, y1, y2 } = vector;
  return {
    ...vector,
    ...(y === undefined ? {} : { y: y + down }),
    ...(y1 === undefined ? {} : { y1: y1 + down }),
    ...(y2 === undefined ? {} : { y2: y2 + down }),
  };
}

function moved(item: PageItem, down: number): PageItem {
  switch (item.type) {
    case 'line': {
      const line = item.item.clone();
      line.y = (line.y ?? 0) + down;
      return { type: 'line', item: line };
    }
    case 'vector':
      return { type: 'vector', item: movedVector(item.item, down) };
    default:
      return { ...item, item: { ...item.item, y: (item.item.y ?? 0) + down } };
  }
}

function reshaped(item: PageItem, top: number, bottom: number): PageItem {
  if (item.type !== 'vector') return item;
  const { item: vector } = item;
  const shape = vector.type === 'rect' ? { y: top, h: bottom - top } : { y1: top, y2: bottom };
  return { type: 'vector', item: { ...vector, ...shape } };
}

export const pageCutter = new Cutter<PageItem>({
  span,
  isFlexible: ({ type, item }) =>
    type === 'vector' && item.code === undefined && (item.type === 'line' || item.type === 'rect'),
  moved,
  reshaped,
});
