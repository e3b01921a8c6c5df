import { chained, type Matrix } from './matrix.js';
import { boxOf, numberOf, type Source, type SourcePage } from './source.js';

/**
 * From the page as it is shown to the space of its content: the first has its origin at the top left of the CropBox after
 * `Rotate`, y down, in points, of which `UserUnit` make one unit of the second.
 */
export function shownToPage(source: Source, page: SourcePage): Matrix {
  const media = boxOf(source, page.entry('MediaBox')) ?? [0, 0, 612, 792];
  const crop = boxOf(source, page.entry('CropBox')) ?? media;
  const left = Math.max(media[0], crop[0]);
  const bottom = Math.max(media[1], crop[1]);
  const right = Math.min(media[2], crop[2]);
  const top = Math.min(media[3], crop[3]);
  const [x0, y0, x1, y1] = right > left && top > bottom ? [left, bottom, right, top] : media;
  const unit = numberOf(source, page.entry('UserUnit')) ?? 1;
  const u = 1 / (unit > 0 ? unit : 1);
  const turn = ((((numberOf(source, page.entry('Rotate')) ?? 0) % 360) + 360) % 360) as number;
  switch (turn) {
    case 90:
      return [0, u, u, 0, x0, y0];
    case 180:
      return [-u, 0, 0, u, x1, y0];
    case 270:
      return [0, -u, -u, 0, x1, y1];
    default:
      return [u, 0, 0, -u, x0, y1];
  }
}

/** From the room of an overlay, origin at its lower left, y up, to the page as it is shown. */
export function overlayToShown(overlay: {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly rotate?: number;
}): Matrix {
  const { x, y, width, height, rotate = 0 } = overlay;
  const [cx, cy] = [x + width / 2, y + height / 2];
  const angle = (rotate * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const placed: Matrix = [1, 0, 0, -1, x - cx, y + height - cy];
  return chained(placed, [cos, sin, -sin, cos, cx, cy]);
}
