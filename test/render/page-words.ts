import { type Pdfium, startPdfium } from '../../src/render/kinds/pdf-tools/pdfium.js';
import { loadPdfiumProgram } from '../../src/render/kinds/pdf-tools/pdfium-engine.js';
import type { PdfiumPage } from '../../src/render/kinds/pdf-tools/pdfium-page.js';
import { rgbaOf } from './rgba.js';

/** What PDFium finds on the pages of a PDF. Lengths are millimetres from the upper left corner. */

export interface Word {
  readonly text: string;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface ReadPage {
  readonly width: number;
  readonly height: number;
  readonly words: readonly Word[];
  /** The words with one space between two. */
  readonly text: string;
}

function wordsOf(page: PdfiumPage): Word[] {
  const words: Word[] = [];
  let word: Word | undefined;
  for (const { text, box } of page.glyphs()) {
    if (box === undefined || text.trim() === '') {
      word = undefined;
      continue;
    }
    // A glyph that stands elsewhere begins a word: there is no space between two cells.
    const apart = word !== undefined && (box.left - word.right > 1 || Math.abs(box.top - word.top) > 1.5);
    if (word === undefined || apart) {
      word = { text, ...box };
      words.push(word);
      continue;
    }
    word = {
      text: word.text + text,
      left: Math.min(word.left, box.left),
      top: Math.min(word.top, box.top),
      right: Math.max(word.right, box.right),
      bottom: Math.max(word.bottom, box.bottom),
    };
    words[words.length - 1] = word;
  }
  return words;
}

let program: ReturnType<typeof loadPdfiumProgram> | undefined;

async function started(): Promise<Pdfium> {
  program ??= loadPdfiumProgram();
  return startPdfium(await program, 2 ** 30, () => undefined);
}

export async function readPages(pdf: Uint8Array): Promise<ReadPage[]> {
  const document = (await started()).open(pdf, '');
  try {
    return Array.from({ length: document.pageCount }, (_, index) =>
      document.withPage(index, (page) => {
        const words = wordsOf(page);
        const text = words.map((word) => word.text).join(' ');
        return { width: page.width, height: page.height, words, text };
      }),
    );
  } finally {
    document.close();
  }
}

/** A page as a picture, RGBA. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Buffer;
}

/** The pages as pictures of so many pixels to the millimetre. */
export async function drawPages(pdf: Uint8Array, perMm: number): Promise<Pixels[]> {
  const document = (await started()).open(pdf, '');
  try {
    return Array.from({ length: document.pageCount }, (_, index) =>
      document.withPage(index, (page) => {
        const [width, height] = [Math.round(page.width * perMm), Math.round(page.height * perMm)];
        return rgbaOf(page.raster(width, height));
      }),
    );
  } finally {
    document.close();
  }
}

/** Rows (from the top, millimetres) in which at least this share of the width has a colour near this one. */
export function rulesOf(
  { width, height, data }: Pixels,
  perMm: number,
  color: string,
  share: number,
): number[] {
  const wanted = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
  const rows: number[] = [];
  for (let y = 0; y < height; y++) {
    let near = 0;
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 4;
      if (wanted.every((value, i) => Math.abs((data[at + i] ?? 0) - value) < 40)) near++;
    }
    if (near >= width * share) rows.push(y / perMm);
  }
  return rows;
}
