import type { PageSize } from '../pdf-tools/pdfium.js';
import type { DrawnPage } from '../pdf-tools/pdfium-drawing.js';

/** Small pictures of pages on one sheet. Pure. */

/** Pixels of a picture, at most, and between two of them. */
const [cellWidth, cellHeight, gap] = [120, 170, 4];
const columns = 10;

export interface SpritePlace extends PageSize {
  readonly x: number;
  readonly y: number;
}

export interface SpriteLayout extends PageSize {
  readonly places: readonly SpritePlace[];
}

/** Places for pages of these sizes, in rows; one without a size has a square. */
export function layOut(pages: readonly PageSize[]): SpriteLayout {
  const places = pages.map(({ width, height }, index): SpritePlace => {
    const isSized = width > 0 && height > 0 && Number.isFinite(width * height);
    const scale = isSized ? Math.min(cellWidth / width, cellHeight / height) : 0;
    return {
      x: (index % columns) * (cellWidth + gap),
      y: Math.floor(index / columns) * (cellHeight + gap),
      width: isSized ? Math.max(1, Math.round(width * scale)) : cellWidth,
      height: isSized ? Math.max(1, Math.round(height * scale)) : cellWidth,
    };
  });
  const rows = Math.ceil(pages.length / columns);
  const across = Math.min(pages.length, columns);
  return { width: across * (cellWidth + gap) - gap, height: rows * (cellHeight + gap) - gap, places };
}

/** Pixels of three channels, white between the pictures. */
export class Sheet {
  readonly width: number;
  readonly height: number;
  readonly channels = 3;
  readonly data: Buffer;

  constructor({ width, height }: PageSize) {
    this.width = width;
    this.height = height;
    this.data = Buffer.alloc(width * height * 3, 0xff);
  }

  put({ x, y }: SpritePlace, picture: DrawnPage): void {
    for (let row = 0; row < picture.height; row += 1) {
      const to = ((y + row) * this.width + x) * 3;
      const from = row * picture.width * picture.channels;
      const pixels = picture.data.subarray(from, from + picture.width * picture.channels);
      if (picture.channels === 3) this.data.set(pixels, to);
      else for (const [at, gray] of pixels.entries()) this.data.fill(gray, to + at * 3, to + at * 3 + 3);
    }
  }
}
