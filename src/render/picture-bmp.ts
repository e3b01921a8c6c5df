/**
 * BMP files, which the library of all other formats does not read: 1 to 32 bits a pixel, palettes, run lengths and masks,
 * headers of Windows and OS/2.
 */

export interface BmpSize {
  readonly width: number;
  readonly height: number;
}

export interface BmpPicture extends BmpSize {
  /** Row by row from the top. */
  readonly data: Buffer;
  /** RGB, or RGBA. */
  readonly channels: 3 | 4;
}

interface Header extends BmpSize {
  readonly isFromTop: boolean;
  readonly bits: number;
  readonly compression: number;
  /** Where the pixels begin. */
  readonly start: number;
  /** Four bytes each: blue, green, red, nothing. */
  readonly palette: Buffer;
  /** Of red, green, blue and alpha. */
  readonly masks: readonly [number, number, number, number];
}

const runs8 = 1;
const runs4 = 2;
const bitFields = 3;
const alphaBitFields = 6;
const depths: readonly number[] = [1, 4, 8, 16, 24, 32];

/** Throws for what has no header of a BMP, or one of no size. */
export function readBmpSize(bytes: Buffer): BmpSize {
  const { width, height } = readHeader(bytes);
  return { width, height };
}

function readHeader(bytes: Buffer): Header {
  if (bytes.length < 26 || bytes.toString('latin1', 0, 2) !== 'BM') throw new Error('it has no header');
  const headerBytes = bytes.readUInt32LE(14);
  const isCore = headerBytes === 12;
  if (!isCore && (headerBytes < 40 || bytes.length < 14 + headerBytes)) throw new Error('it has no header');
  const width = isCore ? bytes.readUInt16LE(18) : bytes.readInt32LE(18);
  const signed = isCore ? bytes.readUInt16LE(20) : bytes.readInt32LE(22);
  const bits = bytes.readUInt16LE(isCore ? 24 : 28);
  const compression = isCore ? 0 : bytes.readUInt32LE(30);
  if (width < 1 || signed === 0) throw new Error('it has no pixels');
  if (!depths.includes(bits)) throw new Error('it has an unknown depth');
  const isMasked = compression === bitFields || compression === alphaBitFields;
  // Behind a header of 40 bytes the masks follow, in longer ones they are a part of it.
  const maskBytes = isMasked && headerBytes === 40 ? (compression === alphaBitFields ? 16 : 12) : 0;
  const at = 14 + headerBytes + maskBytes;
  const start = bytes.readUInt32LE(10);
  const given = isCore ? 0 : bytes.readUInt32LE(46);
  const colors = bits > 8 ? 0 : given === 0 ? 1 << bits : Math.min(given, 1 << bits);
  return {
    width,
    height: Math.abs(signed),
    isFromTop: signed < 0,
    bits,
    compression,
    start,
    palette: readPalette(bytes.subarray(at), colors, isCore ? 3 : 4),
    masks: isMasked ? readMasks(bytes, headerBytes, compression) : usualMasks(bits),
  };
}

function readPalette(bytes: Buffer, colors: number, bytesOfOne: number): Buffer {
  // What the file does not have is black.
  const palette = Buffer.alloc(256 * 4);
  for (let color = 0; color < colors; color += 1)
    bytes.copy(palette, color * 4, color * bytesOfOne, color * bytesOfOne + 3);
  return palette;
}

function usualMasks(bits: number): Header['masks'] {
  return bits === 16 ? [0x7c00, 0x03e0, 0x001f, 0] : [0xff0000, 0xff00, 0xff, 0];
}

function readMasks(bytes: Buffer, headerBytes: number, compression: number): Header['masks'] {
  const mask = (index: number): number => bytes.readUInt32LE(54 + index * 4);
  if (bytes.length < 70) throw new Error('it is cut off');
  const hasAlpha = headerBytes >= 56 || compression === alphaBitFields;
  return [mask(0), mask(1), mask(2), hasAlpha ? mask(3) : 0];
}

/** Throws for one that is broken. What is cut off is black. */
export function decodeBmp(bytes: Buffer, maxPixels: number): BmpPicture {
  const header = readHeader(bytes);
  const { width, height, bits, compression, start } = header;
  if (width * height > maxPixels) throw new Error('Input image exceeds pixel limit');
  if (start >= bytes.length) throw new Error('it is cut off');
  const pixels = bytes.subarray(start);
  if ((compression === runs8 && bits === 8) || (compression === runs4 && bits === 4))
    return coloured(header, unpackRuns(pixels, header));
  if (compression !== 0 && compression !== bitFields && compression !== alphaBitFields)
    throw new Error('it has an unknown compression');
  if (bits <= 8) return coloured(header, unpackIndexes(pixels, header));
  return bits === 24 ? plain(pixels, header) : masked(pixels, header);
}

