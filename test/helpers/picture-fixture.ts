import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { crc32, deflateSync } from 'node:zlib';
import { footprintOf } from '../../src/render/program-watch.js';

/** Pictures that take long, and the processes that decode pictures. */

function chunk(type: string, content: Uint8Array): Buffer {
  const framed = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const sizes = Buffer.alloc(8);
  sizes.writeUInt32BE(content.length, 0);
  sizes.writeUInt32BE(crc32(framed), 4);
  return Buffer.concat([sizes.subarray(0, 4), framed, sizes.subarray(4)]);
}

/** A grey PNG of noise: read in no time, and seconds of work to pack again. About `width * height` bytes. */
export function noisePng(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  const rows = randomBytes((width + 1) * height);
  for (let row = 0; row < height; row += 1) rows[row * (width + 1)] = 0;
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows, { level: 0 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
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
