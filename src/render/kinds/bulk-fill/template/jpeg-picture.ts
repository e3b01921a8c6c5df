import type { Matrix } from './matrix.js';
import type { TemplateImage } from './template-image.js';

/** By the orientation of EXIF, 1 to 8: where the stored unit square comes to lie, y up. */
export const turns: Readonly<Record<number, Matrix>> & { readonly 1: Matrix } = {
  1: [1, 0, 0, 1, 0, 0],
  2: [-1, 0, 0, 1, 1, 0],
  3: [-1, 0, 0, -1, 1, 1],
  4: [1, 0, 0, -1, 0, 1],
  5: [0, -1, -1, 0, 1, 1],
  6: [0, -1, 1, 0, 0, 1],
  7: [0, 1, 1, 0, 0, 0],
  8: [0, 1, -1, 0, 1, 0],
};

/** Entries of the dictionary of a JPEG. @param samples of a pixel: 1, 3 or 4 */
export function jpegEntries(width: number, height: number, samples: number): string {
  const space =
    samples === 1
      ? '/DeviceGray'
      : samples === 4
        ? // What writes them (Photoshop) writes them inverted.
          '/DeviceCMYK/Decode[1 0 1 0 1 0 1 0]'
        : '/DeviceRGB';
  return `/Width ${width}/Height ${height}/BitsPerComponent 8/ColorSpace${space}/Filter/DCTDecode`;
}

export interface JpegFrame {
  readonly width: number;
  readonly height: number;
  readonly samples: number;
  /** Of EXIF, 1 to 8. */
  readonly orientation: number;
}

export function isJpeg(bytes: Buffer): boolean {
  return bytes.length > 3 && bytes.readUIntBE(0, 3) === 0xffd8ff;
}

/**
 * A JPEG as a PDF holds it: the file itself, of which everything is read but the values of its pixels.
 * @returns why it is none, as the rest of a sentence about it
 */
export function jpegPicture(bytes: Buffer, maxPixels: number): TemplateImage | string {
  const frame = jpegFrame(bytes);
  if (typeof frame === 'string') return frame;
  const { width, height, samples, orientation } = frame;
  if (width * height > maxPixels) return `has ${width} x ${height} pixels; the limit is ${maxPixels}`;
  const shown = orientation > 4 ? { width: height, height: width } : { width, height };
  return {
    ...shown,
    turn: turns[orientation] ?? turns[1],
    entries: jpegEntries(width, height, samples),
    bytes,
  };
}

const broken = 'is broken: it ends early, or a part of it is not known';

/** Walks through the segments of a JPEG to its end (ISO/IEC 10918-1, annex B). */
export function jpegFrame(bytes: Buffer): JpegFrame | string {
  let frame: Omit<JpegFrame, 'orientation'> | undefined;
  let orientation = 1;
  let scans = 0;
  for (let at = 2; at + 2 <= bytes.length; ) {
    const marker = bytes[at + 1] ?? 0;
    if (bytes[at] !== 0xff) return broken;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker === 0xd9) return frame === undefined || scans === 0 ? broken : { ...frame, orientation };
    if (at + 4 > bytes.length) return broken;
    const length = bytes.readUInt16BE(at + 2);
    const end = at + 2 + length;
    if (length < 2 || end > bytes.length) return broken;
    const content = bytes.subarray(at + 4, end);
    if (marker >= 0xc0 && marker <= 0xc2) {
      if (frame !== undefined || content.length < 6) return broken;
      const samples = content[5] ?? 0;
      frame = { height: content.readUInt16BE(1), width: content.readUInt16BE(3), samples };
      if (content[0] !== 8 || ![1, 3, 4].includes(samples) || frame.width * frame.height === 0)
        return 'is a JPEG of a sort that a PDF cannot show';
    } else if (isOtherFrame(marker)) return 'is a JPEG of a sort that a PDF cannot show';
    else if (marker === 0xe1) orientation = orientationOf(content) ?? orientation;
    at = end;
    if (marker === 0xda) {
      if (frame === undefined) return broken;
      scans += 1;
      at = endOfScan(bytes, end);
    }
  }
  return broken;
}

/** Frames that are lossless, hierarchical or coded arithmetically. */
function isOtherFrame(marker: number): boolean {
  return marker > 0xc2 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/** Where the next segment begins: in what is coded a byte of ones is followed by none, or by a place to start again. */
function endOfScan(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const next = bytes[at + 1] ?? 0;
    if (next !== 0 && next !== 0xff && (next < 0xd0 || next > 0xd7)) return at;
  }
  return bytes.length;
}

/** Of the first directory of EXIF (CIPA DC-008, 4.6.2 and tag 0x0112). */
function orientationOf(content: Buffer): number | undefined {
  if (content.toString('latin1', 0, 6) !== 'Exif\0\0') return undefined;
  const tiff = content.subarray(6);
  if (tiff.length < 8) return undefined;
  const order = tiff.toString('latin1', 0, 2);
  if (order !== 'II' && order !== 'MM') return undefined;
  const short = (at: number) => (order === 'II' ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
  const start = order === 'II' ? tiff.readUInt32LE(4) : tiff.readUInt32BE(4);
  if (start + 2 > tiff.length) return undefined;
  const count = short(start);
  for (let index = 0; index < count; index++) {
    const at = start + 2 + 12 * index;
    if (at + 12 > tiff.length) return undefined;
    if (short(at) !== 0x0112) continue;
    const value = short(at + 8);
    return value >= 1 && value <= 8 ? value : undefined;
  }
  return undefined;
}
