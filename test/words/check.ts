import { PDFDocument } from '@cantoo/pdf-lib';
import sharp from 'sharp';
import type { JobWarning } from '../../src/protocol/job-record.js';
import type { FontRegistry } from '../../src/render/fonts/registry.js';
import { RenderFailure } from '../../src/render/kind.js';
import { documentKind } from '../../src/render/kinds/document/request.js';
import { extractTextRunner } from '../../src/render/kinds/pdf-tools/extract-text.js';
import { mergeRunner } from '../../src/render/kinds/pdf-tools/merge.js';
import { extractTextKind, mergeKind } from '../../src/render/kinds/pdf-tools/requests.js';
import { readWithZxing } from '../render/codes-fixture.js';
import { render } from '../render/document-fixture.js';
import { base64, runKind } from '../render/pdf-tools-fixture.js';
import { checkAround, withAround } from './around.js';
import { checkBreaks } from './breaks.js';
import { documentOf, type Made, type Mark, type Operation } from './documents.js';
import { Found, hasGap, isToldBroken, isWarned } from './found.js';
import { hasInk, type Letter, type Read, type Reader, spotsOf } from './reader.js';
import { isOnePiece, readAs } from './tokens.js';

/**
 * The rule that the kit is for: whatever a document was given is found inside its page, or the record has a warning that
 * names its pointer, or the request was refused with one.
 */

export interface Verdict {
  readonly seed: number;
  readonly outcome: 'drawn' | 'refused' | 'failed';
  /** Sentences; none when all is well. */
  readonly findings: readonly string[];
}

const perMm = 2;
/** Pixels of a colour below which it is not seen. */
const leastPixels = 3;
/** Of so many documents one goes through the PDF tools, and one has its codes read. */
const toolsEach = 16;
const codesEach = 6;

function isThere(request: unknown, pointer: string): boolean {
  const keys = pointer.split('/').slice(1, -1);
  let value = request;
  for (const key of keys) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return false;
    value = Reflect.get(value, key);
  }
  return true;
}

/** A watermark is turned, and the boxes of its letters with it. */
function isCentred({ page, left, top, right, bottom }: Letter, { sheets }: Read): boolean {
  const sheet = sheets[page];
  const [x, y] = [(left + right) / 2, (top + bottom) / 2];
  return sheet !== undefined && x > 0 && y > 0 && x < sheet.width && y < sheet.height;
}

function isInside({ page, left, top, right, bottom }: Letter, { sheets }: Read): boolean {
  const sheet = sheets[page];
  if (sheet === undefined) return false;
  // The boxes of some fonts are much higher than their letters.
  const middle = (top + bottom) / 2;
  // A slanted letter reaches beyond its own place, and on a page without a margin beyond the paper.
  const reach = Math.max(0.7, (bottom - top) * 0.12);
  return left > -reach && middle > 0 && right < sheet.width + reach && middle < sheet.height;
}

/** Two words of one operation that are printed over each other. */
function overlaps(a: readonly Letter[], b: readonly Letter[]): boolean {
  const [first, second] = [a[0], b[0]];
  if (first === undefined || second === undefined || first.page !== second.page) return false;
  // One of them was put together from what belongs to the other.
  if (a.some((letter) => b.includes(letter))) return false;
  if (
    [...a.map((l) => [l, first] as const), ...b.map((l) => [l, second] as const)].some(
      ([l, f]) => Math.abs(l.top - f.top) > 0.5,
    )
  )
    return false;
  // Only of one line and one font: the boxes of others are of many heights.
  const height = first.bottom - first.top;
  if (Math.abs(second.bottom - second.top - height) > height * 0.05) return false;
  if (Math.abs(first.top - second.top) > height * 0.1) return false;
  const right = (letters: readonly Letter[]) => Math.max(...letters.map((letter) => letter.right));
  return Math.min(right(a), right(b)) - Math.max(first.left, second.left) > 1.5;
}

/** A word over two pages may be put together with a letter of the watermark, which is turned. */
function isPlaced(at: string, place: readonly Letter[], read: Read): boolean {
  const turned = at === '/watermark' || new Set(place.map(({ page }) => page)).size > 1;
  return place.every((letter) => (turned ? isCentred : isInside)(letter, read));
}

interface WordsRead {
  readonly findings: readonly string[];
  /** What was not found. */
  readonly lost: readonly { readonly at: string; readonly text: string }[];
  /** What was found in parts, though no line may end in it, and nobody is told. */
  readonly untold: readonly { readonly at: string; readonly text: string }[];
}

