import { aroundCell } from './draw-table.js';
import type { Operation } from './operations.js';
import { points, pointsPerMm } from './typesetting.js';

/**
 * What is wider than the column or the block that it stands in. Nothing of it is cut, and what stands beside it may lie over it: so it is
 * told, before anything is laid out.
 */

/** A column of `add_columns` that has a width, or one in it that has none; or a block whose width is known. */
export interface NarrowColumn {
  /** The most that it can have, points. */
  readonly width: number;
  /** JSON pointer of the one that has a width. */
  readonly at: string;
  readonly is: 'column' | 'block';
}

/** Less than this of its size is hardly a letter. */
const letterShare = 0.6;
/** Less than can be seen, points. */
const tolerance = 0.5;

/** Why what is drawn does not fit into the column; undefined when it does, as far as the request tells. */
export function tooWide(
  operation: Operation,
  { width: room, is }: NarrowColumn,
  fontSize: number,
): string | undefined {
  // It has a place of its own on the page.
  if ('y' in operation && operation.y !== undefined) return undefined;
  const told = (what: string, width: number): string | undefined =>
    width > room + tolerance
      ? `${what} of it is ${inMm(width)} mm wide, and the ${is} ${inMm(room)} mm: what stands beside it may lie over it`
      : undefined;
  switch (operation.type) {
    case 'add_text':
      return told('A text', points(operation.width ?? 0));
    case 'add_block':
      return told('A block', points(operation.width ?? 0));
    case 'add_image':
    case 'add_svg':
      return told('A picture', points(operation.width ?? 0));
    case 'add_barcode':
      return told('A code', points(operation.width ?? 0));
    case 'add_qr':
      return told('A code', points(operation.size ?? 0));
    case 'add_columns': {
      const { columns, gap = 5 } = operation;
      const fixed = columns.reduce((sum, { width }) => sum + (typeof width === 'number' ? width : 0), 0);
      return told('A row of columns', points(fixed + gap * (columns.length - 1)));
    }
    case 'add_table': {
      const { columns } = operation.grid;
      const least = (operation.font_size ?? fontSize) * letterShare;
      return told(`A table of ${columns} columns`, columns * (aroundCell(operation) + least));
    }
    default:
      return undefined;
  }
}

function inMm(length: number): string {
  return (length / pointsPerMm).toFixed(1);
}
