/** Pixels row by row: three channels are red, green and blue; one is gray, where no pixel has a colour. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: Buffer;
}

/**
 * A copy of what an engine has drawn, in one channel where it has no colour: a page of text is then less than half as
 * large as a PNG, at the same cost.
 * @param rgb three bytes a pixel, in memory that is about to go
 */
export function rasterOf(rgb: Uint8Array, width: number, height: number): Raster {
  if (!isGray(rgb)) return { width, height, channels: 3, data: Buffer.from(rgb) };
  const data = Buffer.allocUnsafe(width * height);
  for (let from = 0, to = 0; to < data.length; from += 3, to += 1) data[to] = rgb[from] ?? 0;
  return { width, height, channels: 1, data };
}

function isGray(rgb: Uint8Array): boolean {
  for (let at = 0; at < rgb.length; at += 3) {
    const red = rgb[at];
    if (red !== rgb[at + 1] || red !== rgb[at + 2]) return false;
  }
  return true;
}