function checkWords(made: Made, read: Read, warnings: readonly JobWarning[]): WordsRead {
  const findings: string[] = [];
  const lost: { at: string; text: string }[] = [];
  const untold: { at: string; text: string }[] = [];
  const found = new Found(read.letters);
  const words = made.marks.filter((mark) => mark.is === 'word');
  const placed = words.map((mark) => ({ ...mark, places: found.places(readAs(mark.text)) }));
  for (const { at, text, places } of placed) {
    if (isWarned(warnings, at)) continue;
    if (places.length === 0) {
      if (!found.isBroken(readAs(text))) lost.push({ at, text });
      else if (isOnePiece(text) && !isToldBroken(warnings, at)) untold.push({ at, text });
    } else if (!places.some((place) => isPlaced(at, place, read)) && !found.isBroken(readAs(text)))
      findings.push(`${at}: the word ${text} is not inside the page`);
  }
  const once = placed.filter(
    ({ places: [place, other], at }) =>
      // Of two words of a line that read to the left, each may be told with a letter of the other.
      place !== undefined && other === undefined && !hasGap(place) && at.startsWith('/operations'),
  );
  for (const [i, a] of once.entries()) {
    for (const b of once.slice(i + 1)) {
      if (a.at === b.at && overlaps(a.places[0] ?? [], b.places[0] ?? []))
        findings.push(`${a.at}: the words ${a.text} and ${b.text} lie on each other`);
    }
  }
  return { findings, lost, untold };
}

const drawnCodes = ['QRCode', 'Code128', 'Code39Std', 'Code93', 'DataMatrix', 'PDF417', 'Aztec'] as const;

const isFixed = ({ y, x1, type }: Operation) => y !== undefined || x1 !== undefined || type === 'add_rect';
const nothing: Operation = { type: 'add_spacer', height: 0.001 };

type Map = (operations: readonly Operation[], at: string) => Operation[];

/** An operation at `own` with other operations in it. */
function within(operation: Operation, own: string, map: Map): Operation {
  if (operation.type === 'add_block')
    return {
      ...operation,
      operations: map(operation.operations as readonly Operation[], `${own}/operations`),
    };
  if (operation.type !== 'add_columns' || !Array.isArray(operation.columns)) return operation;
  const columns = operation.columns.map((column: { operations: readonly Operation[] }, k: number) => ({
    ...column,
    operations: map(column.operations, `${own}/columns/${k}/operations`),
  }));
  return { ...operation, columns };
}

/** The operation at a pointer, without what flows: that may lie on it, too. */
function fixedOnly(operations: readonly Operation[], keep: string, at = '/operations'): Operation[] {
  return operations.map((operation, i) => {
    const own = `${at}/${i}`;
    if (own === keep || /^(?:set_font|add_page)/.test(operation.type)) return operation;
    if (!/^add_(?:columns|block)$/.test(operation.type) || !keep.startsWith(`${own}/`)) return nothing;
    return within(operation, own, (inner, where) => fixedOnly(inner, keep, where));
  });
}

function operationAt(operations: readonly Operation[], at: string): Operation | undefined {
  let value: unknown = { operations };
  for (const key of at.split('/').slice(1)) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Reflect.get(value, key);
  }
  return value as Operation | undefined;
}

/** Whether a block around it has a colour. */
function isOnGround(operations: readonly Operation[], at: string): boolean {
  const parts = at.split('/');
  return parts.some((_, length) => {
    const around = operationAt(operations, parts.slice(0, length).join('/'));
    return around?.type === 'add_block' && around.fill !== undefined;
  });
}

/** What stands at a place of its own may lie on something else: without it. */
function flowOnly(operations: readonly Operation[], keep: string, at = '/operations'): Operation[] {
  return operations.map((operation, i) => {
    const own = `${at}/${i}`;
    if (isFixed(operation) && own !== keep) return nothing;
    return within(operation, own, (inner, where) => flowOnly(inner, keep, where));
  });
}

function missingColors(mark: Mark, spots: ReturnType<typeof spotsOf>): readonly string[] {
  const wanted = mark.is === 'colors' ? mark.colors : mark.is === 'code' ? [mark.color] : [];
  return wanted.filter((color) => (spots.get(color)?.pixels ?? 0) < leastPixels);
}

class Check {
  constructor(
    private readonly made: Made,
    private readonly registry: FontRegistry,
    private readonly reader: Reader,
  ) {}

