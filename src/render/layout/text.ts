import { clusterEnd } from '../fonts/characters.js';
import type { PairLayout } from '../fonts/pairs.js';
import type { PdfBytes } from '../fonts/pdf-bytes.js';
import type { Ink, Typeface, UsedGlyphs } from '../fonts/typeface.js';
import { isOneWord, isPlainText } from './breaks.js';
import { type Line, type Look, OpenLine, order, Word } from './line.js';
import { type Split, splitOf } from './split.js';

/** Paragraphs. Lengths are points. */

export type Alignment = 'left' | 'center' | 'right' | 'justify';

/** A text in one look, or a part of it. */
export interface TextPart {
  readonly text: string;
  readonly look: Look;
}

/** A document that marks the glyphs of what it shows. */
export interface GlyphUser {
  use(face: Typeface, ink: Ink): void;
}

/** Characters of a word whose rest is measured exactly at every break. */
const longWord = 2_000;

/** Less than decides whether a word is broken, points: a column may be as wide as its words but for the last digit. */
export const rounding = 1e-6;

/** A part of a paragraph in words. */
class Part {
  constructor(
    readonly split: Split,
    readonly look: Look,
    /** Its last word goes on in the next part. */
    readonly joined: boolean,
  ) {}
}

/** A text on one line, of which nothing is made but what shows it. */
class PlainText implements Ink {
  readonly isEmpty = false;

  constructor(
    readonly text: string,
    readonly look: Look,
    private readonly pairs: PairLayout,
  ) {}

  mark(used: UsedGlyphs): void {
    used.usePlain(this.text, this.pairs);
  }

  show(operators: PdfBytes, scale: number): void {
    this.pairs.showWords(this.text, operators, scale);
  }
}

/** Widths of a paragraph. */
interface Measures {
  readonly minWidth: number;
  readonly maxWidth: number;
  /** Of all words, spaces counted; the paragraph is one line where there is so much room. */
  readonly whole: number;
}

function measuresOf(parts: readonly Part[]): Measures {
  let minWidth = 0;
  let maxWidth = 0;
  let whole = 0;
  let line = 0;
  let lead = 0;
  let isFirst = true;
  for (const {
    split: { words, ends },
    look: { scale, leadScale },
  } of parts) {
    for (let i = 0; i < words.length; i++) {
      const word = words[i];
      if (word === undefined) break;
      const width = word.width * scale;
      const before = word.lead * leadScale;
      const after = word.trail * scale;
      const inner = width - before - after;
      if (inner > minWidth) minWidth = inner;
      if (isFirst) {
        line = 0;
        lead = before;
        isFirst = false;
      }
      line += width;
      whole += width;
      const sum = line - lead - after;
      if (sum > maxWidth) maxWidth = sum;
      if (ends?.[i] === true) {
        isFirst = true;
        whole = Number.POSITIVE_INFINITY;
      }
    }
  }
  return { minWidth, maxWidth, whole };
}

export class Paragraph {
  readonly minWidth: number;
  readonly maxWidth: number;
  /** As in `Measures`. */
  readonly #whole: number;
  /** Whether its words may become one, or stand in another order, once their line is known. */
  readonly #isSpecial: boolean;

  private constructor(
    { minWidth, maxWidth, whole }: Measures,
    readonly align: Alignment,
    /** Where its text is plain: it has parts when it turns out to be more than one line. */
    private readonly text: PlainText | undefined,
    private parts: readonly Part[] = [],
  ) {
    this.minWidth = minWidth;
    this.maxWidth = maxWidth;
    this.#isSpecial = parts.some(({ split }) => split.isSpecial);
    this.#whole = this.#isSpecial ? Number.POSITIVE_INFINITY : whole;
  }

