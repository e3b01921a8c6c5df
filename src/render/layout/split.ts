import type { Glyph } from '../fonts/pdfkit.js';
import { TextCache } from '../fonts/sharing.js';
import { Ink, pdfNumber, type ShapedWord, type Typeface } from '../fonts/typeface.js';
import { wordsOf } from './breaks.js';

/** Texts in words of one font, which are kept from one document to the next. */

/** A text in words, each shaped: the same for all sizes. */
export class Split extends Ink {
  #shown = '';
  #scale = 0;

  constructor(
    readonly words: readonly ShapedWord[],
    /** Which words end their lines; undefined where none does. */
    readonly ends: readonly boolean[] | undefined,
  ) {
    super();
  }

  protected glyphsTo(take: (glyphs: readonly Glyph[]) => void, user: object): void {
    for (const word of this.words) word.mark(take, user);
  }

  /** Each word at its place: readers that round the widths of glyphs would move the last one of a line. */
  show(scale: number): string {
    if (this.#scale === scale) return this.#shown;
    let shown = '';
    let before = 0;
    for (const word of this.words) {
      shown += shown === '' ? word.show() : moved(before, word.show());
      before = word.width * scale;
    }
    this.#shown = shown;
    this.#scale = scale;
    return shown;
  }
}

/** Operators that stand `x` points behind the begin of what was shown before. */
export function moved(x: number, operators: string): string {
  return ` ${pdfNumber(x)} 0 Td${operators}`;
}

const splits = new WeakMap<Typeface, TextCache<Split | null>>();

/** Undefined where the text is none that our own layout sets. */
export function splitOf(face: Typeface, text: string): Split | undefined {
  let known = splits.get(face);
  if (known === undefined) {
    known = new TextCache();
    splits.set(face, known);
  }
  let split = known.get(text);
  if (split === undefined) {
    split = newSplit(face, text);
    known.set(text, split);
  }
  return split ?? undefined;
}

function newSplit(face: Typeface, text: string): Split | null {
  const words: ShapedWord[] = [];
  const ends: boolean[] = [];
  for (const { text: word, lineEnd } of wordsOf(text)) {
    const shaped = face.word(word);
    if (shaped === undefined) return null;
    words.push(shaped);
    ends.push(lineEnd);
  }
  return new Split(words, ends.includes(true) ? ends : undefined);
}
