import type { JobWarning } from '../../src/protocol/job-record.js';
import type { FontRegistry } from '../../src/render/fonts/registry.js';
import type { Area } from '../../src/render/kind.js';
import type { Back } from '../../src/render/kinds/document/backs.js';
import { drawOwn } from '../../src/render/kinds/document/own-back.js';
import { drawWithPdfMake } from '../../src/render/kinds/document/pdfmake-back.js';
import { type Rendered, render, without } from '../render/document-fixture.js';
import { popplerPages, popplerWords, Viewer } from './looks.js';
import { structureOf } from './structure.js';

/** What the two backs make of one document, side by side. */

export interface Verdict {
  /** Whether our own layout has taken it. */
  readonly isOwn: boolean;
  /** Sentences; none where the backs are alike. */
  readonly differences: readonly string[];
}

/** How closely pages are looked at. */
export interface Closeness {
  /** Pixels of a page across, twice: what is half-way between two pixels in one size is not in the other. */
  readonly across: readonly [number, number];
  readonly poppler: boolean;
}

/** What a suite has time for. */
export const quickly: Closeness = { across: [250, 287], poppler: false };
export const closely = (poppler: boolean): Closeness => ({ across: [500, 537], poppler });

/** Both failed, or one did. */
type Outcome =
  | (Awaited<ReturnType<Draw>> & { readonly areas: readonly Area[] })
  | { readonly failure: string };

type Draw = (
  backs: readonly Back[],
  area?: (area: Area) => void,
) => Promise<Pick<Rendered, 'pdf' | 'pages' | 'warnings'>>;

