import { crc32, deflateSync, inflateSync } from 'node:zlib';
import { turns } from './jpeg-picture.js';
import type { PicturePart, TemplateImage } from './template-image.js';

/** What a PNG says of itself before its rows (ISO/IEC 15948, 11.2 and 11.3). */
interface Header {
  readonly width: number;
  readonly height: number;
  /** Bits of a sample. */
  readonly depth: number;
  readonly colour: Colour;
  readonly interlaced: boolean;
}

type Colour = 'grey' | 'rgb' | 'palette' | 'greyAlpha' | 'rgbAlpha';

const colours: Readonly<Record<number, Colour>> = {
  0: 'grey',
  2: 'rgb',
  3: 'palette',
  4: 'greyAlpha',
  6: 'rgbAlpha',
};
const samplesOf: Readonly<Record<Colour, number>> = {
  grey: 1,
  rgb: 3,
  palette: 1,
  greyAlpha: 2,
  rgbAlpha: 4,
};
const depthsOf: Readonly<Record<Colour, readonly number[]>> = {
  grey: [1, 2, 4, 8, 16],
  rgb: [8, 16],
  palette: [1, 2, 4, 8],
  greyAlpha: [8, 16],
  rgbAlpha: [8, 16],
};

interface Pieces {
  readonly header: Header;
  readonly palette: Buffer | undefined;
  /** Of `tRNS`. */
  readonly clear: Buffer | undefined;
  readonly data: Buffer;
}

const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

/** Whether the bytes are meant as a PNG. */
export function isPng(bytes: Buffer): boolean {
  return bytes.subarray(0, 8).equals(signature);
}

/**
 * A PNG as a PDF holds it: its own compressed rows where a PDF can have them as they are, and a mask beside them where it is
 * transparent. Everything of it is read first, in memory that the pixels bound.
 * @returns why it is none, as the rest of a sentence about it
 */
export function pngPicture(bytes: Buffer, maxPixels: number): TemplateImage | string {
  const pieces = piecesOf(bytes);
  if (typeof pieces === 'string') return pieces;
  const { width, height } = pieces.header;
  if (width * height > maxPixels) return `has ${width} x ${height} pixels; the limit is ${maxPixels}`;
  const rows = rowsOf(pieces);
  if (rows === undefined) return 'is broken: its rows cannot be read';
  return { width, height, turn: turns[1], ...partsOf(pieces, rows) };
}

function piecesOf(bytes: Buffer): Pieces | string {
  let header: Header | undefined;
  let [palette, clear]: (Buffer | undefined)[] = [];
  const data: Buffer[] = [];
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    const type = bytes.toString('latin1', at + 4, at + 8);
    const end = at + 8 + length;
    if (end + 4 > bytes.length) return 'is broken: it ends early';
    if (crc32(bytes.subarray(at + 4, end)) !== bytes.readUInt32BE(end))
      return 'is broken: a checksum is wrong';
    const content = bytes.subarray(at + 8, end);
    if (header === undefined) {
      header = type === 'IHDR' ? headerOf(content) : undefined;
      if (header === undefined) return 'is broken: it does not say what it is';
    } else if (type === 'PLTE') palette = content;
    else if (type === 'tRNS') clear = content;
    else if (type === 'IDAT') data.push(content);
    else if (type === 'IEND') {
      const lacksColours =
        header.colour === 'palette' &&
        (palette === undefined || palette.length % 3 > 0 || palette.length > 768);
      return lacksColours
        ? 'is broken: it has no colours'
        : { header, palette, clear, data: Buffer.concat(data) };
    }
    // A capital says that without it the picture is not understood.
    else if (/^[A-Z]/.test(type)) return 'is broken: a part of it is not known';
    at = end + 4;
  }
  return 'is broken: it ends early';
}

function headerOf(content: Buffer): Header | undefined {
  if (content.length !== 13) return undefined;
  const [depth = 0, code = 1, compression, filter, interlace = 2] = content.subarray(8);
  const colour = colours[code];
  const [width, height] = [content.readUInt32BE(0), content.readUInt32BE(4)];
  const isKnown = compression === 0 && filter === 0 && interlace < 2 && width > 0 && height > 0;
  if (colour === undefined || !isKnown || !depthsOf[colour].includes(depth)) return undefined;
  return { width, height, depth, colour, interlaced: interlace === 1 };
}

