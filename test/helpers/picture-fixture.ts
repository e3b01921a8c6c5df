import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ImageFormat, ImageWork } from '../../src/render/picture-call.js';
import { footprintOf } from '../../src/render/program-watch.js';
import { png } from './hostile-images.js';

/** Pictures that take long, and the processes that decode pictures. */

/** A grey PNG of noise: read in no time, and seconds of work to pack again. About `width * height` bytes. */
export function noisePng(width: number, height: number): Buffer {
  const rows = randomBytes((width + 1) * height);
  for (let row = 0; row < height; row += 1) rows[row * (width + 1)] = 0;
  return png(width, height, rows, 0);
}

/** Processes below this one that decode pictures. Linux only. */
export function decodersOf(pid: number): readonly number[] {
  return footprintOf(pid, 1_000).pids.filter((child) => {
    try {
      return readFileSync(`/proc/${child}/cmdline`, 'latin1').includes('picture-child');
    } catch {
      return false;
    }
  });
}

/** A page of an image as a PNG, of the size that it has. */
export const drawWork = (format: ImageFormat, more: object = {}): ImageWork => ({
  work: 'draw',
  format,
  page: 1,
  to: 'png',
  quality: 85,
  ...more,
});
