import type { RasterFormat } from './model.js';

/** What the first bytes of an image say. Sizes are pixels, as stored (before any EXIF turn). */
export interface RasterHeader {
  readonly format: RasterFormat;
  readonly width: number;
  readonly height: number;
  /**
   * Bytes of a pixel that are in memory for all pixels at one time while it is decoded; 0 for what is decoded row by row.
   */
  readonly heldBytes: number;
}

/** Measured: what the process of a decoder grows by, for each pixel. One with a header of its own may be transparent. */
const held = { gif: 7, webp: 8, webpExtended: 12 } as const;
/** Samples of a pixel by the colour type of a PNG; a palette is written out. */
const pngSamples: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 4, 4: 2, 6: 4 };

const ascii = (bytes: Buffer, at: number, length: number) => bytes.toString('latin1', at, at + length);

function png(bytes: Buffer): RasterHeader | undefined {
  if (bytes.length < 33 || bytes.readUInt32BE(0) !== 0x89504e47 || bytes.readUInt32BE(4) !== 0x0d0a1a0a)
    return undefined;
  if (ascii(bytes, 12, 4) !== 'IHDR') return undefined;
  const [depth = 8, color = 6, , , interlaced] = bytes.subarray(24, 29);
  // One that is interlaced has its first row whole when its last one is read.
  const heldBytes = interlaced === 0 ? 0 : (pngSamples[color] ?? 4) * (depth > 8 ? 2 : 1);
  return { format: 'png', width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20), heldBytes };
}

function gif(bytes: Buffer): RasterHeader | undefined {
  if (bytes.length < 13 || !/^GIF8[79]a$/.test(ascii(bytes, 0, 6))) return undefined;
  return {
    format: 'gif',
    width: bytes.readUInt16LE(6),
    height: bytes.readUInt16LE(8),
    heldBytes: held.gif,
  };
}

function webp(bytes: Buffer): RasterHeader | undefined {
  if (bytes.length < 30 || ascii(bytes, 0, 4) !== 'RIFF' || ascii(bytes, 8, 4) !== 'WEBP') return undefined;
  const chunk = ascii(bytes, 12, 4);
  if (chunk === 'VP8X')
    return {
      format: 'webp',
      width: bytes.readUIntLE(24, 3) + 1,
      height: bytes.readUIntLE(27, 3) + 1,
      heldBytes: held.webpExtended,
    };
  if (chunk === 'VP8L') {
    const bits = bytes.readUInt32LE(21);
    return {
      format: 'webp',
      width: (bits & 0x3fff) + 1,
      height: ((bits >>> 14) & 0x3fff) + 1,
      heldBytes: held.webp,
    };
  }
  if (chunk === 'VP8 ') {
    return {
      format: 'webp',
      width: bytes.readUInt16LE(26) & 0x3fff,
      height: bytes.readUInt16LE(28) & 0x3fff,
      heldBytes: held.webp,
    };
  }
  return undefined;
}

/** Walks the markers of a JPEG to its frame header. */
function jpeg(bytes: Buffer): RasterHeader | undefined {
  if (bytes.length < 4 || bytes[0] !== 0xff || bytes[1] !== 0xd8) return undefined;
  let at = 2;
  while (at + 9 < bytes.length) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1] ?? 0;
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (marker >= 0xd0 && marker <= 0xd8) {
      at += 2;
      continue;
    }
    if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) {
      const samples = bytes[at + 9] ?? 3;
      const isByRow = marker <= 0xc1 && scanSamples(bytes, at) === samples;
      const heldBytes = isByRow ? 0 : coefficientBytes(bytes.subarray(at + 10, at + 10 + 3 * samples));
      return {
        format: 'jpeg',
        width: bytes.readUInt16BE(at + 7),
        height: bytes.readUInt16BE(at + 5),
        heldBytes,
      };
    }
    at += 2 + bytes.readUInt16BE(at + 2);
  }
  return undefined;
}

/**
 * Samples in the first scan behind the frame header at `at`. Where they are all, and the JPEG is not progressive, each row
 * is complete when it is read.
 */
function scanSamples(bytes: Buffer, at: number): number {
  let next = at;
  while (next + 5 < bytes.length && bytes[next] === 0xff && bytes[next + 1] !== 0xda) {
    next += bytes[next + 1] === 0xff ? 1 : 2 + bytes.readUInt16BE(next + 2);
  }
  return bytes[next + 4] ?? 0;
}

/** Of a pixel, from the descriptions of its samples: those of colour may stand for several pixels. Two bytes each. */
function coefficientBytes(samples: Buffer): number {
  const factors: number[] = [];
  for (let at = 1; at < samples.length; at += 3) {
    const byte = samples[at] ?? 0x11;
    factors.push(Math.max(1, byte >> 4) * Math.max(1, byte & 15));
  }
  const most = Math.max(1, ...factors);
  return factors.reduce((sum, factor) => sum + (2 * factor) / most, 0);
}

/** The format and size that the bytes themselves state; undefined when they are none of the known formats. */
export function readRasterHeader(bytes: Buffer): RasterHeader | undefined {
  return png(bytes) ?? jpeg(bytes) ?? gif(bytes) ?? webp(bytes);
}