/** Where a row of the file lies, by its number from the top. */
function rowOf({ height, isFromTop }: Header, y: number): number {
  return isFromTop ? y : height - 1 - y;
}

function bytesOfRow({ width, bits }: Header): number {
  return Math.ceil((width * bits) / 32) * 4;
}

/** One byte a pixel, the number of its colour, rows from the top. */
function unpackIndexes(pixels: Buffer, header: Header): Uint8Array {
  const { width, height, bits } = header;
  const indexes = new Uint8Array(width * height);
  const inByte = 8 / bits;
  const mask = (1 << bits) - 1;
  for (let y = 0; y < height; y += 1) {
    const from = rowOf(header, y) * bytesOfRow(header);
    for (let x = 0; x < width; x += 1) {
      const byte = pixels[from + Math.floor(x / inByte)] ?? 0;
      indexes[y * width + x] = (byte >> (8 - bits * ((x % inByte) + 1))) & mask;
    }
  }
  return indexes;
}

function unpackRuns(pixels: Buffer, header: Header): Uint8Array {
  const { width, height, bits } = header;
  const indexes = new Uint8Array(width * height);
  const isHalf = bits === 4;
  let [x, row, at] = [0, 0, 0];
  const put = (index: number): void => {
    if (x < width && row < height) indexes[rowOf(header, row) * width + x] = index;
    x += 1;
  };
  const half = (byte: number, place: number): number =>
    isHalf ? (place % 2 === 0 ? byte >> 4 : byte & 15) : byte;
  while (at + 1 < pixels.length && row < height) {
    const [count = 0, value = 0] = [pixels[at], pixels[at + 1]];
    at += 2;
    if (count > 0) {
      for (let place = 0; place < count; place += 1) put(half(value, place));
    } else if (value === 0) {
      x = 0;
      row += 1;
    } else if (value === 1) {
      break;
    } else if (value === 2) {
      x += pixels[at] ?? 0;
      row += pixels[at + 1] ?? 0;
      at += 2;
    } else {
      for (let place = 0; place < value; place += 1)
        put(half(pixels[at + (isHalf ? place >> 1 : place)] ?? 0, place));
      // To the next word.
      at += Math.ceil((isHalf ? Math.ceil(value / 2) : value) / 2) * 2;
    }
  }
  return indexes;
}

function coloured({ width, height, palette }: Header, indexes: Uint8Array): BmpPicture {
  const data = Buffer.alloc(width * height * 3);
  for (const [pixel, index] of indexes.entries()) {
    const color = index * 4;
    data[pixel * 3] = palette[color + 2] ?? 0;
    data[pixel * 3 + 1] = palette[color + 1] ?? 0;
    data[pixel * 3 + 2] = palette[color] ?? 0;
  }
  return { width, height, data, channels: 3 };
}

function plain(pixels: Buffer, header: Header): BmpPicture {
  const { width, height } = header;
  const data = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y += 1) {
    let from = rowOf(header, y) * bytesOfRow(header);
    let to = y * width * 3;
    for (let x = 0; x < width; x += 1, from += 3, to += 3) {
      data[to] = pixels[from + 2] ?? 0;
      data[to + 1] = pixels[from + 1] ?? 0;
      data[to + 2] = pixels[from] ?? 0;
    }
  }
  return { width, height, data, channels: 3 };
}

function masked(pixels: Buffer, header: Header): BmpPicture {
  const { width, height, bits, masks } = header;
  const channels = masks[3] === 0 ? 3 : 4;
  const data = Buffer.alloc(width * height * channels);
  const samples = masks.slice(0, channels).map(sampleOf);
  const bytesOfOne = bits / 8;
  let shown = 0;
  for (let y = 0; y < height; y += 1) {
    const from = rowOf(header, y) * bytesOfRow(header);
    for (let x = 0; x < width; x += 1) {
      const at = from + x * bytesOfOne;
      if (at + bytesOfOne > pixels.length) continue;
      const value = bits === 16 ? pixels.readUInt16LE(at) : pixels.readUInt32LE(at);
      const to = (y * width + x) * channels;
      for (const [channel, sample] of samples.entries()) data[to + channel] = sample(value);
      shown |= channels === 4 ? (data[to + 3] ?? 0) : 0;
    }
  }
  // Programs that know of no transparency leave zeros in its place.
  if (channels === 4 && shown === 0) for (let at = 3; at < data.length; at += 4) data[at] = 255;
  return { width, height, data, channels };
}

/** Takes the bits of a mask as a value of 0 to 255. */
function sampleOf(mask: number): (value: number) => number {
  if (mask === 0) return () => 0;
  const shift = 31 - Math.clz32(mask & -mask);
  const most = mask >>> shift;
  return (value) => Math.round((((value & mask) >>> shift) * 255) / most);
}