  /** The document without what may lie over the mark at `at`. */
  async #alone(at: string, scale: number): Promise<Read> {
    const { request } = this.made;
    if (at === '/watermark') {
      const bare = { operations: [nothing], page_size: request.page_size, orientation: request.orientation };
      const { pdf } = await render(this.registry, {
        ...bare,
        watermark: request.watermark,
        fonts: request.fonts,
      });
      return this.reader.read(pdf, scale);
    }
    const own = operationAt(request.operations, at);
    const alone = own !== undefined && isFixed(own) ? fixedOnly : flowOnly;
    const operations = alone(request.operations, at);
    const { pdf } = await render(this.registry, { ...request, watermark: undefined, operations });
    return this.reader.read(pdf, scale);
  }

  /** Words that are there and in their place. Of two equal letters that lie on each other, the reader tells one. */
  async words(read: Read, warnings: readonly JobWarning[]): Promise<string[]> {
    const { findings, lost, untold } = checkWords(this.made, read, warnings);
    const still: string[] = [];
    for (const { at, text } of lost) {
      const found = new Found((await this.#alone(at, 0)).letters);
      // Parts of words that are broken in columns beside each other are read in turns.
      if (
        found.places(readAs(text)).length > 0 ||
        (isToldBroken(warnings, at) && found.hasLetters(readAs(text)))
      )
        continue;
      still.push(`${at}: the word ${text} is not there`);
    }
    for (const { at, text } of untold) {
      const found = new Found((await this.#alone(at, 0)).letters);
      if (found.places(readAs(text)).length === 0)
        still.push(`${at}: the word ${text} is broken, which nobody is told`);
    }
    return [...findings, ...still];
  }

  /** Words that are there, but of which nothing is drawn. */
  async ink(read: Read, warnings: readonly JobWarning[]): Promise<string[]> {
    const findings: string[] = [];
    const found = new Found(read.letters);
    for (const mark of this.made.marks) {
      if (mark.is !== 'word' || mark.at === '/watermark' || isWarned(warnings, mark.at)) continue;
      const isSeen = (where: Read, places: Letter[][]) =>
        places.length === 0 || places.some((place) => hasInk(where, place, perMm));
      if (isSeen(read, found.places(readAs(mark.text)))) continue;
      const alone = await this.#alone(mark.at, perMm);
      if (!isSeen(alone, new Found(alone.letters).places(readAs(mark.text))))
        findings.push(`${mark.at}: the word ${mark.text} is not to be seen`);
    }
    return findings;
  }

  async colors(read: Read, warnings: readonly JobWarning[]): Promise<string[]> {
    const findings: string[] = [];
    const spots = spotsOf(read);
    for (const mark of this.made.marks) {
      if (mark.is === 'word' || isWarned(warnings, mark.at) || missingColors(mark, spots).length === 0)
        continue;
      const missingAt = async (scale: number) =>
        missingColors(mark, spotsOf(await this.#alone(mark.at, scale)));
      // In a narrow column a wide picture is so low that it is seen from near only.
      const missing = (await missingAt(perMm)).length === 0 ? [] : await missingAt(5 * perMm);
      if (missing.length > 0) findings.push(`${mark.at}: ${missing.join(' and ')} is not to be seen`);
    }
    return findings;
  }

  async codes(warnings: readonly JobWarning[]): Promise<string[]> {
    const findings: string[] = [];
    const scale = 10;
    for (const mark of this.made.marks) {
      // Over a text a code may have no quiet zone.
      if (mark.is !== 'code' || mark.fixed || isWarned(warnings, mark.at)) continue;
      // Its colour and that of the ground may be as bright as each other.
      if (isOnGround(this.made.request.operations, mark.at)) continue;
      const near = await this.#readCode(mark, scale);
      if (near === undefined || near.includes(mark.value)) continue;
      // Where the modules and the pixels disagree, a reader may fail at one size and read at another.
      const values = (await this.#readCode(mark, 2 * scale)) ?? [];
      if (!values.includes(mark.value))
        findings.push(`${mark.at}: the code of ${mark.value} reads as ${values.join()}`);
    }
    return findings;
  }

  /** What a reader finds where the code lies; undefined where nothing of its colour does. */
  async #readCode(mark: Extract<Mark, { is: 'code' }>, scale: number): Promise<string[] | undefined> {
    const read = await this.#alone(mark.at, scale);
    const spot = spotsOf(read).get(mark.color);
    const picture = spot && read.sheets[spot.page]?.picture;
    if (spot === undefined || picture === undefined) return undefined;
    const quiet = 4 * scale;
    const left = Math.max(0, spot.left - quiet);
    const top = Math.max(0, spot.top - quiet);
    const width = Math.min(picture.width, spot.right + quiet) - left;
    const height = Math.min(picture.height, spot.bottom + quiet) - top;
    const { data, width: columns, height: rows } = picture;
    const png = await sharp(data, { raw: { width: columns, height: rows, channels: 4 } })
      .extract({ left, top, width, height })
      .png({ compressionLevel: 1 })
      .toBuffer();
    // A Code 39 of six letters may be a Code 32 with a right check digit by chance.
    return readWithZxing(png, drawnCodes);
  }

  /** What the PDF tools make of it has the same words, and the values of a form that it is merged with. */
  async tools(pdf: Uint8Array, read: Read, seed: number): Promise<string[]> {
    const words = this.made.marks.flatMap((mark) => (mark.is === 'word' ? [readAs(mark.text)] : []));
    const before = new Found(read.letters);
    const there = words.filter((word) => before.places(word).length > 0);
    const value = `Value${seed}`;
    const merged = await runKind(mergeKind, mergeRunner, {
      pdf_files: [base64(pdf), base64(await formOf(value))],
    });
    const bytes = merged.bytes(merged.names[0] ?? '');
    const after = await this.reader.read(bytes, perMm);
    const found = new Found(after.letters);
    const lost = there.filter((word) => found.places(word).length === 0);
    const [sheet] = after.sheets.slice(-1);
    const dark = sheet?.picture?.data.some((channel, i) => i % 4 === 0 && channel < 100) ?? false;
    const extracted = await runKind(extractTextKind, extractTextRunner, { pdf_data: base64(bytes) });
    const text = extracted.bytes(extracted.names[0] ?? '').toString();
    return [
      ...lost.map((word) => `merged: the word ${word} is not there`),
      ...(dark ? [] : ['merged: the value of the form is not to be seen']),
      ...(text.includes(value) ? [] : ['extracted: the value of the form is not there']),
    ];
  }
}

/** A page with nothing on it but a field. */
async function formOf(value: string): Promise<Uint8Array> {
  const document = await PDFDocument.create({ updateMetadata: false });
  const field = document.getForm().createTextField('field');
  field.setText(value);
  field.addToPage(document.addPage([300, 200]), { x: 20, y: 100, width: 200, height: 24, borderWidth: 0 });
  return document.save();
}

/** Makes the document of a seed and looks for everything in it. */
export async function check(seed: number, registry: FontRegistry, reader: Reader): Promise<Verdict> {
  const made = withAround(documentOf(seed), seed);
  const { request } = made;
  const astray = (pointer: string | undefined) =>
    pointer !== undefined && isThere(request, pointer) ? [] : [`no such place: ${pointer}`];
  const parsed = documentKind.parse(request);
  if (!parsed.ok)
    return { seed, outcome: 'refused', findings: parsed.issues.flatMap(({ pointer }) => astray(pointer)) };
  try {
    const { pdf, warnings } = await render(registry, request);
    const findings = warnings.flatMap(({ pointer }) => astray(pointer));
    const own = new Check(made, registry, reader);
    const looks = made.marks.some(({ is }) => is !== 'word') || seed % 3 === 0;
    const read = await reader.read(pdf, looks ? perMm : 0);
    findings.push(...(await own.words(read, warnings)), ...checkBreaks(made, read, warnings));
    findings.push(...(await checkAround(made, pdf, warnings, seed)));
    if (looks) findings.push(...(await own.colors(read, warnings)), ...(await own.ink(read, warnings)));
    if (seed % codesEach === 0) findings.push(...(await own.codes(warnings)));
    if (seed % toolsEach === 0) findings.push(...(await own.tools(pdf, read, seed)));
    const lacking = warnings.find(
      ({ code }) => code === 'missing_glyph' || code === 'drawing_left_out' || code === 'html_left_out',
    );
    if (lacking !== undefined) findings.push(`${lacking.pointer}: ${lacking.code}: ${lacking.message}`);
    return { seed, outcome: 'drawn', findings };
  } catch (error) {
    if (!(error instanceof RenderFailure)) return { seed, outcome: 'failed', findings: [String(error)] };
    return { seed, outcome: 'failed', findings: astray(error.pointer) };
  }
}