async function outcomeOf(draw: Draw, backs: readonly Back[], isDraft: boolean): Promise<Outcome> {
  const areas: Area[] = [];
  try {
    return { ...(await draw(backs, isDraft ? (area) => areas.push(area) : undefined)), areas };
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}

/** @param isDraft both are asked where their parts lie, too */
export function compare(
  registry: FontRegistry,
  request: object,
  closeness: Closeness,
  isDraft: boolean,
): Promise<Verdict> {
  return compareDrawn((backs, area) => render(registry, request, undefined, backs, area), closeness, isDraft);
}

export async function compareDrawn(draw: Draw, closeness: Closeness, isDraft = false): Promise<Verdict> {
  let isOwn = false;
  const own: Back = (...all) => {
    isOwn = true;
    const pages = drawOwn(...all);
    isOwn = typeof pages === 'number';
    return pages;
  };
  const one = await outcomeOf(draw, [own, drawWithPdfMake], isDraft);
  if (!isOwn) return { isOwn, differences: 'failure' in one && !isRefusal(one.failure) ? [one.failure] : [] };
  const other = await outcomeOf(draw, [drawWithPdfMake], isDraft);
  if ('failure' in one || 'failure' in other) {
    const [a, b] = [one, other].map((each) => ('failure' in each ? each.failure : 'drawn'));
    return { isOwn, differences: a === b ? [] : [`${a} instead of ${b}`] };
  }
  const differences = new Differences();
  differences.tell('pages', one.pages, other.pages);
  differences.tell('warnings', one.warnings.map(aboutWhere).sort(), other.warnings.map(aboutWhere).sort());
  differences.tell('links and bookmarks', await structureOf(one.pdf), await structureOf(other.pdf));
  differences.tell('areas', tellable(one.areas, other.areas), []);
  if (closeness.poppler) lookWithPoppler(one.pdf, other.pdf, differences);
  await lookWithPdfium(one.pdf, other.pdf, closeness.across, differences);
  return { isOwn, differences: differences.all };
}

class Differences {
  readonly all: string[] = [];

  add(sentence: string): void {
    this.all.push(sentence);
  }

  /** Tells of two values where they are not the same, from a little before they part. */
  tell(name: string, a: unknown, b: unknown): void {
    const [mine, theirs] = [String(JSON.stringify(a)), String(JSON.stringify(b))];
    if (mine === theirs) return;
    const begin = Math.max(0, [...mine].findIndex((letter, i) => letter !== theirs[i]) - 40);
    const from = (text: string) => text.slice(begin, begin + 120);
    this.add(`${name}: ${from(mine)} instead of ${from(theirs)}`);
  }
}

function lookWithPoppler(one: Uint8Array, other: Uint8Array, differences: Differences): void {
  differences.tell('text', popplerWords(one), popplerWords(other));
  const looks = (resolution: number) => [popplerPages(one, resolution), popplerPages(other, resolution)];
  const [mine = [], theirs = []] = looks(50);
  if (areSame(mine, theirs)) return;
  const [again = [], others = []] = looks(53.717);
  for (const [i, page] of mine.entries())
    if (theirs[i]?.equals(page) !== true && again[i]?.equals(others[i] ?? empty) !== true)
      differences.add(`pixels of page ${i + 1}`);
}

const viewer = new Viewer();
const hasPdftotext = !without('pdftotext');

async function lookWithPdfium(
  one: Uint8Array,
  two: Uint8Array,
  [across, otherAcross]: Closeness['across'],
  differences: Differences,
): Promise<void> {
  const [mine, theirs] = [await viewer.looks(one, across), await viewer.looks(two, across)];
  for (const [i, look] of mine.entries()) {
    // How many spaces PDFium sees between letters in a column of one letter hangs on the last digit, too.
    const [text, other] = [oneSpace(look.text), oneSpace(theirs[i]?.text ?? '')];
    if (text !== other && !(isButForSpaces(text, other) && haveSameWords(one, two)))
      differences.tell(`text of page ${i + 1}`, text, other);
    if (differing(look.data, theirs[i]?.data) === 0) continue;
    // Readers draw glyphs at quarters of a pixel, and letters that are all equally wide may stand half-way between two: there
    // the last digit of a place decides, which is rounded in another way. What really differs does so in another size, too.
    const [again, others] = [await viewer.looks(one, otherAcross), await viewer.looks(two, otherAcross)];
    const pixels = differing(again[i]?.data ?? empty, others[i]?.data);
    if (pixels > 0) differences.add(`${pixels} values of pixels of page ${i + 1}`);
  }
}

function isButForSpaces(one: string, other: string): boolean {
  return one.replaceAll(' ', '') === other.replaceAll(' ', '');
}

/**
 * Whether another reader sees the same words: where PDFium sees a space between two that touch hangs on the last of the seven
 * digits of its numbers, which on a paper of metres are three behind the point.
 */
function haveSameWords(one: Uint8Array, other: Uint8Array): boolean {
  return hasPdftotext && popplerWords(one) === popplerWords(other);
}

/** Points that an area may be larger or smaller: they are rounded to a tenth. */
const areaTolerance = 0.25;

/** Areas that one back tells of and the other one does not, or not there. */
function tellable(mine: readonly Area[], theirs: readonly Area[]): string[] {
  const named = (areas: readonly Area[]) =>
    new Map(areas.map((area) => [`${area.page} ${area.pointer}`, area]));
  const [own, other] = [named(mine), named(theirs)];
  return [...new Set([...own.keys(), ...other.keys()])].flatMap((key) => {
    const [a, b] = [own.get(key), other.get(key)];
    const isSame =
      a !== undefined &&
      b !== undefined &&
      (['x', 'y', 'width', 'height'] as const).every((side) => Math.abs(a[side] - b[side]) <= areaTolerance);
    const shown = (area: Area | undefined) =>
      area === undefined ? 'nothing' : [area.x, area.y, area.width, area.height].join(' ');
    return isSame ? [] : [`${key}: ${shown(a)}, ${shown(b)}`];
  });
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

const empty = Buffer.alloc(0);

const oneSpace = (text: string) => text.replace(/\s+/g, ' ');

function areSame(one: readonly Buffer[], other: readonly Buffer[]): boolean {
  return one.length === other.length && one.every((page, i) => other[i]?.equals(page) === true);
}

/** PDFium places large letters by numbers of single precision: the same place by other operators is a level or two off. */
const rounding = 2;

function differing(one: Buffer, other: Buffer | undefined): number {
  if (other === undefined || one.length !== other.length) return Math.max(one.length, other?.length ?? 0);
  if (one.equals(other)) return 0;
  return one.reduce((count, value, i) => count + (Math.abs(value - (other[i] ?? 0)) > rounding ? 1 : 0), 0);
}
