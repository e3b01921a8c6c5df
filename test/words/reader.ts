import { type Pdfium, startPdfium } from '../../src/render/kinds/pdf-tools/pdfium.js';
import { loadPdfiumProgram } from '../../src/render/kinds/pdf-tools/pdfium-engine.js';
import { rgbaOf } from '../render/rgba.js';
import { colors } from './pictures.js';

/** What a reader sees of a document. Millimetres from the upper left corner, pixels of `perMm`. */

export interface Letter {
  readonly text: string;
  readonly page: number;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface Sheet {
  readonly width: number;
  readonly height: number;
  readonly picture: Picture | undefined;
}

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Buffer;
}

export interface Read {
  readonly sheets: readonly Sheet[];
  /** In the order in which they are drawn, white space left out, composed with their marks. */
  readonly letters: readonly Letter[];
}

/** Documents that one instance reads; its memory only grows. */
const documentsEach = 100;

export class Reader {
  #program: ReturnType<typeof loadPdfiumProgram> | undefined;
  #pdfium: Pdfium | undefined;
  #read = 0;

  /** With pictures when `perMm` is above 0. */
  async read(pdf: Uint8Array, perMm: number): Promise<Read> {
    this.#program ??= loadPdfiumProgram();
    if (this.#read++ % documentsEach === 0) this.#pdfium = undefined;
    this.#pdfium ??= await startPdfium(await this.#program, 2 ** 30, () => undefined);
    const document = this.#pdfium.open(pdf, '');
    const letters: Letter[] = [];
    try {
      const sheets = Array.from({ length: document.pageCount }, (_, number) =>
        document.withPage(number, (page): Sheet => {
          for (const { text, box } of page.glyphs()) {
            const last = letters.at(-1);
            if (/^\p{M}/u.test(text) && last !== undefined)
              letters[letters.length - 1] = { ...last, text: (last.text + text).normalize('NFC') };
            else if (box !== undefined && text.trim() !== '')
              letters.push({ text: text.normalize('NFC'), page: number, ...box });
          }
          const [width, height] = [Math.round(page.width * perMm), Math.round(page.height * perMm)];
          const picture = perMm > 0 ? rgbaOf(page.raster(width, height)) : undefined;
          return { width: page.width, height: page.height, picture };
        }),
      );
      return { sheets, letters: letters.filter((letter, i) => !endsLine(letter, letters[i + 1])) };
    } finally {
      document.close();
    }
  }
}

/** A hyphen where a word is broken. */
function endsLine({ text, page, top, bottom }: Letter, next: Letter | undefined): boolean {
  if (text !== '-' && text !== '\u2010' && text !== '\u00ad') return false;
  return next === undefined || next.page !== page || Math.abs(next.top - top) > (bottom - top) / 2;
}

const levels = 16;
const near = 44;

/** Number of the colour by the upper four bits of each channel, or -1. */
const colorTable = Int8Array.from({ length: levels ** 3 }, (_, key) => {
  const channels = [key >> 8, (key >> 4) & 15, key & 15].map((level) => level * 16 + 8);
  return colors.findIndex((color) =>
    channels.every(
      (value, i) => Math.abs(value - Number.parseInt(color.slice(1 + 2 * i, 3 + 2 * i), 16)) < near,
    ),
  );
});

export interface Spot {
  readonly page: number;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly pixels: number;
}

/** Where each colour is seen, on the page that has most of it. Pixels. */
export function spotsOf({ sheets }: Read): ReadonlyMap<string, Spot> {
  const best = new Map<string, Spot>();
  for (const [page, { picture }] of sheets.entries()) {
    if (picture === undefined) continue;
    const { width, data } = picture;
    const found = colors.map(() => ({ left: width, top: -1, right: -1, bottom: -1, pixels: 0 }));
    for (let i = 0, at = 0; at < data.length; i++, at += 4) {
      const red = data[at] ?? 0;
      const green = data[at + 1] ?? 0;
      const blue = data[at + 2] ?? 0;
      // Most of a page is white, or grey.
      if (red === green && green === blue) continue;
      const spot = found[colorTable[((red >> 4) << 8) | ((green >> 4) << 4) | (blue >> 4)] ?? -1];
      if (spot === undefined) continue;
      const [x, y] = [i % width, Math.floor(i / width)];
      if (spot.top < 0) spot.top = y;
      spot.bottom = y;
      spot.left = Math.min(spot.left, x);
      spot.right = Math.max(spot.right, x);
      spot.pixels++;
    }
    for (const [index, spot] of found.entries()) {
      const color = colors[index] ?? '';
      if (spot.pixels > (best.get(color)?.pixels ?? 0)) best.set(color, { page, ...spot });
    }
  }
  return best;
}

/** Whether something is drawn in the box of these letters. */
export function hasInk({ sheets }: Read, letters: readonly Letter[], perMm: number): boolean {
  return letters.some(({ page, left, top, right, bottom }) => {
    const picture = sheets[page]?.picture;
    if (picture === undefined) return true;
    let [least, most] = [255, 0];
    for (let y = Math.max(0, Math.floor(top * perMm)); y < Math.min(picture.height, bottom * perMm); y++) {
      for (let x = Math.max(0, Math.floor(left * perMm)); x < Math.min(picture.width, right * perMm); x++) {
        const value = picture.data[(y * picture.width + x) * 4 + 1] ?? 255;
        least = Math.min(least, value);
        most = Math.max(most, value);
      }
    }
    // A watermark is a light grey.
    return most - least > 8 || most < 200;
  });
}
