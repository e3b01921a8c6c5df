import type { Raster } from '../../src/render/kinds/pdf-tools/raster.js';

/** A page as drawn, four bytes a pixel. */
export function rgbaOf({ width, height, channels, data }: Raster) {
  const rgba = Buffer.alloc(width * height * 4, 255);
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    for (let channel = 0; channel < 3; channel += 1)
      rgba[pixel * 4 + channel] = data[pixel * channels + (channels === 1 ? 0 : channel)] ?? 0;
  }
  return { width, height, data: rgba };
}
