import { crc32, deflateSync } from 'node:zlib';

/** Images that are not what they say. */

function chunk(type: string, content: Uint8Array): Buffer {
  const framed = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const sizes = Buffer.alloc(8);
  sizes.writeUInt32BE(content.length, 0);
  sizes.writeUInt32BE(crc32(framed), 4);
  return Buffer.concat([sizes.subarray(0, 4), framed, sizes.subarray(4)]);
}

const signature = Buffer.from('89504e470d0a1a0a', 'hex');

/** A greyscale PNG of 8 bits. `pixels` are the inflated bytes of its one IDAT, whatever the header says. */
export function png(
  width: number,
  height: number,
  pixels = Buffer.alloc((width + 1) * height),
  level = 9,
): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(pixels, { level })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** One whose text chunk inflates to `bytes` zeros. */
export function pngWithTextBomb(bytes: number): Buffer {
  const whole = png(1, 1);
  const bomb = Buffer.concat([
    Buffer.from('c\0\0', 'latin1'),
    deflateSync(Buffer.alloc(bytes), { level: 9 }),
  ]);
  const end = whole.length - 12;
  return Buffer.concat([whole.subarray(0, end), chunk('zTXt', bomb), whole.subarray(end)]);
}

/** The frame of a JPEG of this size, and nothing that could be decoded. */
export function jpegHeader(width: number, height: number): Buffer {
  const frame = Buffer.from('ffd8ffc0001108000000000301220002110103110100', 'hex');
  frame.writeUInt16BE(height, 7);
  frame.writeUInt16BE(width, 9);
  return frame;
}

export function gifHeader(width: number, height: number): Buffer {
  const header = Buffer.from('4749463839610000000000000000', 'hex');
  header.writeUInt16LE(width, 6);
  header.writeUInt16LE(height, 8);
  return header;
}

export const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
export const dataUri = (bytes: Uint8Array, type = 'image/png'): string =>
  `data:${type};base64,${base64(bytes)}`;
