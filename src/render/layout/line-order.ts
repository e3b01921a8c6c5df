import bidiFactory, { type Bidi } from 'bidi-js';
import { clusters } from '../fonts/characters.js';
import { hasRightToLeft, mayTurn, numbersIn } from '../fonts/directions.js';

/**
 * The order of a line of which some is written from right to left (UAX #9): a paragraph has the direction of its first
 * letter, words of the other direction run the other way within it, and a number stays as it is written.
 */

/** A word of a paragraph that is measured. Lengths are points. */
export interface OrderedWord {
  readonly text: string;
  readonly width: number;
  readonly lineEnd?: boolean;
  readonly alignment?: unknown;
  readonly leadingCut?: number;
  /** Below zero: what it takes more where a line ends with it, for a hyphen. */
  readonly trailingCut?: number;
  readonly x?: unknown;
  /** Of its characters (UAX #9), where any of its paragraph runs from right to left; odd ones do. */
  levels?: Uint8Array | undefined;
  /** Of its paragraph. */
  baseLevel?: number;
}

/** A line whose words are known. */
export interface OrderedLine<W extends OrderedWord> {
  inlines: W[];
  readonly maxWidth: number;
  readonly lastLineInParagraph: boolean;
  readonly newLineForced?: boolean;
  inlineWidths: number;
  leadingCut: number;
  trailingCut: number;
}

type WidthOf<W> = (text: string, word: W) => number;

/** A part of a line that is drawn at once: all of one level, and all blank or not. */
interface Piece<W> {
  readonly word: W;
  readonly text: string;
  readonly isBlank: boolean;
  readonly level: number;
}

const blank = /\s/;
/** In the place of characters of two code units, of which the algorithm would look at each by itself. */
const astral = /[\u{10000}-\u{10ffff}]/gu;

function standIn(character: string): string {
  if (hasRightToLeft(character)) return '\u05d0\u05d0';
  return /[\p{L}\p{N}]/u.test(character) ? 'aa' : '\u2022\u2022';
}

export class LineOrder {
  #bidi: Bidi | undefined;

  /** Gives the words of a paragraph their levels, where any of it runs from right to left. */
  mark(words: readonly OrderedWord[]): void {
    if (!words.some(({ text }) => mayTurn(text))) return;
    this.#bidi ??= bidiFactory();
    const text = words.map((word) => (word.lineEnd === true ? `${word.text}\n` : word.text)).join('');
    const { levels, paragraphs } = this.#bidi.getEmbeddingLevels(text.replace(astral, standIn));
    for (const [start, end] of numbersIn(text)) {
      // A number may have more digits than a call takes arguments.
      const highest = levels.subarray(start, end).reduce((most, level) => Math.max(most, level), 0);
      levels.fill(highest, start, end);
    }
    let at = 0;
    let paragraph = 0;
    for (const word of words) {
      while (paragraph + 1 < paragraphs.length && at > (paragraphs[paragraph]?.end ?? at)) paragraph++;
      word.baseLevel = paragraphs[paragraph]?.level ?? 0;
      word.levels = levels.subarray(at, at + word.text.length);
      at += word.text.length + (word.lineEnd === true ? 1 : 0);
    }
  }

  /** Puts the words of a finished line into the order in which they stand on paper, with their places. */
  arrange<W extends OrderedWord>(line: OrderedLine<W>, widthOf: WidthOf<W>): void {
    const { inlines } = line;
    if (inlines.every(({ levels }) => levels === undefined)) return;
    const pieces = inlines.flatMap((word) => piecesOf(word));
    if (!pieces.some(({ level }) => level % 2 === 1)) return;
    // Blanks at the ends, which take no room.
    while (line.leadingCut > 0 && pieces[0]?.isBlank === true) pieces.shift();
    while (line.trailingCut > 0 && pieces.at(-1)?.isBlank === true) pieces.pop();
    if (pieces.length === 0) return;
    const placed = inOrder(pieces).map(({ word, text, level, isBlank }) => {
      const drawn = level % 2 === 1 && !hasRightToLeft(text) ? this.#turned(text) : text;
      const width = drawn === word.text ? word.width : widthOf(drawn, word);
      return { isBlank, inline: { ...word, text: drawn, width, leadingCut: 0, trailingCut: 0, x: 0 } };
    });
    justify(line, placed);
    let x = 0;
    for (const { inline } of placed) {
      inline.x = x;
      x += inline.width;
    }
    line.inlines = placed.map(({ inline }) => inline);
    line.inlineWidths = x;
    line.leadingCut = 0;
    line.trailingCut = 0;
  }

  /** What has no direction of its own, such as brackets, seen from the other side. */
  #turned(text: string): string {
    const mirror = (one: string): string => this.#bidi?.getMirroredCharacter(one) ?? one;
    return Array.from(clusters(text), mirror).reverse().join('');
  }
}

function piecesOf<W extends OrderedWord>(word: W): Piece<W>[] {
  const { text, levels, baseLevel = 0 } = word;
  // A hyphen that a broken word got has the level of its soft hyphen.
  const levelAt = (at: number): number => levels?.[at] ?? levels?.at(-1) ?? baseLevel;
  const pieces: Piece<W>[] = [];
  let start = 0;
  for (let at = 1; at <= text.length; at++) {
    const isBlank = blank.test(text.charAt(start));
    const level = levelAt(start);
    if (at < text.length && levelAt(at) === level && blank.test(text.charAt(at)) === isBlank) continue;
    pieces.push({ word, text: text.slice(start, at), isBlank, level });
    start = at;
  }
  return pieces;
}

/** Rules L1 and L2: blanks at the end have the level of the paragraph, and runs are reversed from the highest level down. */
function inOrder<W extends OrderedWord>(pieces: readonly Piece<W>[]): readonly Piece<W>[] {
  const ordered = [...pieces];
  for (let at = ordered.length - 1; at >= 0; at--) {
    const piece = ordered[at];
    if (piece === undefined || !piece.isBlank) break;
    ordered[at] = { ...piece, level: piece.word.baseLevel ?? 0 };
  }
  for (let level = Math.max(...ordered.map((piece) => piece.level)); level > 0; level--) {
    for (let start = 0; start < ordered.length; start++) {
      let end = start;
      while ((ordered[end]?.level ?? -1) >= level) end++;
      if (end === start) continue;
      ordered.splice(start, end - start, ...ordered.slice(start, end).reverse());
      start = end;
    }
  }
  return ordered;
}

/** Widens the blanks of a justified line: the engine would take each piece for a word. */
function justify(
  line: Omit<OrderedLine<OrderedWord>, 'inlines'>,
  placed: readonly {
    readonly isBlank: boolean;
    readonly inline: { alignment?: unknown; width: number };
  }[],
): void {
  if (placed[0]?.inline.alignment !== 'justify') return;
  const goesOn = line.newLineForced !== true && !line.lastLineInParagraph;
  const inner = placed.slice(1, -1).filter(({ isBlank }) => isBlank);
  const width = placed.reduce((sum, { inline }) => sum + inline.width, 0);
  const share = goesOn && inner.length > 0 ? Math.max(0, line.maxWidth - width) / inner.length : 0;
  for (const { inline } of inner) inline.width += share;
  for (const { inline } of placed) inline.alignment = 'left';
}
