import { createHash } from 'node:crypto';
import {
  type LoadOptions,
  PDFArray,
  PDFDict,
  PDFDocument,
  PDFName,
  PDFNumber,
  type PDFObject,
  PDFPageLeaf,
  PDFRef,
  PDFStream,
} from '@cantoo/pdf-lib';
import { withUnpackBound } from '../../pdf-tools/unpack-bound.js';
import type { Message } from './program.js';
import { maxUnpackedBytes, type SourceLimits, sourceLimits } from './source-limits.js';

/** The PDF that rows are filled into, opened. */
export interface Source {
  readonly document: PDFDocument;
  readonly pages: readonly SourcePage[];
  /** The file that was read: the caller's, or what a repair has made of it. */
  readonly bytes: Uint8Array;
  /** Of the caller's file. */
  readonly sha256: string;
  /** The largest number of an object in the file. */
  readonly lastObject: number;
  /** What is told once a job. */
  readonly warnings: readonly Message[];
}

export interface SourcePage {
  readonly ref: PDFRef;
  readonly dict: PDFDict;
  /** From 0. */
  readonly index: number;
  /** A value that the page has, or has of the tree above it. */
  entry(key: string): PDFObject | undefined;
}

export type SourceRefusal = {
  readonly refused: 'UNREADABLE_PDF' | 'ENCRYPTED_PDF' | 'XFA_FORM' | 'SOURCE_PDF_TOO_LARGE';
  readonly message: string;
  /** A reader that is less strict may open it. */
  readonly isMendable?: true;
};

const name = (text: string) => PDFName.of(text);
const options: LoadOptions = {
  ignoreEncryption: true,
  updateMetadata: false,
  parseSpeed: Number.POSITIVE_INFINITY,
};

/** Writes a broken file anew; undefined where there is nothing to be made of it. */
export type Repair = (bytes: Uint8Array) => Promise<Uint8Array | undefined>;

/** Opens a PDF for filling, or says by its code why it cannot be filled. */
export async function openSource(
  bytes: Uint8Array,
  repair?: Repair,
  limits: SourceLimits = sourceLimits,
): Promise<Source | SourceRefusal> {
  const { fileBytes, pages } = limits;
  if (bytes.length > fileBytes)
    return refusal('SOURCE_PDF_TOO_LARGE', `the PDF has ${bytes.length} bytes; the limit is ${fileBytes}`);
  const opened = await open(bytes, pages);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (!('refused' in opened)) return { ...opened, bytes, sha256 };
  const isMendable = opened.refused === 'UNREADABLE_PDF' || opened.isMendable === true;
  const repaired = isMendable ? await repair?.(bytes) : undefined;
  if (repaired === undefined) return opened;
  const again = await open(repaired, pages);
  if ('refused' in again) return again.refused === 'UNREADABLE_PDF' ? opened : again;
  const message = 'the PDF was broken and has been repaired: look at what is made of it';
  return { ...again, bytes: repaired, sha256, warnings: [{ code: 'REPAIRED', message }, ...again.warnings] };
}

async function open(
  bytes: Uint8Array,
  mostPages: number,
): Promise<Omit<Source, 'bytes' | 'sha256'> | SourceRefusal> {
  const read = await readDocument(bytes);
  if ('refused' in read) return read;
  const { document } = read;
  const lastObject = document.context.largestObjectNumber;
  const pages = readPages(document, mostPages);
  if (pages.length === 0) return refusal('UNREADABLE_PDF', 'the PDF has no pages');
  if (pages.length > mostPages)
    return refusal('SOURCE_PDF_TOO_LARGE', `the PDF has more than ${mostPages} pages`);
  const xfa = xfaOf(document);
  if (xfa === 'dynamic')
    return refusal('XFA_FORM', 'the PDF is a dynamic XFA form: its pages are made by the viewer');
  const warnings = [...read.warnings];
  if (xfa === 'hybrid') {
    const message = 'the XFA part of the form is left out: viewers show the fields of the PDF itself';
    warnings.push({ code: 'XFA_DROPPED', message });
  }
  return { document, pages, lastObject, warnings };
}

function refusal(refused: SourceRefusal['refused'], message: string): SourceRefusal {
  return { refused, message };
}

async function readDocument(
  bytes: Uint8Array,
): Promise<{ readonly document: PDFDocument; readonly warnings: readonly Message[] } | SourceRefusal> {
  let document: PDFDocument | SourceRefusal;
  try {
    document = await load(bytes, options);
  } catch (error) {
    const reason = error instanceof Error ? error.message.slice(0, 200) : 'it is no PDF';
    return refusal('UNREADABLE_PDF', `the PDF cannot be read: ${reason}`);
  }
  if ('refused' in document) return document;
  if (!document.isEncrypted) return { document, warnings: [] };
  const hasId = document.context.trailerInfo.ID !== undefined;
  try {
    document = await load(bytes, { ...options, password: '' });
  } catch {
    const refused = refusal('ENCRYPTED_PDF', 'the PDF is encrypted: it does not open without a password');
    // The library wants an identifier also where the keys are made without one.
    return hasId ? refused : { ...refused, isMendable: true };
  }
  if ('refused' in document) return document;
  const message = 'the PDF was encrypted; what is made of it is not';
  return { document, warnings: [{ code: 'ENCRYPTION_DROPPED', message }] };
}

