import { readFile } from 'node:fs/promises';
import { pdfLimits } from '../../pdf-tools/limits.js';
import { type PdfiumDocument, startPdfium } from '../../pdf-tools/pdfium.js';
import { loadPdfiumProgram } from '../../pdf-tools/pdfium-engine.js';

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
/** The engine keeps what it has read of each page, some KiB: a document of thousands is opened anew now and then. */
const mostUses = 500;

/**
 * Opens PDFs for one thread, one at a time. The last document stays open for a moment, in its own instance of the
 * engine: another file gets another one.
 */
export class PdfFiles {
  #kept: Kept | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** Has the engine ready ahead of the first file. */
  async warm(): Promise<void> {
    await loadPdfiumProgram();
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
