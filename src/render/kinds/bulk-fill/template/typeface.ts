import { hasRightToLeft } from '../../../fonts/directions.js';
import type { PdfBytes } from '../../../fonts/pdf-bytes.js';
import { fixed, type ProgramStack, type Run } from './program.js';
import type { RowGlyphs } from './row-glyphs.js';
import { isPlain, mayNeedShaping, needsShaping } from './shown-text.js';

/** Where text of one drawing goes, and what was chosen for it so far. */
export interface Pen {
  readonly out: PdfBytes;
  /** By font: `InkF0` */
  readonly names: readonly string[];
  /** Takes the characters that are shown as a box. */
  missing: Set<number>;
  /** Takes what is shown in fonts of the row's own. */
  readonly rowGlyphs?: RowGlyphs | undefined;
  /** Of the font, in points. */
  size: number;
  /** -1 before the first. */
  font: number;
  rise: number;
}

const [less, greater, slash, space] = [0x3c, 0x3e, 0x2f, 0x20];

/** A stack of a program, as the row filler reads it. Widths are thousandths of the font size. */
export class Typeface {
  readonly #fonts: Int16Array;
  readonly #widths: Float64Array;
  readonly #codes: Uint16Array;
  /** Hex digits of a code: two in a font of the source, four in one of ours. */
  readonly #digits: Uint8Array;
  /** Characters past the first plane. */
  readonly #far = new Map<number, Glyph>();
  readonly #missing: ReadonlySet<number>;
  readonly #words: ReadonlyMap<string, readonly Run[]>;
  readonly ascent: number;
  readonly descent: number;
  readonly cap: number;
  readonly space: number;
  readonly #box: Glyph;

  constructor(stack: ProgramStack) {
    const size = Math.max(0x100, ...stack.characters.filter((point) => point < 0x1_0000)) + 1;
    this.#fonts = new Int16Array(size).fill(-1);
    this.#widths = new Float64Array(size);
    this.#codes = new Uint16Array(size);
    this.#digits = new Uint8Array(size);
    for (const [i, point] of stack.characters.entries()) {
      const [font = 0, hex = '', width = 0] = [stack.fonts[i], stack.codes[i], stack.widths[i]];
      const glyph: Glyph = { font, code: Number.parseInt(hex, 16), digits: hex.length, width };
      if (point < 0x1_0000) {
        this.#fonts[point] = font;
        this.#widths[point] = width;
        this.#codes[point] = glyph.code;
        this.#digits[point] = glyph.digits;
      } else this.#far.set(point, glyph);
    }
    this.#missing = new Set(stack.missing);
    this.#words = new Map(Object.entries(stack.words));
    const hex = stack.box.show.slice(1, -3);
    const { font, width } = stack.box;
    this.#box = { font, code: Number.parseInt(hex, 16), digits: hex.length, width };
    this.ascent = stack.ascent;
    this.descent = stack.descent;
    this.cap = stack.cap;
    this.space = this.#widths[0x20] ?? 0;
  }

  /** Width of a text, as `show` sets it. */
  width(text: string): number {
    if (isPlain(text) || !mayNeedShaping(text)) return this.#plainWidth(text);
    let width = 0;
    for (const [index, word] of visualWords(text).entries()) {
      if (index > 0) width += this.space;
      const known = needsShaping(word) ? this.#words.get(word) : undefined;
      if (known === undefined) width += this.#plainWidth(word);
      else for (const run of known) width += run.width;
    }
    return width;
  }

  /** Writes what shows a text at the place where the pen is; words stand from left to right as on paper. */
  show(text: string, pen: Pen): void {
    if (isPlain(text) || !mayNeedShaping(text)) {
      this.#plain(text, pen);
      return;
    }
    // A word keeps its marks and its digits; the order of the words is the one of the line.
    for (const [index, word] of visualWords(text).entries()) {
      if (index > 0) this.#plain(' ', pen);
      const known = needsShaping(word) ? this.#words.get(word) : undefined;
      if (known === undefined) {
        this.#plain(word, pen);
        continue;
      }
      for (const run of known) showRun(run, pen);
      this.#tellMissing(word, pen);
    }
  }