  /** The parts, which a plain text has when it is asked for them. */
  #all(): readonly Part[] {
    const { text } = this;
    if (text !== undefined && this.parts.length === 0) {
      const split = splitOf(text.look.face, text.text);
      if (split === undefined) throw new Error('A text that was measured could not be shaped');
      this.parts = [new Part(split, text.look, false)];
    }
    return this.parts;
  }

  /** Undefined where a text is none that our own layout sets. */
  static of(texts: readonly TextPart[], align: Alignment, user: GlyphUser): Paragraph | undefined {
    const parts: Part[] = [];
    for (let i = texts.length - 1; i >= 0; i--) {
      const part = texts[i];
      if (part === undefined) break;
      const split = splitOf(part.look.face, part.text);
      if (split === undefined) return undefined;
      user.use(part.look.face, split);
      const next = parts.at(-1);
      parts.push(new Part(split, part.look, next !== undefined && isJoined(split, next.split)));
    }
    if (parts.length === 0) return undefined;
    parts.reverse();
    return new Paragraph(measuresOf(parts), align, undefined, parts);
  }

  /** A paragraph in one look; undefined as for `of`. */
  static plain(text: string, look: Look, align: Alignment, user: GlyphUser): Paragraph | undefined {
    const { face, scale } = look;
    const { pairs } = face;
    const widths = { widest: 0, whole: 0 };
    if (pairs !== undefined && isPlainText(text) && pairs.measure(text, scale, widths)) {
      const { widest: minWidth, whole } = widths;
      const plain = new PlainText(text, look, pairs);
      user.use(face, plain);
      return new Paragraph({ minWidth, maxWidth: whole, whole }, align, plain);
    }
    const split = splitOf(face, text);
    if (split === undefined) return undefined;
    user.use(face, split);
    const parts = [new Part(split, look, false)];
    return new Paragraph(measuresOf(parts), align, undefined, parts);
  }

  /** Height of its first lines in `room`; of all when `most` is left out. About what they take: words are not broken. */
  height(room: number, most = Number.POSITIVE_INFINITY): number {
    if (this.text !== undefined && this.#whole <= room) return this.text.look.height;
    let height = 0;
    let line = 0;
    let width = 0;
    let lines = 1;
    let ended = false;
    for (const {
      split: { words, ends },
      look: { scale, height: own },
    } of this.#all()) {
      for (let i = 0; i < words.length; i++) {
        const word = words[i];
        if (word === undefined) break;
        if (ended || (width > 0 && width + word.width * scale - word.trail * scale > room)) {
          if (lines >= most) return height + line;
          height += line;
          lines++;
          [line, width] = [0, 0];
        }
        width += word.width * scale;
        if (own > line) line = own;
        ended = ends?.[i] === true;
      }
    }
    return height + line;
  }

  /** For an estimate: the width of all words, those that end a line, and the height of the highest. */
  get extent(): { readonly width: number; readonly ends: number; readonly height: number } {
    if (this.text !== undefined) return { width: this.#whole, ends: 0, height: this.text.look.height };
    let [width, count, height] = [0, 0, 0];
    for (const {
      split: { words, ends = [] },
      look,
    } of this.#all()) {
      for (const word of words) width += word.width * look.scale;
      count += ends.filter((end) => end).length;
      height = Math.max(height, look.height);
    }
    return { width, ends: count, height };
  }

  /** The lines in `room` points. */
  lines(room: number): readonly Line[] {
    const { text, parts } = this;
    if (text !== undefined && this.#whole <= room && isPlain(text.look)) {
      const { look } = text;
      const word = new Word(text, '', look, this.#whole, 0, 0, false, false);
      return [{ words: [word], width: this.#whole, height: look.height, ascent: look.ascent, isLast: true }];
    }
    const only = parts[0];
    if (parts.length === 1 && only !== undefined && this.#whole <= room && isPlain(only.look)) {
      const { split, look } = only;
      const lead = (split.words[0]?.lead ?? 0) * look.leadScale;
      const trail = (split.words.at(-1)?.trail ?? 0) * look.scale;
      const word = new Word(split, '', look, this.#whole, lead, trail, false, false);
      word.x = 0 - lead;
      const width = this.#whole - lead - trail;
      return [{ words: [word], width, height: look.height, ascent: look.ascent, isLast: true }];
    }
    return this.#broken(room);
  }

  #words(): Word[] {
    const all: Word[] = [];
    for (const {
      split: { words, ends },
      look,
      joined: goesOn,
    } of this.#all()) {
      for (const [i, word] of words.entries()) {
        const joined = goesOn && i === words.length - 1;
        const { scale, leadScale } = look;
        const width = word.width * scale;
        const lead = word.lead * leadScale;
        const trail = word.trail * scale;
        all.push(new Word(word, word.text, look, width, lead, trail, ends?.[i] === true, joined));
      }
    }
    if (this.#isSpecial) order.mark(all);
    return all.reverse();
  }

  #broken(room: number): readonly Line[] {
    const lines: Line[] = [];
    /** The next one is the last. */
    const words = this.#words();
    while (words.length > 0) {
      const line = new OpenLine(room);
      let forced = false;
      for (let word = words.at(-1); word !== undefined; word = words.at(-1)) {
        if (!forced && !line.holds(word, word.joined ? ahead(words) : [])) break;
        words.pop();
        line.goOn();
        let wrapped = false;
        const left = room - line.width;
        if (word.text.length > 1 && word.width > left + rounding) {
          const [begin, rest] = brokenWord(word, left) ?? [];
          if (begin !== undefined && rest !== undefined) {
            line.broken ??= word.text;
            words.push(rest);
            word = begin;
            wrapped = true;
          }
        }
        line.add(word);
        forced = word.joined && !wrapped;
      }
      const isLast = words.length === 0;
      lines.push(this.#isSpecial ? line.arrange(isLast, this.align === 'justify') : line.close(isLast));
    }
    return lines;
  }
}

/** Whether words beside each other are drawn as one. */
function isPlain({ background, link, target }: Look): boolean {
  return background === undefined && link === undefined && target === undefined;
}

function isJoined(before: Split, after: Split): boolean {
  if (before.ends?.at(-1) === true) return false;
  return isOneWord(before.words.at(-1)?.text ?? '', after.words[0]?.text ?? '');
}

/** The words behind the next one that it takes along. */
function ahead(words: readonly Word[]): Word[] {
  const found: Word[] = [];
  for (let i = words.length - 2; i >= 0; i--) {
    const word = words[i];
    if (word === undefined) break;
    found.push(word);
    if (!word.joined) break;
  }
  return found;
}

/** As much of a word as `room` holds, one character at least, and the rest; undefined when nothing would be left. */
function brokenWord(word: Word, room: number): readonly [Word, Word] | undefined {
  const { text, look } = word;
  const shaped = (part: string) => look.face.word(part);
  const widthOf = (end: number) => (shaped(text.slice(0, end))?.width ?? 0) * look.scale;
  let [low, fit] = [1, 1];
  // Only as much of it is measured as a line may hold.
  let high = Math.min(text.length, 64);
  while (high < text.length && widthOf(high) <= room) {
    low = high;
    high = Math.min(text.length, high * 2);
  }
  while (low <= high) {
    const middle = Math.floor((low + high) / 2);
    if (widthOf(middle) <= room) {
      fit = middle;
      low = middle + 1;
    } else high = middle - 1;
  }
  fit = clusterEnd(text, fit);
  if (fit >= text.length) return undefined;
  const begin = shaped(text.slice(0, fit));
  if (begin === undefined) return undefined;
  const width = begin.width * look.scale;
  const after = text.slice(fit);
  // To shape the rest of a long one for each of its lines would take the square of its length.
  const end = after.length > longWord ? undefined : shaped(after);
  if (end === undefined && after.length <= longWord) return undefined;
  const rest = end === undefined ? word.width - width : end.width * look.scale;
  const both = [
    new Word(begin, begin.text, look, width, word.lead, 0, word.lineEnd, word.joined),
    new Word(end, after, look, rest, word.lead, word.trail, word.lineEnd, word.joined),
  ] as const;
  for (const one of both) one.baseLevel = word.baseLevel;
  both[0].levels = word.levels?.subarray(0, fit);
  both[1].levels = word.levels?.subarray(fit);
  return both;
}
