import { softHyphen } from '../fonts/characters.js';
import type { OrderedLine, OrderedWord } from './line-order.js';

/**
 * Soft hyphens: a word may be broken at one, and then a hyphen is printed. The line breaker ends a word behind each of
 * them; what is left here is the room for the hyphen, the hyphen, and to put words together that were not broken.
 */

type WidthOf<W> = (text: string, word: W) => number;

const softHyphenCode = softHyphen.charCodeAt(0);

function endsSoft<W extends OrderedWord>(word: W | undefined): word is W {
  return word !== undefined && word.text.charCodeAt(word.text.length - 1) === softHyphenCode;
}

function withoutEnd(text: string): string {
  let end = text.length;
  while (text.charCodeAt(end - 1) === softHyphenCode) end--;
  return text.slice(0, end);
}

/** Lets a measured word take the room of a hyphen where it is the last of its line. */
export function reserveHyphen<W extends OrderedWord & { trailingCut?: number }>(
  word: W,
  widthOf: WidthOf<W>,
): void {
  if (endsSoft(word)) word.trailingCut = -widthOf('-', word);
}

/** The level of each character of a word that was put together, `end` characters of it from before the soft hyphen. */
function joinedLevels(before: OrderedWord, end: number, after: OrderedWord): { levels?: Uint8Array } {
  if (before.levels === undefined || after.levels === undefined) return {};
  return { levels: Uint8Array.from([...before.levels.subarray(0, end), ...after.levels]) };
}

/**
 * The words of a finished line: a word that was not broken is one again, so that justified text has no gaps in it, and
 * the last has its hyphen when the paragraph goes on (`more`) in the middle of it and there is room. Words of another look
 * stay apart.
 */
export function closeSoftHyphens<W extends OrderedWord>(
  line: OrderedLine<W>,
  more: boolean,
  widthOf: WidthOf<W>,
  sameLook: (one: W, other: W) => boolean,
): void {
  const { inlines } = line;
  if (!inlines.some(endsSoft)) return;
  const words: W[] = [];
  for (const inline of inlines) {
    const before = words.at(-1);
    if (endsSoft(before) && sameLook(before, inline)) {
      const begin = withoutEnd(before.text);
      words[words.length - 1] = {
        ...inline,
        ...joinedLevels(before, begin.length, inline),
        text: begin + inline.text,
        width: before.width + inline.width,
        leadingCut: before.leadingCut ?? 0,
        x: before.x,
      };
    } else words.push(inline);
  }
  line.inlines = words;
  const last = words.at(-1);
  if (!endsSoft(last)) return;
  line.trailingCut = 0;
  const hyphen = widthOf('-', last);
  if (!more || last.lineEnd === true || line.inlineWidths + hyphen - line.leadingCut > line.maxWidth) return;
  words[words.length - 1] = {
    ...last,
    text: `${withoutEnd(last.text)}-`,
    width: last.width + hyphen,
    trailingCut: 0,
  };
  line.inlineWidths += hyphen;
}
