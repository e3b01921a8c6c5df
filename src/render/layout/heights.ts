import type { Box, TableBox } from './boxes.js';

/** What boxes are high, worked out before anything has a place: as if all columns of a table were equally wide. Points. */

/** Height of what cannot be parted from the begin of a box, its margin above included; 0 for what shows nothing. */
export function firstHeight(box: Box, room: number): number {
  const { left = 0, top = 0, right = 0 } = box.margins ?? {};
  const inner = firstInside(box, Math.max(1, room - left - right));
  return inner > 0 ? top + inner : 0;
}

function firstInside(box: Box, room: number): number {
  switch (box.type) {
    case 'text':
      return box.text.height(room, 1);
    case 'art':
      return box.art.height;
    case 'stack':
      for (const one of box.boxes) {
        const height = firstHeight(one, room);
        if (height > 0) return height;
      }
      return 0;
    case 'columns': {
      const { columns } = box;
      return Math.max(0, ...columns.map((column) => firstHeight(column.box, room / columns.length)));
    }
    case 'table':
      return firstRows(box, room);
  }
}

/** The rows that repeat, as high as in columns of equal width, and the first line of the row below. */
function firstRows(box: TableBox, room: number): number {
  let sum = 0;
  for (let row = 0; row <= box.headerRows && row < box.rows; row++) {
    const cells = box.row(row);
    const share = room / Math.max(1, cells.length);
    const heights = cells.map(({ box: content }) =>
      content.type === 'text' ? content.text.height(share, row < box.headerRows ? undefined : 1) : 0,
    );
    sum += Math.max(0, ...heights) + box.look.around;
  }
  return sum;
}
