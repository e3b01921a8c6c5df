import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { prepareZXingModule, type ReadInputBarcodeFormat, readBarcodes } from 'zxing-wasm/reader';

/** Pages as pictures, and two readers of codes that share no line: zbar and ZXing. */

function inFolder<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'inkwire-codes-'));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Every page as grey PNG, by poppler. */
export function pageImages(pdf: Uint8Array, dpi: number): Buffer[] {
  return imagesOf(pdf, dpi, ['-gray']);
}

/** The same in colour. */
export function colourImages(pdf: Uint8Array, dpi: number): Buffer[] {
  return imagesOf(pdf, dpi, []);
}

function imagesOf(pdf: Uint8Array, dpi: number, flags: readonly string[]): Buffer[] {
  return inFolder((folder) => {
    writeFileSync(join(folder, 'in.pdf'), pdf);
    execFileSync('pdftoppm', [
      '-png',
      ...flags,
      '-r',
      String(dpi),
      join(folder, 'in.pdf'),
      join(folder, 'page'),
    ]);
    return readdirSync(folder)
      .filter((name) => name.endsWith('.png'))
      .sort()
      .map((name) => readFileSync(join(folder, name)));
  });
}

/** What zbar finds in a picture. */
export function readWithZbar(png: Uint8Array): string[] {
  return inFolder((folder) => {
    const path = join(folder, 'page.png');
    writeFileSync(path, png);
    try {
      const found = execFileSync('zbarimg', ['--quiet', '--raw', '-Supca.enable', path], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      return found.split('\n').filter((line) => line !== '');
    } catch (error) {
      // An exit code of 4 says that there is no code in the picture.
      if (error instanceof Error && 'status' in error && error.status === 4) return [];
      throw error;
    }
  });
}

let prepared = false;

/** What ZXing finds in a picture. */
/** @param formats what may be there; all that the reader knows when left out */
export async function readWithZxing(
  png: Uint8Array,
  formats: readonly ReadInputBarcodeFormat[] = [],
): Promise<string[]> {
  if (!prepared) {
    // The package would load its program from the net.
    const wasm = readFileSync(createRequire(import.meta.url).resolve('zxing-wasm/reader/zxing_reader.wasm'));
    prepareZXingModule({ overrides: { wasmBinary: Uint8Array.from(wasm).buffer } });
    prepared = true;
  }
  const found = await readBarcodes(Uint8Array.from(png), {
    tryHarder: true,
    maxNumberOfSymbols: 4,
    formats: [...formats],
  });
  return found.filter(({ isValid }) => isValid).map(({ text }) => text);
}

export interface Ink {
  /** Millimetres from the upper left corner of the page. */
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The box around all that is dark on a page. */
export async function inkOf(png: Uint8Array, dpi: number): Promise<Ink> {
  const { data, info } = await sharp(png).greyscale().raw().toBuffer({ resolveWithObject: true });
  let [left, top, right, bottom] = [info.width, info.height, -1, -1];
  for (let y = 0; y < info.height; y++) {
    for (let x = 0; x < info.width; x++) {
      if ((data[(y * info.width + x) * info.channels] ?? 255) > 128) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  }
  const mm = (pixels: number) => (pixels / dpi) * 25.4;
  return { left: mm(left), top: mm(top), width: mm(right + 1 - left), height: mm(bottom + 1 - top) };
}
