import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PDFArray, PDFDict, PDFDocument, PDFName, PDFNumber } from '@cantoo/pdf-lib';
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
type Outcome = Rendered | { readonly failure: string };

async function outcomeOf(registry: FontRegistry, request: object, backs: readonly Back[]): Promise<Outcome> {
  try {
    return await render(registry, request, undefined, backs);
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}

export async function compare(registry: FontRegistry, request: object, poppler: boolean): Promise<Verdict> {
  let isOwn = false;
  const own: Back = (...all) => {
    const pages = drawOwn(...all);
    isOwn = pages !== undefined;
    return pages;
  };
  const one = await outcomeOf(registry, request, [own, drawWithPdfMake]);
  if (!isOwn) return { isOwn, differences: 'failure' in one && !isRefusal(one.failure) ? [one.failure] : [] };
  const other = await outcomeOf(registry, request, [drawWithPdfMake]);
  if ('failure' in one || 'failure' in other) {
    const [a, b] = [one, other].map((each) => ('failure' in each ? each.failure : 'drawn'));
    return { isOwn, differences: a === b ? [] : [`${a} instead of ${b}`] };
  }
  const differences: string[] = [];
  const tell = (name: string, a: unknown, b: unknown) => {
    const [mine, theirs] = [JSON.stringify(a), JSON.stringify(b)];
    if (mine !== theirs)
      differences.push(`${name}: ${mine.slice(0, 200)} instead of ${theirs.slice(0, 200)}`);
  };
  tell('pages', one.pages, other.pages);
  tell('warnings', one.warnings, other.warnings);
  tell('links and bookmarks', await structureOf(one.pdf), await structureOf(other.pdf));
  if (poppler) {
    const [mine, theirs] = [readWithPoppler(one.pdf), readWithPoppler(other.pdf)];
    tell('text', mine.text, theirs.text);
    for (const [i, page] of mine.pages.entries())
      if (theirs.pages[i]?.equals(page) !== true) differences.push(`pixels of page ${i + 1}`);
  }
  const [mine, theirs] = [await looksOf(one.pdf), await looksOf(other.pdf)];
  for (const [i, look] of mine.entries()) {
    tell(`text of page ${i + 1}`, look.text, theirs[i]?.text);
    const pixels = differing(look.data, theirs[i]?.data);
    if (pixels > 0) differences.push(`${pixels} values of pixels of page ${i + 1}`);
  }
  return { isOwn, differences };
}

/** What the caller has to mend fails on both backs. */
function isRefusal(failure: string): boolean {
  return /leave no room|cannot be/.test(failure);
}

let program: Promise<WebAssembly.Module> | undefined;
const pixelsAcross = 500;

async function looksOf(pdf: Uint8Array): Promise<{ readonly text: string; readonly data: Buffer }[]> {
  program ??= loadPdfiumProgram();
  const pdfium = await startPdfium(await program, 512 * 1024 * 1024, () => undefined);
  const document = pdfium.open(pdf, '');
  const looks = Array.from({ length: document.pageCount }, (_, i) =>
    document.withPage(i, (page) => ({
      text: page.text(),
      data: page.raster(pixelsAcross, Math.round((pixelsAcross * page.height) / page.width)).data,
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

/** Text in the order in which it is drawn, and the pixels of each page, of which not one may differ. */
function readWithPoppler(pdf: Uint8Array): { readonly text: string; readonly pages: readonly Buffer[] } {
  const folder = mkdtempSync(join(tmpdir(), 'inkwire-same-'));
  try {
    const path = join(folder, 'in.pdf');
    writeFileSync(path, pdf);
    const text = execFileSync('pdftotext', ['-raw', path, '-'], { encoding: 'utf8' });
    execFileSync('pdftoppm', ['-r', '50', path, join(folder, 'page')]);
    const files = readdirSync(folder).filter((name) => name.endsWith('.ppm'));
    return { text, pages: files.sort().map((name) => readFileSync(join(folder, name))) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
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
  return { links, bookmarks: below(document.catalog.lookupMaybe(PDFName.of('Outlines'), PDFDict)) };
}
