/** Where each page of a document lies. Pure; lengths are CSS pixels. */

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** `width`: the usual page is as wide as the view. `page`: each page is seen whole. A number: 1 is the page's own size. */
export type Zoom = 'width' | 'page' | number;

export const zoomSteps = [0.1, 0.25, 0.33, 0.5, 0.67, 0.75, 0.9, 1, 1.25, 1.5, 2, 2.5, 3, 4, 5] as const;
const [least, most] = [0.1, 5];

/** Browsers draw no box that is higher than some 17 (Firefox) or 33 (Chromium) million pixels: then pages are smaller. */
const highest = 16_000_000;

/** Between pages, and around them. */
export const gap = 12;

export function clampZoom(zoom: number): number {
  return Math.min(most, Math.max(least, zoom));
}

/** The next step from a zoom that may lie between two. @param by 1 or -1 */
export function stepFrom(zoom: number, by: 1 | -1): number {
  const steps: readonly number[] = by > 0 ? zoomSteps : [...zoomSteps].reverse();
  return steps.find((step) => (step - zoom) * by > 0.005) ?? (by > 0 ? most : least);
}

/** Pages below each other, each in the middle. Pages are counted from 0. */
export class Layout {
  readonly #tops: Float64Array;
  readonly #scales: Float64Array;
  readonly #sizes: readonly Size[];
  /** Of everything, gaps included. */
  readonly height: number;
  readonly width: number;

  constructor(sizes: readonly Size[], view: Size, zoom: Zoom) {
    this.#sizes = sizes;
    this.#tops = new Float64Array(sizes.length);
    this.#scales = new Float64Array(sizes.length);
    const usual = usualWidth(sizes);
    const [inWidth, inHeight] = [Math.max(40, view.width - 2 * gap), Math.max(40, view.height - 2 * gap)];
    const scaleOf = ({ width, height }: Size): number => {
      if (zoom === 'width') return clampZoom(Math.min(inWidth / usual, inWidth / width));
      if (zoom === 'page') return clampZoom(Math.min(inWidth / width, inHeight / height));
      return clampZoom(zoom);
    };
    const whole = sizes.reduce((sum, size) => sum + size.height * scaleOf(size), 0);
    const less = Math.min(1, highest / Math.max(1, whole));
    let [top, widest] = [gap, 0];
    for (const [index, size] of sizes.entries()) {
      const scale = scaleOf(size) * less;
      this.#scales[index] = scale;
      this.#tops[index] = top;
      top += Math.round(size.height * scale) + gap;
      widest = Math.max(widest, size.width * scale);
    }
    this.height = top;
    this.width = Math.max(view.width, Math.round(widest) + 2 * gap);
  }

  get count(): number {
    return this.#sizes.length;
  }

  scale(index: number): number {
    return this.#scales[index] ?? 1;
  }

  top(index: number): number {
    return this.#tops[index] ?? 0;
  }

  size(index: number): Size {
    const { width, height } = this.#sizes[index] ?? { width: 0, height: 0 };
    return { width: Math.round(width * this.scale(index)), height: Math.round(height * this.scale(index)) };
  }

  /** The page at a height, or the one above where there is a gap; 0 above all. */
  at(y: number): number {
    let [low, high] = [0, Math.max(0, this.count - 1)];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.top(middle) <= y) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** First and last page of which something lies between two heights. */
  between(from: number, to: number): readonly [first: number, last: number] {
    return [this.at(from), this.at(to)];
  }

  /** The page that is read: the first of which at least half is seen, or else the one that fills most of the view. */
  current(from: number, to: number): number {
    const [first, last] = this.between(from, to);
    let [best, bestSeen] = [first, -1];
    for (let index = first; index <= last; index += 1) {
      const { height } = this.size(index);
      const seen = Math.min(to, this.top(index) + height) - Math.max(from, this.top(index));
      if (seen * 2 >= height) return index;
      if (seen > bestSeen) [best, bestSeen] = [index, seen];
    }
    return best;
  }
}

/** The width that most pages have: a few wide sheets must not make all others small. */
function usualWidth(sizes: readonly Size[]): number {
  const counts = new Map<number, number>();
  for (const { width } of sizes) counts.set(width, (counts.get(width) ?? 0) + 1);
  let [usual, count] = [sizes[0]?.width ?? 1, 0];
  for (const [width, times] of counts) if (times > count) [usual, count] = [width, times];
  return usual;
}

/** Widths in which the server draws pictures, pixels. */
const pictureWidths = [160, 320, 640, 960, 1280, 1920, 2560] as const;

/** The picture for a page of this width, on a screen with so many pixels for one of CSS. */
export function pictureWidth(width: number, density: number): number {
  // A few pixels less are not seen, and the next picture weighs twice as much.
  const wanted = width * density * 0.95;
  return pictureWidths.find((step) => step >= wanted) ?? pictureWidths[pictureWidths.length - 1] ?? wanted;
}