const bitsOf = ({ colour, depth }: Header): number => samplesOf[colour] * depth;
const rowBytesOf = (width: number, bits: number): number => Math.ceil((width * bits) / 8);

/** Where the pixels of a pass are: the first one, and how far apart (ISO/IEC 15948, 8.2). */
const passes = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** The unpacked rows, each behind the byte of its filter; those of one that was interlaced have none. */
function rowsOf({ header, data }: Pieces): Buffer | undefined {
  const { width, height, interlaced } = header;
  const bits = bitsOf(header);
  const parts = interlaced
    ? passes.map(([left, top, across, down]) => ({
        width: Math.max(0, Math.ceil((width - left) / across)),
        height: Math.max(0, Math.ceil((height - top) / down)),
      }))
    : [{ width, height }];
  const sizes = parts.map((part) =>
    part.width === 0 ? 0 : part.height * (1 + rowBytesOf(part.width, bits)),
  );
  const size = sizes.reduce((sum, each) => sum + each, 0);
  let rows: Buffer;
  try {
    rows = inflateSync(data, { maxOutputLength: size });
  } catch {
    return undefined;
  }
  if (rows.length !== size) return undefined;
  let at = 0;
  for (const [index, part] of parts.entries()) {
    const own = rows.subarray(at, at + (sizes[index] ?? 0));
    const step = 1 + rowBytesOf(part.width, bits);
    for (let row = 0; row < own.length; row += step) if ((own[row] ?? 0) > 4) return undefined;
    if (interlaced) unfilter(own, step, bits);
    at += own.length;
  }
  return interlaced ? woven(rows, header, parts, sizes) : rows;
}

/** Takes the filters back, in place: each row is its own bytes then (ISO/IEC 15948, 9.2). */
function unfilter(rows: Buffer, step: number, bits: number): void {
  const back = Math.max(1, bits >> 3);
  for (let start = 0; start < rows.length; start += step) {
    const filter = rows[start];
    rows[start] = 0;
    for (let at = start + 1; at < start + step; at++) {
      const left = at - back > start ? (rows[at - back] ?? 0) : 0;
      const up = start > 0 ? (rows[at - step] ?? 0) : 0;
      let guess = 0;
      if (filter === 1) guess = left;
      else if (filter === 2) guess = up;
      else if (filter === 3) guess = (left + up) >> 1;
      else if (filter === 4) {
        const corner = at - back > start && start > 0 ? (rows[at - step - back] ?? 0) : 0;
        const [toLeft, toUp, toCorner] = [
          Math.abs(up - corner),
          Math.abs(left - corner),
          Math.abs(left + up - 2 * corner),
        ];
        guess = toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
      }
      rows[at] = (rows[at] ?? 0) + guess;
    }
  }
}

/** The rows of a picture whose passes are given one after the other, without filters. */
function woven(
  given: Buffer,
  header: Header,
  parts: readonly { readonly width: number; readonly height: number }[],
  sizes: readonly number[],
): Buffer {
  const bits = bitsOf(header);
  const step = 1 + rowBytesOf(header.width, bits);
  const rows = Buffer.alloc(step * header.height);
  let start = 0;
  for (const [index, [left, top, across, down]] of passes.entries()) {
    const { width, height } = parts[index] ?? { width: 0, height: 0 };
    const own = 1 + rowBytesOf(width, bits);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const from = start + y * own + 1;
        const to = (top + y * down) * step + 1;
        const column = left + x * across;
        if (bits >= 8) {
          const size = bits >> 3;
          for (let i = 0; i < size; i++) rows[to + column * size + i] = given[from + x * size + i] ?? 0;
        } else {
          const place = to + ((column * bits) >> 3);
          const value = sampleAt(given, from, x, bits);
          rows[place] = (rows[place] ?? 0) | (value << (8 - bits - ((column * bits) & 7)));
        }
      }
    start += sizes[index] ?? 0;
  }
  return rows;
}

/** Of a row whose samples have at most eight bits. */
function sampleAt(rows: Buffer, start: number, index: number, bits: number): number {
  const byte = rows[start + ((index * bits) >> 3)] ?? 0;
  return (byte >> (8 - bits - ((index * bits) & 7))) & ((1 << bits) - 1);
}

