import type { OperationMembers } from './operation-fields.js';
import type { Sides } from './paper.js';
import type { Node } from './pdfmake.js';
import { points } from './typesetting.js';

/** What stands around operations: blocks with a ground and a border, and the space above and below. */

/** What is drawn behind and around the content of a block, points. */
export interface BlockFrame {
  readonly fill: string | undefined;
  readonly radius: number;
  readonly keepTogether: boolean;
  readonly borderColor: string;
  /** The same on all sides, or that of each; 0 for none. */
  readonly border: number | Sides;
  /** Padding and border, points: content keeps away as far on every page that it takes. */
  readonly above: number;
  readonly below: number;
}

export function sidesOf(asked: number | Partial<Sides> | undefined): Sides {
  if (typeof asked !== 'object') {
    const all = asked ?? 0;
    return { top: all, right: all, bottom: all, left: all };
  }
  const { top = 0, right = 0, bottom = 0, left = 0 } = asked;
  return { top, right, bottom, left };
}

const inPoints = ({ top, right, bottom, left }: Sides): Sides => ({
  top: points(top),
  right: points(right),
  bottom: points(bottom),
  left: points(left),
});

type BlockMembers = Omit<OperationMembers<'add_block'>, 'operations'>;

/** Lengths of a block that its content gives way to, points: padding and border. */
export function blockPadding({ padding, border_width, border_color }: BlockMembers): Sides {
  const air = inPoints(sidesOf(padding));
  const line = inPoints(sidesOf(border_width ?? (border_color === undefined ? 0 : usualBorderMm)));
  return {
    top: air.top + line.top,
    right: air.right + line.right,
    bottom: air.bottom + line.bottom,
    left: air.left + line.left,
  };
}

const usualBorderMm = 0.2;

/** The border of a block, points; sides that are alike are one. */
function borderOf({ border_width: asked, border_color: color }: BlockMembers): number | Sides {
  const sides = inPoints(sidesOf(asked ?? (color === undefined ? 0 : usualBorderMm)));
  const { top, right, bottom, left } = sides;
  return right === top && bottom === top && left === top ? top : sides;
}

/** Whether the corners of its border are not round although they should be: sides that differ meet in corners. */
export function hasSquareCorners(block: BlockMembers): boolean {
  return (block.radius ?? 0) > 0 && typeof borderOf(block) === 'object';
}

/** A block around nodes, without its place. */
export function blockNode(block: BlockMembers, content: readonly Node[]): Node {
  const { fill, border_color: color, radius = 0, keep_with_next: keepNext } = block;
  const { top, right, bottom, left } = blockPadding(block);
  const frame: BlockFrame = {
    fill,
    radius: points(radius),
    keepTogether: (block.keep_together === true || keepNext === true) && block.y === undefined,
    borderColor: color ?? '#000000',
    border: borderOf(block),
    above: top,
    below: bottom,
  };
  return {
    stack: [{ stack: [...content], margin: [left, 0, right, 0] }],
    frame,
    ...(keepNext === true ? { keepNext } : {}),
  };
}

interface Spaced {
  readonly at: string;
  readonly space_before?: number;
  readonly space_after?: number;
}

/** With the space that the caller wants above and below, in the place of what the operation has by itself. */
export function spaced(node: Node, { space_before: before, space_after: after }: Spaced): Node {
  if (before === undefined && after === undefined) return node;
  const [left = 0, top = 0, right = 0, bottom = 0] = Array.isArray(node.margin)
    ? (node.margin as number[])
    : [];
  return {
    ...node,
    margin: [
      left,
      before === undefined ? top : points(before),
      right,
      after === undefined ? bottom : points(after),
    ],
  };
}