async function load(bytes: Uint8Array, given: LoadOptions): Promise<PDFDocument | SourceRefusal> {
  const limit = maxUnpackedBytes;
  const read = await withUnpackBound(limit, () => PDFDocument.load(bytes, given));
  if (!read.isExceeded) return read.value;
  return refusal('SOURCE_PDF_TOO_LARGE', `the PDF unpacks to more than ${limit / 2 ** 20} MiB`);
}

const inheritable = ['Resources', 'MediaBox', 'CropBox', 'Rotate'];

/**
 * Pages in reading order. What is no page is passed over, and so is a node that was there before: a tree that contains
 * itself ends.
 */
function readPages(document: PDFDocument, mostPages: number): readonly SourcePage[] {
  const { context } = document;
  // The type says that there is a catalog; a broken file has none, or something else in its place.
  const catalog: unknown = document.catalog;
  const root = catalog instanceof PDFDict ? catalog.get(name('Pages')) : undefined;
  const pages: SourcePage[] = [];
  const seen = new Set<PDFObject>();
  type Inherited = Readonly<Record<string, PDFObject>>;
  const waiting: { readonly node: PDFObject | undefined; readonly inherited: Inherited }[] = [
    { node: root, inherited: {} },
  ];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node, inherited } = next;
    const dict = context.lookup(node);
    if (node === undefined || !(dict instanceof PDFDict) || seen.has(dict)) continue;
    seen.add(dict);
    const kids = context.lookup(dict.get(name('Kids')));
    const isPage = dict instanceof PDFPageLeaf || dict.get(name('Type')) === name('Page');
    if (kids instanceof PDFArray && !isPage) {
      const own = { ...inherited };
      for (const key of inheritable) {
        const value = dict.get(name(key));
        if (value !== undefined) own[key] = value;
      }
      for (const kid of kids.asArray().toReversed()) waiting.push({ node: kid, inherited: own });
      continue;
    }
    const ref = node instanceof PDFRef ? node : context.register(dict);
    pages.push({ ref, dict, index: pages.length, entry: (key) => dict.get(name(key)) ?? inherited[key] });
    if (pages.length > mostPages) break;
  }
  return pages;
}

/** Dynamic: the pages of the PDF only say that the viewer cannot show it. */
function xfaOf(document: PDFDocument): 'none' | 'hybrid' | 'dynamic' {
  const { context, catalog } = document;
  const form = context.lookup(catalog.get(name('AcroForm')));
  if (!(form instanceof PDFDict) || !form.has(name('XFA'))) return 'none';
  const fields = context.lookup(form.get(name('Fields')));
  const needsRendering = String(context.lookup(catalog.get(name('NeedsRendering')))) === 'true';
  const hasFields = fields instanceof PDFArray && fields.size() > 0;
  return needsRendering || !hasFields ? 'dynamic' : 'hybrid';
}

/** Numbers of an array, as many as are asked for. */
export function numbersOf(
  source: Source,
  object: PDFObject | undefined,
  count: number,
): readonly number[] | undefined {
  const { context } = source.document;
  const array = context.lookup(object);
  if (!(array instanceof PDFArray) || array.size() < count) return undefined;
  const found = array
    .asArray()
    .slice(0, count)
    .map((value) => context.lookup(value));
  return found.every((value) => value instanceof PDFNumber)
    ? found.map((value) => value.asNumber())
    : undefined;
}

/** Left, bottom, right, top. */
export function boxOf(
  source: Source,
  object: PDFObject | undefined,
): readonly [number, number, number, number] | undefined {
  const found = numbersOf(source, object, 4);
  if (found === undefined) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = found;
  return [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)];
}

export function dictOf(source: Source, object: PDFObject | undefined): PDFDict | undefined {
  const found = source.document.context.lookup(object);
  if (found instanceof PDFStream) return found.dict;
  return found instanceof PDFDict ? found : undefined;
}

export function numberOf(source: Source, object: PDFObject | undefined): number | undefined {
  const found = source.document.context.lookup(object);
  return found instanceof PDFNumber ? found.asNumber() : undefined;
}

export function itemsOf(source: Source, object: PDFObject | undefined): readonly PDFObject[] {
  const found = source.document.context.lookup(object);
  return found instanceof PDFArray ? found.asArray() : [];
}