  #tellMissing(word: string, { missing }: Pen): void {
    if (this.#missing.size === 0) return;
    for (const character of word) {
      const point = character.codePointAt(0) ?? 0;
      if (this.#missing.has(point)) missing.add(point);
    }
  }

  #plainWidth(text: string): number {
    let total = 0;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if ((this.#fonts[code] ?? -1) >= 0) total += this.#widths[code] ?? 0;
      else {
        const point = text.codePointAt(i) ?? code;
        if (point > 0xffff) i++;
        total += (this.#far.get(point) ?? this.#box).width;
      }
    }
    return total;
  }

  #plain(text: string, pen: Pen): void {
    const { out, rowGlyphs, missing } = pen;
    let isOpen = false;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      let font = this.#fonts[unit] ?? -1;
      let [code, digits] = [0, 0];
      if (font >= 0) {
        code = this.#codes[unit] ?? 0;
        digits = this.#digits[unit] ?? 0;
        if (this.#missing.size > 0 && this.#missing.has(unit)) missing.add(unit);
      } else {
        const point = text.codePointAt(i) ?? unit;
        if (point > 0xffff) i++;
        const far = this.#far.get(point);
        if (far === undefined || this.#missing.has(point)) missing.add(point);
        ({ font, code, digits } = far ?? this.#box);
      }
      if (!isOpen || font !== pen.font) {
        if (isOpen) close(out);
        choose(font, 0, pen);
        out.byte(less);
        isOpen = true;
      }
      out.hex(code, digits);
      rowGlyphs?.take(font, code);
    }
    if (isOpen) close(out);
  }
}

interface Glyph {
  readonly font: number;
  readonly code: number;
  readonly digits: number;
  readonly width: number;
}

function close(out: PdfBytes): void {
  out.byte(greater);
  out.text('Tj ');
}

/** Chooses font and rise, where another one is chosen. */
function choose(font: number, rise: number, pen: Pen): void {
  const { out } = pen;
  if (font !== pen.font) {
    out.byte(slash);
    out.text(pen.names[font] ?? '');
    out.byte(space);
    out.number(pen.size);
    out.text(' Tf ');
    pen.font = font;
  }
  if (rise !== pen.rise) {
    out.text(`${fixed((rise * pen.size) / 1000)} Ts `);
    pen.rise = rise;
  }
}

function showRun({ font, show, rise }: Run, pen: Pen): void {
  choose(font, rise, pen);
  pen.out.text(show);
  pen.out.byte(space);
  if (pen.rowGlyphs?.has(font) !== true) return;
  for (const [, hex = ''] of show.matchAll(/<([0-9a-f]+)>/g))
    for (let at = 0; at < hex.length; at += 4)
      pen.rowGlyphs.take(font, Number.parseInt(hex.slice(at, at + 4), 16));
}

/** The words of a line in the order in which they stand on paper. */
function visualWords(line: string): readonly string[] {
  const words = line.split(' ');
  if (!hasRightToLeft(line)) return words;
  const kinds = words.map((word) => (hasRightToLeft(word) ? 'right' : letter.test(word) ? 'left' : 'none'));
  const base = kinds.find((kind) => kind !== 'none');
  const groups: string[][] = [];
  for (let i = 0; i < words.length; ) {
    let end = i + 1;
    if (kinds[i] !== 'none' && kinds[i] !== base) {
      // Words of the other direction stay together, with what stands between them.
      for (let next = end; next < words.length && kinds[next] !== base; next++)
        if (kinds[next] !== 'none') end = next + 1;
    }
    const group = words.slice(i, end);
    groups.push(base === 'left' && end - i > 1 ? group.reverse() : group);
    i = end;
  }
  return (base === 'right' ? groups.reverse() : groups).flat();
}

const letter = /\p{L}/u;
