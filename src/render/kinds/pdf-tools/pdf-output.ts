import { PDFDict, PDFDocument, PDFHexString, PDFName, PDFString } from '@cantoo/pdf-lib';
import { type Bookmark, placeBookmarks, writeBookmarks } from './bookmarks.js';
import { createFormOutput, writeForm } from './form-fields.js';
import { Layers } from './layers.js';
import { type CopyLosses, type CopyOptions, copyPages } from './page-copy.js';
import { type PageLabel, writePageLabels } from './page-labels.js';
import type { SourceDocument, SourcePage } from './pdf-document.js';

/** A document being put together from pages of others. */
export interface PdfOutput {
  /**
   * Copies `pages` of `source` to the end, and what the document says of them: bookmarks that lead to them, fields on
   * them, their layers and labels. Title, author, subject and keywords are those of the first source.
   */
  append(source: SourceDocument, pages: readonly SourcePage[], onPage: () => void): CopyLosses;
  save(): Promise<Uint8Array>;
}

export async function createPdfOutput(fields: CopyOptions['fields']): Promise<PdfOutput> {
  const document = await PDFDocument.create({ updateMetadata: false });
  document.setProducer('Inkwire');
  const bookmarks: Bookmark[] = [];
  const labels: (PageLabel | undefined)[] = [];
  const form = createFormOutput(document.context);
  const layers = new Layers(document);
  return {
    append(source, pages, onPage) {
      if (labels.length === 0) describe(document, source.document);
      const { placed, placeOf, losses } = copyPages(source, pages, document, { form, fields, onPage });
      for (const bookmark of placeBookmarks(source.outline.bookmarks, placed)) bookmarks.push(bookmark);
      for (const { index } of pages) labels.push(source.labels[index]);
      layers.append(source.document, placeOf);
      return losses;
    },
    async save() {
      writeBookmarks(document, bookmarks);
      writePageLabels(document, labels);
      writeForm(form, document.catalog);
      layers.write();
      return document.save({
        addDefaultPage: false,
        updateFieldAppearances: false,
        objectsPerTick: Number.POSITIVE_INFINITY,
      });
    },
  };
}

function describe(document: PDFDocument, source: PDFDocument): void {
  const info = source.context.lookup(source.context.trailerInfo.Info);
  if (!(info instanceof PDFDict)) return;
  const own = document.context.lookup(document.context.trailerInfo.Info, PDFDict);
  for (const key of ['Title', 'Author', 'Subject', 'Keywords'].map((text) => PDFName.of(text))) {
    const value = source.context.lookup(info.get(key));
    const text = value instanceof PDFString || value instanceof PDFHexString ? value.decodeText().trim() : '';
    if (text !== '') own.set(key, PDFHexString.fromText(text));
  }
}
