import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PDFArray, PDFDict, PDFDocument, PDFName, PDFNumber } from '@cantoo/pdf-lib';
import type { JobWarning } from '../../src/protocol/job-record.js';
import type { FontRegistry } from '../../src/render/fonts/registry.js';
import type { Back } from '../../src/render/kinds/document/backs.js';
import { drawOwn } from '../../src/render/kinds/document/own-back.js';
import { drawWithPdfMake } from '../../src/render/kinds/document/pdfmake-back.js';
import { startPdfium } from '../../src/render/kinds/pdf-tools/pdfium.js';
import { loadPdfiumProgram } from '../../src/render/kinds/pdf-tools/pdfium-engine.js';
import { type Rendered, render } from '../render/document-fixture.js';

/** What the two backs make of one document, side by side. */

export interface Verdict {
  /** Whether our own layout has taken it. */
  readonly isOwn: boolean;
  /** Sentences; none where the backs are alike. */
  readonly differences: readonly string[];
}

/** Both failed, or one did. */
type Outcome = Awaited<ReturnType<Draw>> | { readonly failure: string };

type Draw = (backs: readonly Back[]) => Promise<Pick<Rendered, 'pdf' | 'pages' | 'warnings'>>;

async function outcomeOf(draw: Draw, backs: readonly Back[]): Promise<Outcome> {
  try {
    return await draw(backs);
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}

export function compare(registry: FontRegistry, request: object, poppler: boolean): Promise<Verdict> {
  return compareDrawn((backs) => render(registry, request, undefined, backs), poppler);
}

export async function compareDrawn(draw: Draw, poppler: boolean): Promise<Verdict> {
  let isOwn = false;
  const own: Back = (...all) => {
    isOwn = true;
    const pages = drawOwn(...all);
    isOwn = typeof pages === 'number';
    return pages;
  };
  const one = await outcomeOf(draw, [own, drawWithPdfMake]);
  if (!isOwn) return { isOwn, differences: 'failure' in one && !isRefusal(one.failure) ? [one.failure] : [] };
  const other = await outcomeOf(draw, [drawWithPdfMake]);
  if ('failure' in one || 'failure' in other) {
    const [a, b] = [one, other].map((each) => ('failure' in each ? each.failure : 'drawn'));
    return { isOwn, differences: a === b ? [] : [`${a} instead of ${b}`] };
  }
  const differences: string[] = [];
  const tell = (name: string, a: unknown, b: unknown) => {
    const [mine, theirs] = [String(JSON.stringify(a)), String(JSON.stringify(b))];
    const begin = Math.max(0, [...mine].findIndex((letter, i) => letter !== theirs[i]) - 40);
    const from = (text: string) => text.slice(begin, begin + 120);
    if (mine !== theirs) differences.push(`${name}: ${from(mine)} instead of ${from(theirs)}`);
  };
  tell('pages', one.pages, other.pages);
  tell('warnings', one.warnings.map(aboutWhere).sort(), other.warnings.map(aboutWhere).sort());
  tell('links and bookmarks', await structureOf(one.pdf), await structureOf(other.pdf));
  if (poppler) {
    tell('text', wordsOf(one.pdf), wordsOf(other.pdf));
    const looks = (resolution: number) => [
      drawnPages(one.pdf, resolution),
      drawnPages(other.pdf, resolution),
    ];
    const [mine = [], theirs = []] = looks(50);
    if (!areSame(mine, theirs)) {
      const [again = [], others = []] = looks(53.717);
      for (const [i, page] of mine.entries())
        if (theirs[i]?.equals(page) !== true && again[i]?.equals(others[i] ?? empty) !== true)
          differences.push(`pixels of page ${i + 1}`);
    }
  }
  const [mine, theirs] = [await looksOf(one.pdf, pixelsAcross), await looksOf(other.pdf, pixelsAcross)];
  for (const [i, look] of mine.entries()) {
    // How many spaces PDFium sees between letters in a column of one letter hangs on the last digit, too.
    tell(`text of page ${i + 1}`, oneSpace(look.text), oneSpace(theirs[i]?.text ?? ''));
    if (differing(look.data, theirs[i]?.data) === 0) continue;
    const [again, others] = [await looksOf(one.pdf, otherPixels), await looksOf(other.pdf, otherPixels)];
    const pixels = differing(again[i]?.data ?? empty, others[i]?.data);
    if (pixels > 0) differences.push(`${pixels} values of pixels of page ${i + 1}`);
  }
  return { isOwn, differences };
}

/**
 * The order in which lengths are summed up decides which way half a tenth of a millimetre is rounded; headers and footers
 * are drawn with their pages, or behind all of them. Of a block that is cut pdfmake's writer looks at the last page first.
 */
function aboutWhere({ message, ...warning }: JobWarning): string {
  return JSON.stringify({
    ...warning,
    message: message.replace(/^.*[\d.]+ mm beyond (the \w+ edge) of page \d+$/, 'beyond $1'),
  });
}

/** What the caller has to mend fails on both backs. */
function isRefusal(failure: string): boolean {
  return /leave no room|cannot be/.test(failure);
}

let program: Promise<WebAssembly.Module> | undefined;
const empty = Buffer.alloc(0);

/**
 * Readers draw glyphs at quarters of a pixel, and letters that are all equally wide may stand half-way between two: there the
 * last digit of a place decides, which is rounded in another way. What really differs does so in another size, too.
 */
const pixelsAcross = 500;
const otherPixels = 537;

const oneSpace = (text: string) => text.replace(/\s+/g, ' ');

function areSame(one: readonly Buffer[], other: readonly Buffer[]): boolean {
  return one.length === other.length && one.every((page, i) => other[i]?.equals(page) === true);
}

async function looksOf(
  pdf: Uint8Array,
  across: number,
): Promise<{ readonly text: string; readonly data: Buffer }[]> {
  program ??= loadPdfiumProgram();
  const pdfium = await startPdfium(await program, 512 * 1024 * 1024, () => undefined);
  const document = pdfium.open(pdf, '');
  const looks = Array.from({ length: document.pageCount }, (_, i) =>
    document.withPage(i, (page) => ({
      text: page.text(),
      data: page.raster(across, Math.round((across * page.height) / page.width)).data,
    })),
  );
  document.close();
  return looks;
}

/** PDFium places large letters by numbers of single precision: the same place by other operators is a level or two off. */
const rounding = 2;

function differing(one: Buffer, other: Buffer | undefined): number {
  if (other === undefined || one.length !== other.length) return Math.max(one.length, other?.length ?? 0);
  if (one.equals(other)) return 0;
  return one.reduce((count, value, i) => count + (Math.abs(value - (other[i] ?? 0)) > rounding ? 1 : 0), 0);
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
function wordsOf(pdf: Uint8Array): string {
  const text = withFile(pdf, (path) => execFileSync('pdftotext', ['-raw', path, '-'], { encoding: 'utf8' }));
  return text.split(/\s+/).sort().join(' ');
}

/** Pages as poppler draws them, of whose pixels not one may differ. */
function drawnPages(pdf: Uint8Array, resolution: number): Buffer[] {
  return withFile(pdf, (path, folder) => {
    execFileSync('pdftoppm', ['-r', String(resolution), path, join(folder, 'page')]);
    const files = readdirSync(folder).filter((name) => name.endsWith('.ppm'));
    return files.sort().map((name) => readFileSync(join(folder, name)));
  });
}

/** Links of each page with their areas, and the tree of bookmarks. */
async function structureOf(pdf: Uint8Array): Promise<unknown> {
  const document = await PDFDocument.load(pdf, { updateMetadata: false });
  const links = document.getPages().map(({ node }) =>
    (node.Annots()?.asArray() ?? []).map((each) => {
      const link = document.context.lookup(each, PDFDict);
      const area = link.lookup(PDFName.of('Rect'), PDFArray).asArray();
      const action = link.lookup(PDFName.of('A'), PDFDict);
      return [
        ...area.map((side) => (side instanceof PDFNumber ? Math.round(side.asNumber() * 1000) / 1000 : '?')),
        String(action.get(PDFName.of('URI')) ?? action.get(PDFName.of('D'))),
      ];
    }),
  );
  const below = (item: PDFDict | undefined): unknown[] => {
    const found: unknown[] = [];
    for (let at = item?.lookupMaybe(PDFName.of('First'), PDFDict); at !== undefined; ) {
      found.push([String(at.get(PDFName.of('Title'))), below(at)]);
      at = at.lookupMaybe(PDFName.of('Next'), PDFDict);
    }
    return found;
  };
  const pages = document.getPages().map(({ ref }) => ref);
  const names = document.catalog
    .lookupMaybe(PDFName.of('Names'), PDFDict)
    ?.lookupMaybe(PDFName.of('Dests'), PDFDict);
  // By pairs of a name and its place: the page, and points from the left and the bottom.
  const places = (names?.lookupMaybe(PDFName.of('Names'), PDFArray)?.asArray() ?? []).map((entry) => {
    const place = document.context.lookup(entry);
    if (!(place instanceof PDFArray)) return String(place);
    const [page, , ...point] = place.asArray();
    return [
      pages.findIndex(({ tag }) => tag === String(page)),
      ...point.map((length) =>
        length instanceof PDFNumber ? Math.round(length.asNumber() * 1000) / 1000 : '',
      ),
    ];
  });
  return { links, places, bookmarks: below(document.catalog.lookupMaybe(PDFName.of('Outlines'), PDFDict)) };
}
