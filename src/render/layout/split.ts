import { softHyphen } from '../fonts/characters.js';
import { mayTurn } from '../fonts/directions.js';
import type { PdfBytes } from '../fonts/pdf-bytes.js';
import { TextCache } from '../fonts/sharing.js';
import type { Ink, ShapedWord, Typeface, UsedGlyphs } from '../fonts/typeface.js';
import { plainWordsOf, wordsOf } from './breaks.js';

/** Texts in words of one font, which are kept from one document to the next. */

/** A text in words, each shaped: the same for all sizes. */
export class Split implements Ink {
  constructor(
    readonly words: readonly ShapedWord[],
    /** Which words end their lines; undefined where none does. */
    readonly ends: readonly boolean[] | undefined,
    /** Whether words of it may be one, or stand in another order, once their line is known. */
    readonly isSpecial = false,
  ) {}

  get isEmpty(): boolean {
    return this.words.every(({ isEmpty }) => isEmpty);
  }

  mark(used: UsedGlyphs): void {
    for (const word of this.words) word.mark(used);
  }

  /** Each word at its place: readers that round the widths of glyphs would move the last one of a line. */
  show(operators: PdfBytes, scale: number): void {
    let isBegun = false;
    let before = 0;
    for (const word of this.words) {
      if (isBegun) move(before, operators);
      isBegun ||= !word.isEmpty;
      word.show(operators, scale);
      before = word.width * scale;
    }
  }
}

/** What comes next stands `x` points behind the begin of what was shown before. */
export function move(x: number, operators: PdfBytes): void {
  operators.text(' ');
  operators.operand(x);
  operators.text('0 Td');
}

const splits = new WeakMap<Typeface, TextCache<Split | null>>();

/** Amounts, numbers and dates hardly ever come again; kept, they would push out what does. */
const hardlyRepeats = /[0-9]/;

/** Undefined where the text is none that our own layout sets. */
export function splitOf(face: Typeface, text: string): Split | undefined {
  if (hardlyRepeats.test(text)) return newSplit(face, text) ?? undefined;
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
  const plain = plainWordsOf(text);
  if (plain !== undefined) {
    const shaped = plain.map((word) => face.word(word));
    return shaped.every((word) => word !== undefined) ? new Split(shaped, undefined) : null;
  }
  const words: ShapedWord[] = [];
  const ends: boolean[] = [];
  for (const { text: word, lineEnd } of wordsOf(text)) {
    const shaped = face.word(word);
    if (shaped === undefined) return null;
    words.push(shaped);
    ends.push(lineEnd);
  }
  const isSpecial = mayTurn(text) || text.includes(softHyphen);
  return new Split(words, ends.includes(true) ? ends : undefined, isSpecial);
}
