import { readFile } from 'node:fs/promises';
import { pdfLimits } from '../../pdf-tools/limits.js';
import { type PdfiumDocument, startPdfium } from '../../pdf-tools/pdfium.js';
import { loadPdfiumProgram } from '../../pdf-tools/pdfium-engine.js';
import { encode, placeholderOf } from './encode.js';

export interface PdfToOpen {
  /** Of a file that never changes: the same path is the same file. */
  readonly path: string;
  readonly password?: string;
  /** For failures. */
  readonly pointer: string;
  /** Called when much memory was taken. */
  readonly onHeavy: () => void;
}

interface Kept {
  readonly key: string;
  readonly document: PdfiumDocument;
  uses: number;
  onHeavy: () => void;
}

/** For the next chunk of the document, or the next page that somebody looks at. */
const keptMs = 1_000;
const practiceMs = 10_000;
/** Text and a line, which most pages have; without a cross-reference, which the engine finds out by itself. */
const smallPage = Buffer.from(`%PDF-1.7
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Resources<</Font<</F 4 0 R>>>>/Contents 5 0 R>>endobj
4 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
5 0 obj<</Length 54>>stream
BT /F 12 Tf 9 70 Td (A page.) Tj ET 9 50 m 90 50 l S  
endstream endobj
trailer<</Root 1 0 R/Size 6>>
%%EOF`);
/** The engine keeps what it has read of each page, some KiB: a document of thousands is opened anew now and then. */
const mostUses = 500;

/**
 * Opens PDFs for one thread, one at a time. The last document stays open for a moment, in its own instance of the
 * engine: another file gets another one.
 */
export class PdfFiles {
  #kept: Kept | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** Has the program of the engine ahead of the first file. */
  async warm(): Promise<void> {
    await loadPdfiumProgram();
  }

  /** Has the engine, and what encodes pictures, quick ahead of the first file: draws a small page for nobody. */
  async practise(): Promise<void> {
    const pdfium = await startPdfium(
      await loadPdfiumProgram(),
      pdfLimits.pictureMemoryBytes,
      () => undefined,
    );
    const document = pdfium.open(smallPage, '');
    const drawn = document.draw(0, () => ({ width: 200, height: 200 }), practiceMs);
    await Promise.all([encode(drawn, 'png', 85), placeholderOf(drawn)]);
    drawn.release();
    document.close();
  }

  /** The document is the caller's until `giveBack`. Rejects with `RenderFailure` for what the engine does not open. */
  async open({ path, password = '', pointer, onHeavy }: PdfToOpen): Promise<PdfiumDocument> {
    const key = `${path} ${password}`;
    clearTimeout(this.#timer);
    const kept = this.#kept;
    if (kept?.key === key && kept.uses < mostUses) {
      kept.uses += 1;
      kept.onHeavy = onHeavy;
      return kept.document;
    }
    this.#drop();
    const [program, file] = await Promise.all([loadPdfiumProgram(), readFile(path)]);
    const heavy = { onHeavy };
    const pdfium = await startPdfium(program, pdfLimits.pictureMemoryBytes, () => heavy.onHeavy());
    const document = pdfium.open(file, pointer, password);
    this.#kept = Object.assign(heavy, { key, document, uses: 1 });
    return document;
  }

  /** @param isSpoilt a page has failed: nothing of the document may be asked any more */
  giveBack({ isSpoilt = false } = {}): void {
    clearTimeout(this.#timer);
    if (isSpoilt) this.#drop();
    else this.#timer = setTimeout(() => this.#drop(), keptMs).unref();
  }

  #drop(): void {
    this.#kept?.document.close();
    this.#kept = undefined;
  }
}
