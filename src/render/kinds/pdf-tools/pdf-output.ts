import { PDFDict, PDFDocument, PDFName } from '@cantoo/pdf-lib';
import type { RunContext } from '../../kind.js';
import { type Bookmark, placeBookmarks, writeBookmarks } from './bookmarks.js';
import { copyPages } from './page-copy.js';
import type { SourceDocument, SourcePage } from './pdf-document.js';

/** A document being put together from pages of others. */
export interface PdfOutput {
  /** Copies `pages` of `source` to the end, and the bookmarks that lead to them. */
  append(source: SourceDocument, pages: readonly SourcePage[], onPage: () => void): void;
  save(): Promise<Uint8Array>;
}

export async function createPdfOutput(): Promise<PdfOutput> {
  const document = await PDFDocument.create({ updateMetadata: false });
  document.setProducer('Inkwire');
  const bookmarks: Bookmark[] = [];
  return {
    append(source, pages, onPage) {
      const placed = copyPages(source, pages, document, onPage);
      for (const bookmark of placeBookmarks(source.outline.bookmarks, placed)) bookmarks.push(bookmark);
    },
    async save() {
      writeBookmarks(document, bookmarks);
      return document.save({
        addDefaultPage: false,
        updateFieldAppearances: false,
        objectsPerTick: Number.POSITIVE_INFINITY,
      });
    },
  };
}

/** Says what copies of a document's pages lack, once per document. */
export function warnOfLosses(source: SourceDocument, pointer: string, context: RunContext): void {
  const { catalog, context: objects } = source.document;
  if (source.wasEncrypted) {
    context.warn({
      code: 'encryption_removed',
      message: 'the result is not encrypted, this file was',
      pointer,
    });
  }
  if (objects.lookup(catalog.get(PDFName.of('AcroForm'))) instanceof PDFDict) {
    context.warn({
      code: 'form_lost',
      message: 'form fields keep their look but cannot be filled any more',
      pointer,
    });
  }
  if (!source.outline.complete) {
    context.warn({
      code: 'bookmarks_lost',
      message: 'there are too many bookmarks; some were left out',
      pointer,
    });
  }
}
