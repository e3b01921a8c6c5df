import type { Glyph } from '../pdf-tools/text-layout.js';

/** Words of one page: more are not read on a screen. */
const maxWords = 50_000;

/** A word and where it stands: left, top, width and height, as parts of the page (0 to 1), from its upper left corner as it is shown. */
export interface PageWord {
  readonly text: string;
  readonly box: readonly [number, number, number, number];
}

export interface PageText {
  /** In the order in which they are read. */
  readonly lines: readonly (readonly PageWord[])[];
  /** There were more words than are told. */
  readonly cut?: true;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * Characters with their places as words in lines. Pure.
 * @param page in the unit of the boxes
 */
export function wordsOf(glyphs: readonly Glyph[], page: Size): PageText {
  const lines: PageWord[][] = [];
  let line: PageWord[] = [];
  let word: Glyph[] = [];
  let count = 0;
  const endWord = (): void => {
    const made = wordOf(word, page);
    word = [];
    if (made === undefined) return;
    count += 1;
    line.push(made);
  };
  const endLine = (): void => {
    endWord();
    if (line.length > 0) lines.push(line);
    line = [];
  };
  for (const glyph of glyphs) {
    if (count >= maxWords) break;
    if (/[\r\n]/.test(glyph.text)) endLine();
    else if (/^\s*$/.test(glyph.text)) endWord();
    else word.push(glyph);
  }
  endLine();
  return count >= maxWords ? { lines, cut: true } : { lines };
}

function wordOf(glyphs: readonly Glyph[], { width, height }: Size): PageWord | undefined {
  const boxes = glyphs.flatMap(({ box }) => (box === undefined ? [] : [box]));
  if (boxes.length === 0) return undefined;
  const left = boxes.reduce((least, box) => Math.min(least, box.left), Infinity);
  const top = boxes.reduce((least, box) => Math.min(least, box.top), Infinity);
  const right = boxes.reduce((most, box) => Math.max(most, box.right), -Infinity);
  const bottom = boxes.reduce((most, box) => Math.max(most, box.bottom), -Infinity);
  const box = [left / width, top / height, (right - left) / width, (bottom - top) / height] as const;
  const [x, y, w, h] = box.map((part) => Math.round(part * 100_000) / 100_000);
  return { text: glyphs.map(({ text }) => text).join(''), box: [x ?? 0, y ?? 0, w ?? 0, h ?? 0] };
}
