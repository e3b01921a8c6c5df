import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Pdfium, startPdfium } from '../../src/render/kinds/pdf-tools/pdfium.js';
import { loadPdfiumProgram } from '../../src/render/kinds/pdf-tools/pdfium-engine.js';

/** What readers make of a file: PDFium in this process, and poppler as programs. */

export interface Look {
  readonly text: string;
  /** Pixels by bytes. */
  readonly data: Buffer;
}

/** Documents that one instance reads; its memory only grows. */
const documentsEach = 100;

/** PDFium, an instance for many documents. */
export class Viewer {
  #program: ReturnType<typeof loadPdfiumProgram> | undefined;
  #pdfium: Pdfium | undefined;
  #opened = 0;

  /** The pages of a file, `across` pixels wide. */
  async looks(pdf: Uint8Array, across: number): Promise<readonly Look[]> {
    this.#program ??= loadPdfiumProgram();
    if (this.#opened++ % documentsEach === 0) this.#pdfium = undefined;
    this.#pdfium ??= await startPdfium(await this.#program, 2 ** 30, () => undefined);
    const document = this.#pdfium.open(pdf, '');
    try {
      return Array.from({ length: document.pageCount }, (_, i) =>
        document.withPage(i, (page) => ({
          text: page.text(),
          data: page.raster(across, Math.max(1, Math.round((across * page.height) / page.width))).data,
        })),
      );
    } finally {
      document.close();
    }
  }
}

function withFile<T>(pdf: Uint8Array, use: (path: string, folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'inkwire-same-'));
  try {
    const path = join(folder, 'in.pdf');
    writeFileSync(path, pdf);
    return use(path, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Poppler orders words that stand over each other by a millionth of a point. */
export function popplerWords(pdf: Uint8Array): string {
  const text = withFile(pdf, (path) => execFileSync('pdftotext', ['-raw', path, '-'], { encoding: 'utf8' }));
  return text.split(/\s+/).sort().join(' ');
}

/** Pages as poppler draws them, of whose pixels not one may differ. */
export function popplerPages(pdf: Uint8Array, resolution: number): Buffer[] {
  return withFile(pdf, (path, folder) => {
    execFileSync('pdftoppm', ['-r', String(resolution), path, join(folder, 'page')]);
    const files = readdirSync(folder).filter((name) => name.endsWith('.ppm'));
    return files.sort().map((name) => readFileSync(join(folder, name)));
  });
}
