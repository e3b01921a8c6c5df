import { readFileSync } from 'node:fs';
import type { PdfDocument, PdfImage, PdfReference } from './pdfmake.js';
import type { PngFile } from './pictures.js';

export interface Png {
  readonly width: number;
  readonly height: number;
  readonly samples: 1 | 3;
  /** Its compressed rows, which a PDF holds as they are. */
  readonly data: readonly Buffer[];
}

/** A PNG that the decoder of pictures has written: 8 bits, grey or RGB, neither interlaced nor transparent. */
export function readPng(path: string): Png {
  const file = readFileSync(path);
  const type = file[25];
  if (
    file.toString('latin1', 12, 16) !== 'IHDR' ||
    file[24] !== 8 ||
    file[28] !== 0 ||
    (type !== 0 && type !== 2)
  )
    throw new Error('a picture was written in another way than expected');
  const data: Buffer[] = [];
  for (let at = 8; at + 12 <= file.length; ) {
    const length = file.readUInt32BE(at);
    if (file.toString('latin1', at + 4, at + 8) === 'IDAT') data.push(file.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  return { width: file.readUInt32BE(16), height: file.readUInt32BE(20), samples: type === 0 ? 1 : 3, data };
}

function write(document: PdfDocument, png: Png, more: Readonly<Record<string, unknown>>): PdfReference {
  const { width, height, samples, data } = png;
  const made = document.ref({
    Type: 'XObject',
    Subtype: 'Image',
    Width: width,
    Height: height,
    BitsPerComponent: 8,
    ColorSpace: samples === 1 ? 'DeviceGray' : 'DeviceRGB',
    Filter: 'FlateDecode',
    // The filters of PNG, a byte before each row (ISO 32000-1, table 8 and 7.4.4.4).
    DecodeParms: { Predictor: 15, Colors: samples, BitsPerComponent: 8, Columns: width },
    ...more,
  });
  for (const piece of data) made.write(piece);
  made.end();
  return made;
}

/** A picture of PNG files, in the place of pdfkit's own, which unpacks one with transparency in memory. */
export class EmbeddedPicture implements PdfImage {
  readonly label: string;
  readonly width: number;
  readonly height: number;
  /** Of EXIF; pdfkit turns the picture where it is drawn. */
  readonly orientation: number;
  obj: object | null = null;
  readonly #file: PngFile;

  constructor(label: string, file: PngFile) {
    this.label = label;
    this.width = file.width;
    this.height = file.height;
    this.orientation = file.orientation;
    this.#file = file;
  }

  embed(document: PdfDocument): void {
    if (this.obj !== null) return;
    const { color, alpha } = this.#file;
    const mask = alpha === undefined ? {} : { SMask: write(document, readPng(alpha), {}) };
    this.obj = write(document, readPng(color), mask);
  }
}
