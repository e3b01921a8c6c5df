import type { Ink, Typeface } from '../fonts/typeface.js';
import { LineOrder, type OrderedLine, type OrderedWord } from './line-order.js';
import { closeSoftHyphens } from './soft-hyphens.js';

/** Words and the lines that they are in. Lengths are points. */

/** How a text looks. */
export interface Look {
  readonly face: Typeface;
  readonly size: number;
  /** `#rrggbb` or `black` */
  readonly color: string;
  /** Factor of the height of the font. */
  readonly lineHeight: number;
  readonly underline: boolean;
  readonly strike: boolean;
  readonly background: string | undefined;
  readonly link: string | undefined;
  /** The place in the document that it leads to, by its name. */
  readonly target: string | undefined;
  /** How far below its place in the line it stands: raised text has less than 0. */
  readonly drop: number;
  /** What follows from the rest. */
  readonly scale: number;
  /** As `scale`, for the spaces at the begin of a line; 0 where they are kept. */
  readonly leadScale: number;
  readonly height: number;
  readonly ascent: number;
}

/** A word of a paragraph, or several of one look that stand beside each other. */
export class Word {
  /** From the begin of its line. */
  x = 0;
  /** By which justified text has moved it away from the word before. */
  shift = 0;
  /** Of its characters and of its paragraph (UAX #9), where any of this runs from right to left. */
  levels: Uint8Array | undefined;
  baseLevel = 0;

  #ink: Ink | undefined;

  /** @param ink left out, it is shaped when it is drawn */
  constructor(
    ink: Ink | undefined,
    readonly text: string,
    readonly look: Look,
    readonly width: number,
    readonly lead: number,
    readonly trail: number,
    readonly lineEnd: boolean,
    readonly joined: boolean,
  ) {
    this.#ink = ink;
  }

  get ink(): Ink {
    this.#ink ??= this.look.face.word(this.text);
    if (this.#ink === undefined) throw new Error('A part of a word that was shaped could not be shaped');
    return this.#ink;
  }
}

export interface Line {
  readonly words: readonly Word[];
  /** Without the spaces at its ends. */
  readonly width: number;
  readonly height: number;
  readonly ascent: number;
  /** The paragraph ends with it, or it ends where the text has a line end. */
  readonly isLast: boolean;
  /** Its words are apart already, where it is justified. */
  readonly isSpread?: true;
  /** A word that it had no room for: it ends between two letters of it. */
  readonly broken?: string;
  readonly bookmark?: Bookmark;
  /** Its word stands for the number of the page with the bookmark of this id, and keeps to the right. */
  readonly pageOf?: string;
}

/** A place that the outline of the document leads to. */
export interface Bookmark {
  readonly id: string;
  readonly title: string;
  /** The id of the one that it is below. */
  readonly parent: string | undefined;
}

/** A line in the making. */
export class OpenLine {
  readonly words: Word[] = [];
  ended = false;
  broken: string | undefined;
  #widths = 0;
  #lead = 0;
  #trail = 0;

  constructor(readonly room: number) {}

  get width(): number {
    return this.#widths - this.#lead - this.#trail;
  }

  /** A word comes behind those that are there: none of them takes a hyphen. */
  goOn(): void {
    if (this.#trail < 0) this.#trail = 0;
  }

  add(word: Word): void {
    if (this.words.length === 0) this.#lead = word.lead;
    this.#trail = word.trail;
    word.x = this.#widths - this.#lead;
    this.words.push(word);
    this.#widths += word.width;
    if (word.lineEnd) this.ended = true;
  }

  /** Whether the word has room with those behind it that belong to it. */
  holds(word: Word, next: readonly Word[]): boolean {
    if (this.words.length === 0) return true;
    if (this.ended) return false;
    let { width, trail } = word;
    if (word.joined)
      for (const one of next) {
        width += one.width;
        trail += one.trail;
        if (!one.joined) break;
      }
    return this.#widths + width - this.#lead - trail <= this.room;
  }

  close(isLast: boolean): Line {
    return this.#line(this.words, this.width, isLast);
  }

  #line(words: readonly Word[], width: number, isLast: boolean): Line {
    let height = 0;
    let ascent = 0;
    for (const { look } of words) {
      if (look.height > height) height = look.height;
      if (look.ascent > ascent) ascent = look.ascent;
    }
    const { broken } = this;
    const line = { words, width, height, ascent, isLast: isLast || this.ended };
    return broken === undefined ? line : { ...line, broken };
  }

  /** As `close`, of words that may become one or stand in another order. */
  arrange(isLast: boolean, isJustified: boolean): Line {
    const arranged: Arranged = {
      inlines: this.words.map((word) => ({
        word,
        text: word.text,
        width: word.width,
        lineEnd: word.lineEnd,
        alignment: isJustified ? 'justify' : 'left',
        leadingCut: word.lead,
        trailingCut: word.trail,
        x: word.x,
        levels: word.levels,
        baseLevel: word.baseLevel,
      })),
      maxWidth: this.room,
      lastLineInParagraph: isLast,
      newLineForced: this.ended,
      inlineWidths: this.#widths,
      leadingCut: this.#lead,
      trailingCut: this.#trail,
    };
    const widthOf = (text: string, { word: { look } }: ArrangedWord) =>
      (look.face.word(text)?.width ?? 0) * look.scale;
    closeSoftHyphens(arranged, !isLast, widthOf, (one, other) => one.word.look === other.word.look);
    order.arrange(arranged, widthOf);
    const { inlines, inlineWidths, leadingCut, trailingCut } = arranged;
    const isSpread = isJustified && inlines[0]?.alignment === 'left';
    // Blanks at the ends that are left out may have been higher than all that is there.
    const line = this.#line(inlines.map(wordOf), inlineWidths - leadingCut - trailingCut, isLast);
    return isSpread ? { ...line, isSpread } : line;
  }
}

/** The order of words of all paragraphs: it remembers nothing of them. */
export const order = new LineOrder();

interface ArrangedWord extends OrderedWord {
  /** The one that it was, or was a part of. */
  readonly word: Word;
  readonly x: number;
}
type Arranged = OrderedLine<ArrangedWord>;

function wordOf({ word, text, width, leadingCut = 0, trailingCut = 0, x }: ArrangedWord): Word {
  if (text === word.text && width === word.width && x === word.x) return word;
  const { look, lineEnd, joined } = word;
  const ink = text === word.text ? word.ink : undefined;
  const own = new Word(ink, text, look, width, leadingCut, trailingCut, lineEnd, joined);
  own.x = x;
  return own;
}
