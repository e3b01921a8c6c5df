import {
  decodePDFRawStream,
  PDFDict,
  PDFDocument,
  PDFHexString,
  PDFName,
  PDFRawStream,
  PDFString,
} from '@cantoo/pdf-lib';
import type { JobWarning } from '../../src/protocol/job-record.js';
import type { Made, Operation } from './documents.js';
import { isWarned } from './found.js';
import { chanceOf, Words } from './tokens.js';

/** What a document has beside its pages: what its properties say, the files that lie in it, and its bookmarks. */

const described = ['title', 'author', 'subject', 'keywords'] as const;
/** Of so many documents one has them. */
const aroundEach = 8;
/** What means something in XML, in strings of PDF, or in neither. */
const signs = ['', ' & ', ' </rdf:li> ', ' (', ') ', ' \\ ', ' ]]> ', ' \u{1F4C4} '] as const;

interface File {
  readonly name: string;
  readonly content: string;
}

/** The document of a seed, with members around it. Its pages are the same without. */
export function withAround(made: Made, seed: number): Made {
  if (seed % aroundEach !== 0) return made;
  const chance = chanceOf(seed * 7 + 3);
  const words = new Words(chance);
  const line = (): string => `${words.next()}${chance.one(signs)}${words.next()}`;
  const members = [...described].filter(() => chance.maybe(0.7)).map((name) => [name, line()] as const);
  const properties = Object.fromEntries(
    Array.from({ length: chance.whole(0, 3) }, () => [words.next('latin'), line()]),
  );
  const attachments = Array.from({ length: chance.whole(0, 3) }, (): File => {
    const content = Buffer.from(words.next().repeat(chance.whole(1, 400))).toString('base64');
    return { name: `${line().replace(/[/\\]/g, '')}.txt`, content };
  });
  return {
    ...made,
    request: { ...made.request, ...Object.fromEntries(members), properties, attachments },
  };
}

interface Bookmark {
  readonly title: string;
  readonly above: readonly string[];
}

function bookmarksOf(pdf: PDFDocument): readonly Bookmark[] {
  const found: Bookmark[] = [];
  const walk = (parent: PDFDict | undefined, above: readonly string[]): void => {
    let item = parent?.lookupMaybe(PDFName.of('First'), PDFDict);
    while (item !== undefined) {
      const title = item.lookup(PDFName.of('Title'), PDFString, PDFHexString).decodeText();
      found.push({ title, above });
      walk(item, [...above, title]);
      item = item.lookupMaybe(PDFName.of('Next'), PDFDict);
    }
  };
  walk(pdf.catalog.lookupMaybe(PDFName.of('Outlines'), PDFDict), []);
  return found;
}

function packetOf(pdf: PDFDocument): string {
  const stream = pdf.catalog.lookup(PDFName.of('Metadata'));
  if (!(stream instanceof PDFRawStream)) return '';
  return Buffer.from(decodePDFRawStream(stream).decode()).toString('utf8');
}

const inXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** A bookmark is one line, composed, without what only says where a line may end. */
const asTitle = (text: string): string =>
  text.normalize('NFC').replaceAll('\u00ad', '').replace(/\s+/g, ' ').trim();

/** Headings of the document itself, those within other operations left out. */
function checkBookmarks(
  operations: readonly Operation[],
  pdf: PDFDocument,
  warnings: readonly JobWarning[],
): string[] {
  const findings: string[] = [];
  const all = bookmarksOf(pdf).map(({ title, above }) => ({
    title: asTitle(title),
    above: above.map(asTitle),
  }));
  const levels = new Map<string, number>();
  for (const [index, { type, heading, text }] of operations.entries()) {
    const at = `/operations/${index}`;
    if (type !== 'add_text' || typeof heading !== 'number') continue;
    const title = asTitle(String(text));
    const bookmark = all.find((one) => one.title === title);
    if (bookmark === undefined) {
      if (!isWarned(warnings, at)) findings.push(`${at}: the heading has no bookmark`);
      continue;
    }
    for (const above of bookmark.above) {
      const level = levels.get(above);
      if (level !== undefined && level >= heading)
        findings.push(`${at}: a heading of level ${heading} is below one of level ${level}`);
    }
    levels.set(title, heading);
  }
  return findings;
}

/** Whether all of it is in the document, as it was given. */
export async function checkAround(
  { request }: Made,
  bytes: Uint8Array,
  warnings: readonly JobWarning[],
  seed: number,
): Promise<string[]> {
  if (seed % aroundEach !== 0) return [];
  const pdf = await PDFDocument.load(bytes, { updateMetadata: false });
  const findings = checkBookmarks(request.operations, pdf, warnings);
  const info = [pdf.getTitle(), pdf.getAuthor(), pdf.getSubject(), pdf.getKeywords()];
  const packet = packetOf(pdf);
  for (const [i, name] of described.entries()) {
    const given = request[name];
    if (typeof given !== 'string') continue;
    if (info[i] !== given) findings.push(`/${name}: the document has ${JSON.stringify(info[i])}`);
    if (!packet.includes(inXml(given))) findings.push(`/${name}: is not in the XMP packet`);
  }
  for (const [name, value] of Object.entries(request.properties ?? {}))
    if (!packet.includes(inXml(`${name}=${value}`)))
      findings.push(`/properties/${name}: is not in the XMP packet`);
  const files = pdf
    .getAttachments()
    .map(({ name, data }) => `${name} ${Buffer.from(data).toString('base64')}`);
  for (const [i, { name, content }] of ((request.attachments ?? []) as readonly File[]).entries())
    if (!files.includes(`${name} ${content}`))
      findings.push(`/attachments/${i}: ${name} is not in the document`);
  return findings;
}