function partsOf(pieces: Pieces, rows: Buffer): PicturePart & Pick<TemplateImage, 'mask'> {
  const { header, palette, clear, data } = pieces;
  const { colour, depth, interlaced } = header;
  switch (colour) {
    case 'greyAlpha':
    case 'rgbAlpha': {
      const samples = samplesOf[colour] - 1;
      const [plain, alpha] = split(rows, header);
      const mask = part(header, { samples: 1, depth, space: '/DeviceGray', data: deflateSync(alpha) });
      const space = samples === 1 ? '/DeviceGray' : '/DeviceRGB';
      return { ...part(header, { samples, depth, space, data: deflateSync(plain) }), mask };
    }
    case 'palette': {
      const colours = palette ?? Buffer.alloc(0);
      const space = `[/Indexed/DeviceRGB ${colours.length / 3 - 1}<${colours.toString('hex')}>]`;
      const packed = interlaced ? deflateSync(rows) : data;
      const shown = part(header, { samples: 1, depth, space, data: packed });
      if (clear === undefined) return shown;
      const alpha = deflateSync(paletteAlpha(rows, header, clear));
      return { ...shown, mask: part(header, { samples: 1, depth: 8, space: '/DeviceGray', data: alpha }) };
    }
    case 'grey':
    case 'rgb': {
      const samples = samplesOf[colour];
      const space = samples === 1 ? '/DeviceGray' : '/DeviceRGB';
      const shown = part(header, { samples, depth, space, data: interlaced ? deflateSync(rows) : data });
      if (clear === undefined || clear.length < 2 * samples) return shown;
      // One colour is transparent: a PDF says that of a picture by itself (ISO 32000-1, 8.9.6.4).
      const values = Array.from({ length: samples }, (_, index) => clear.readUInt16BE(2 * index));
      const key = values.map((value) => `${value} ${value}`).join(' ');
      return { ...shown, entries: `${shown.entries}/Mask[${key}]` };
    }
  }
}

interface Samples {
  readonly samples: number;
  readonly depth: number;
  readonly space: string;
  readonly data: Buffer;
}

function part({ width, height }: Header, { samples, depth, space, data }: Samples): PicturePart {
  // The filters of PNG, a byte before each row (ISO 32000-1, table 8 and 7.4.4.4).
  const parms = `/DecodeParms<</Predictor 15/Colors ${samples}/BitsPerComponent ${depth}/Columns ${width}>>`;
  const entries = `/Width ${width}/Height ${height}/BitsPerComponent ${depth}/ColorSpace${space}/Filter/FlateDecode${parms}`;
  return { entries, bytes: data };
}

/**
 * Colours and transparency by themselves. Each byte of a pixel is filtered by those in its own place alone, so that the
 * filters of the rows hold for both.
 */
function split(rows: Buffer, { width, height, colour, depth }: Header): readonly [Buffer, Buffer] {
  const size = depth >> 3;
  const plainSize = (samplesOf[colour] - 1) * size;
  const plain = Buffer.allocUnsafe(height * (1 + width * plainSize));
  const alpha = Buffer.allocUnsafe(height * (1 + width * size));
  let [from, to, beside] = [0, 0, 0];
  for (let row = 0; row < height; row++) {
    const filter = rows[from++] ?? 0;
    plain[to++] = filter;
    alpha[beside++] = filter;
    for (let pixel = 0; pixel < width; pixel++) {
      for (let i = 0; i < plainSize; i++) plain[to++] = rows[from++] ?? 0;
      for (let i = 0; i < size; i++) alpha[beside++] = rows[from++] ?? 0;
    }
  }
  return [plain, alpha];
}

/** Rows of the transparency of each pixel, of which the palette says it. */
function paletteAlpha(given: Buffer, header: Header, clear: Buffer): Buffer {
  const { width, height, depth } = header;
  const step = 1 + rowBytesOf(width, depth);
  const rows = Buffer.from(given);
  if (!header.interlaced) unfilter(rows, step, depth);
  const alpha = Buffer.alloc(height * (1 + width));
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      alpha[y * (1 + width) + 1 + x] = clear[sampleAt(rows, y * step + 1, x, depth)] ?? 255;
  return alpha;
}
