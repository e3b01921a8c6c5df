import { PDFDocument } from '@cantoo/pdf-lib';
import { type Bookmark, placeBookmarks, writeBookmarks } from './bookmarks.js';
import { createFormOutput, writeForm } from './form-fields.js';
import { type CopyLosses, type CopyOptions, copyPages } from './page-copy.js';
import type { SourceDocument, SourcePage } from './pdf-document.js';

/** A document being put together from pages of others. */
export interface PdfOutput {
  /** Copies `pages` of `source` to the end, the bookmarks that lead to them, and the fields that are on them. */
  append(source: SourceDocument, pages: readonly SourcePage[], onPage: () => void): CopyLosses;
  save(): Promise<Uint8Array>;
}

export async function createPdfOutput(fields: CopyOptions['fields']): Promise<PdfOutput> {
  const document = await PDFDocument.create({ updateMetadata: false });
  document.setProducer('Inkwire');
  const bookmarks: Bookmark[] = [];
  const form = createFormOutput(document.context);
  return {
    append(source, pages, onPage) {
      const { placed, losses } = copyPages(source, pages, document, { form, fields, onPage });
      for (const bookmark of placeBookmarks(source.outline.bookmarks, placed)) bookmarks.push(bookmark);
      return losses;
    },
    async save() {
      writeBookmarks(document, bookmarks);
      writeForm(form, document.catalog);
      return document.save({
        addDefaultPage: false,
        updateFieldAppearances: false,
        objectsPerTick: Number.POSITIVE_INFINITY,
      });
    },
  };
}
