import { type LoadOptions, PDFArray, PDFDict, PDFDocument, PDFName, PDFRef } from '@cantoo/pdf-lib';
import { RenderFailure } from '../../kind.js';
import { type Outline, readOutline } from './bookmarks.js';
import { createDestinationResolver, type ResolveDestination } from './destinations.js';
import { pdfLimits } from './limits.js';
import { type PageLabel, readPageLabels } from './page-labels.js';
import { isTruncated, pdfFailure } from './pdf-failure.js';
import { withUnpackBound } from './unpack-bound.js';

/** A page of a source document with what its ancestors hand down to it. */
export interface SourcePage {
  readonly ref: PDFRef;
  readonly dict: PDFDict;
  /** `Resources`, `MediaBox`, `CropBox`, `Rotate` where the page itself has none. */
  readonly inherited: PDFDict;
  /** From 0. */
  readonly index: number;
}

export interface SourceDocument {
  readonly document: PDFDocument;
  readonly pages: readonly SourcePage[];
  /** It opened with the empty password; what is made of it is not encrypted. */
  readonly wasEncrypted: boolean;
  readonly resolve: ResolveDestination;
  readonly outline: Outline;
  /** By the index of a page. */
  readonly labels: readonly (PageLabel | undefined)[];
}

/** Opens a PDF for copying. Rejects with `RenderFailure` at `pointer` for every way in which the file can be unfit. `onHeavy`: it took much memory. */
export async function openPdf(file: Buffer, pointer: string, onHeavy: () => void): Promise<SourceDocument> {
  if (isTruncated(file)) throw pdfFailure({ is: 'truncated' }, pointer);
  const options = { ignoreEncryption: true, updateMetadata: false, parseSpeed: Number.POSITIVE_INFINITY };
  let document = await load(file, options, pointer, onHeavy).catch((error: unknown) => {
    throw error instanceof RenderFailure ? error : broken(error, pointer);
  });
  const wasEncrypted = document.isEncrypted;
  if (wasEncrypted) {
    document = await load(file, { ...options, password: '' }, pointer, onHeavy).catch((error: unknown) => {
      throw error instanceof RenderFailure ? error : pdfFailure({ is: 'encrypted' }, pointer);
    });
  }
  const pages = readPages(document, pointer);
  if (pages.length === 0) throw pdfFailure({ is: 'empty' }, pointer);
  const resolve = createDestinationResolver(document);
  const outline = readOutline(document, resolve, pdfLimits.bookmarks);
  const labels = readPageLabels(document, pages.length);
  return { document, pages, wasEncrypted, resolve, outline, labels };
}

async function load(
  file: Buffer,
  options: LoadOptions,
  pointer: string,
  onHeavy: () => void,
): Promise<PDFDocument> {
  const { unpackedBytes } = pdfLimits;
  const read = await withUnpackBound(unpackedBytes, () => PDFDocument.load(file, options));
  if (!read.isExceeded) return read.value;
  onHeavy();
  throw pdfFailure({ is: 'too-heavy', limitMb: unpackedBytes / 2 ** 20 }, pointer);
}

/** What an engine throws while it reads a file says something about the file. */
export function broken(error: unknown, pointer: string) {
  const detail = error instanceof Error ? error.message : String(error);
  return pdfFailure({ is: 'broken', detail: detail.slice(0, 200) }, pointer);
}

const inheritable = ['Resources', 'MediaBox', 'CropBox', 'Rotate'].map((name) => PDFName.of(name));

interface Node {
  readonly ref: PDFRef;
  readonly inherited: PDFDict;
}

/**
 * Pages in reading order. The library's own walk recurses without end on a tree that contains itself and passes over
 * kids that are missing; here the first is broken and so is the second.
 */
function readPages(document: PDFDocument, pointer: string): readonly SourcePage[] {
  const { context } = document;
  const fail = (detail: string) => pdfFailure({ is: 'broken', detail }, pointer);
  // The type says that there is a catalog; a broken file has none, or something else in its place.
  const catalog: unknown = document.catalog;
  const root = catalog instanceof PDFDict ? catalog.get(PDFName.of('Pages')) : undefined;
  if (!(root instanceof PDFRef)) throw fail('it has no page tree');
  const pages: SourcePage[] = [];
  const seen = new Set<PDFRef>();
  const waiting: Node[] = [{ ref: root, inherited: PDFDict.withContext(context) }];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (seen.has(node.ref)) throw fail('its page tree contains a node twice');
    seen.add(node.ref);
    const dict = context.lookup(node.ref);
    if (!(dict instanceof PDFDict)) throw fail('a page is missing');
    const kids = context.lookup(dict.get(PDFName.of('Kids')));
    if (kids instanceof PDFArray) {
      const inherited = handDown(dict, node.inherited);
      for (const kid of kids.asArray().reverse()) {
        if (!(kid instanceof PDFRef)) throw fail('its page tree holds something that is no page');
        waiting.push({ ref: kid, inherited });
      }
    } else {
      pages.push({ ref: node.ref, dict, inherited: node.inherited, index: pages.length });
      if (pages.length > pdfLimits.pages) {
        throw pdfFailure({ is: 'too-long', pages: pages.length, limit: pdfLimits.pages }, pointer);
      }
    }
  }
  return pages;
}

function handDown(dict: PDFDict, inherited: PDFDict): PDFDict {
  const own = PDFDict.withContext(dict.context);
  for (const key of inheritable) {
    const value = dict.get(key) ?? inherited.get(key);
    if (value !== undefined) own.set(key, value);
  }
  return own;
}
