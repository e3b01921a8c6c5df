import { Cutter, type Span } from './cutting.js';
import type { Item } from './sheet.js';

/** Cuts what was put together on a sheet of its own. */

function span(item: Item): Span {
  switch (item.type) {
    case 'line':
      return { top: item.y, bottom: item.y + item.line.height };
    case 'ground':
    case 'fill':
      return { top: item.box.y, bottom: item.box.y + item.box.height };
    case 'stroke': {
      const [, one] = item.from;
      const [, other] = item.to;
      return { top: Math.min(one, other), bottom: Math.max(one, other) };
    }
    case 'art':
      return { top: item.y + item.art.top, bottom: item.y + item.art.bottom };
  }
}

function moved(item: Item, down: number): Item {
  switch (item.type) {
    case 'line':
    case 'art':
      return { ...item, y: item.y + down };
    case 'ground':
    case 'fill':
      return { ...item, box: { ...item.box, y: item.box.y + down } };
    case 'stroke': {
      const { from, to } = item;
      return { ...item, from: [from[0], from[1] + down], to: [to[0], to[1] + down] };
    }
  }
}

function reshaped(item: Item, top: number, bottom: number): Item {
  switch (item.type) {
    case 'line':
      return item;
    case 'ground':
    case 'fill':
      return { ...item, box: { ...item.box, y: top, height: bottom - top } };
    case 'stroke':
      return { ...item, from: [item.from[0], top], to: [item.to[0], bottom] };
    case 'art': {
      const art = item.art.reshaped?.(top - item.y, bottom - item.y);
      return art === undefined ? item : { ...item, art };
    }
  }
}

export const sheetCutter = new Cutter<Item>({
  span,
  isFlexible: (item) => (item.type === 'art' ? item.art.reshaped !== undefined : item.type !== 'line'),
  moved,
  reshaped,
});
