import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect } from 'vitest';
import { PdfiumBound } from '../../../src/render/kinds/pdf-tools/pdfium-bound.js';
import {
  allocate,
  loadPdfiumProgram,
  startEngine,
} from '../../../src/render/kinds/pdf-tools/pdfium-engine.js';
import { pagePicture } from '../../../src/render/kinds/pdf-tools/thumbnail.js';
import { inspect, without } from '../document-fixture.js';
import { qpdf, withoutQpdf } from '../pdf-tools-fixture.js';

/** Four readers that share no line: qpdf, Poppler, PDFium, and Ghostscript where a machine has it. */

export const noReaders = without('pdftotext', 'pdftoppm') || withoutQpdf;
const hasGhostscript = spawnSync('gs', ['--version']).error === undefined;

let program: ReturnType<typeof loadPdfiumProgram> | undefined;

/** A page as PDFium shows it. */
export async function pdfiumImage(pdf: Uint8Array, width: number, page = 1): Promise<Buffer> {
  program ??= loadPdfiumProgram();
  return (await pagePicture(await program, pdf, { page, width, heavy: () => undefined })).png;
}

/** The first page as PDFium prints it. */
export async function printedImage(pdf: Uint8Array, width: number): Promise<Buffer> {
  program ??= loadPdfiumProgram();
  const engine = await startEngine(await program, new PdfiumBound(1 << 28, () => undefined));
  const memory = allocate(engine, pdf.length);
  engine.pdfium.HEAPU8.set(pdf, memory);
  const document = engine.FPDF_LoadMemDocument(memory, pdf.length, '');
  const page = engine.FPDF_LoadPage(document, 0);
  const height = Math.round((width * engine.FPDF_GetPageHeightF(page)) / engine.FPDF_GetPageWidthF(page));
  const bitmap = engine.FPDFBitmap_Create(width, height, 0);
  engine.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, 0xffffffff);
  const [annotations, printing] = [0x01, 0x800];
  engine.FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, annotations | printing);
  const at = engine.FPDFBitmap_GetBuffer(bitmap);
  const data = Buffer.from(engine.pdfium.HEAPU8.slice(at, at + width * height * 4));
  // Blue comes first.
  for (let i = 0; i < data.length; i += 4) [data[i], data[i + 2]] = [data[i + 2] ?? 0, data[i] ?? 0];
  return sharp(data, { raw: { width, height, channels: 4 } })
    .removeAlpha()
    .png()
    .toBuffer();
}

/** Pictures of the files that were looked at last: most are checked, and then held against others. */
const shown = new Map<string, readonly Buffer[]>();
const mostShown = 8;

/** Pages as Poppler shows them. */
export function popplerImages(pdf: Uint8Array, dpi = 72): readonly Buffer[] {
  const key = `${createHash('sha256').update(pdf).digest('hex')} ${dpi}`;
  const known = shown.get(key) ?? drawnByPoppler(pdf, dpi);
  shown.delete(key);
  shown.set(key, known);
  const [oldest] = shown.keys();
  if (shown.size > mostShown && oldest !== undefined) shown.delete(oldest);
  return known;
}

function drawnByPoppler(pdf: Uint8Array, dpi: number): readonly Buffer[] {
  const folder = mkdtempSync(join(tmpdir(), 'inkwire-pages-'));
  try {
    writeFileSync(join(folder, 'in.pdf'), pdf);
    const options = ['-png', '-cropbox', '-r', String(dpi), 'in.pdf', 'page'];
    execFileSync('pdftoppm', options, { cwd: folder, stdio: 'ignore' });
    const names = readdirSync(folder).filter((name) => name.endsWith('.png'));
    return names.sort().map((name) => readFileSync(join(folder, name)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function ghostscriptImage(pdf: Uint8Array): Buffer | undefined {
  if (!hasGhostscript) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'inkwire-gs-'));
  try {
    writeFileSync(join(folder, 'in.pdf'), pdf);
    const flags = [
      '-q',
      '-dBATCH',
      '-dNOPAUSE',
      '-dSAFER',
      '-sDEVICE=png16m',
      '-r72',
      '-dLastPage=1',
      '-dUseCropBox',
    ];
    const ran = spawnSync(
      'gs',
      [...flags, '-dTextAlphaBits=4', '-dGraphicsAlphaBits=4', '-sOutputFile=out.png', 'in.pdf'],
      {
        cwd: folder,
      },
    );
    // What it cannot draw of a field that has no picture, such as a signature that nobody is to see, is no fault of the file.
    const told = `${ran.stdout}${ran.stderr}`.replace(
      /^WARNING: AcroForm field .* with no AP not implemented.*\n+/gm,
      '',
    );
    expect(told).toBe('');
    return readFileSync(join(folder, 'out.png'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Squares of a picture, so large that the shapes of letters do not matter and their places do. */
async function squares(png: Uint8Array, width: number, height: number): Promise<Buffer> {
  return sharp(png)
    .flatten({ background: '#fff' })
    .greyscale()
    .resize(Math.ceil(width / 6), Math.ceil(height / 6), { fit: 'fill', kernel: 'linear' })
    .raw()
    .toBuffer();
}

/**
 * Sound for qpdf, and shown alike by Poppler and PDFium, and by Ghostscript where there is one: ink that one of them does
 * not draw, or elsewhere, is seen.
 */
export async function checked(pdf: Uint8Array): Promise<void> {
  const { status, text: told } = qpdf(['--check', 'in.pdf'], pdf);
  expect(status, told).toBe(0);
  const [poppler] = popplerImages(pdf);
  const { width, height } = await sharp(poppler).metadata();
  const others = [await pdfiumImage(pdf, width), ghostscriptImage(pdf)];
  const own = await squares(poppler ?? Buffer.alloc(0), width, height);
  for (const other of others) {
    if (other === undefined) continue;
    const found = await squares(other, width, height);
    const apart = own.filter((value, at) => Math.abs(value - (found[at] ?? 0)) > 90).length;
    expect(apart, 'squares that two readers show differently').toBeLessThan(4);
  }
}

/** The text of all pages as Poppler reads it. */
export function textOf(pdf: Uint8Array): string {
  return inspect(pdf, 'pdftotext', '-layout', '{}', '-');
}

/** Checked by all; answers its text. */
export async function read(pdf: Uint8Array): Promise<string> {
  await checked(pdf);
  return textOf(pdf);
}

/** Pixels that differ plainly, of all pages. */
export async function differing(before: Uint8Array, after: Uint8Array, plainly = 60): Promise<number> {
  const [one, other] = await Promise.all([before, after].map((pdf) => popplerImages(pdf)));
  let count = 0;
  for (const [index, picture] of (one ?? []).entries()) {
    const [left, right] = await Promise.all(
      [picture, other?.[index]].map((png) => sharp(png).greyscale().raw().toBuffer()),
    );
    count += left?.filter((value, at) => Math.abs(value - (right?.[at] ?? 0)) > plainly).length ?? 0;
  }
  return count + (one?.length === other?.length ? 0 : 1_000_000);
}

/** Pixels that are plainly red on the first page. */
export async function red(png: Uint8Array): Promise<number> {
  const pixels = await sharp(png).removeAlpha().toColourspace('srgb').raw().toBuffer();
  let count = 0;
  for (let i = 0; i < pixels.length; i += 3) if ((pixels[i] ?? 0) > 200 && (pixels[i + 1] ?? 0) < 60) count++;
  return count;
}
