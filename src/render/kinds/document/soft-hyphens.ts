import { softHyphen } from '../../fonts/characters.js';
import type { Inline, Line } from './page-items.js';

/**
 * Soft hyphens: a word may be broken at one, and then a hyphen is printed. The line breaker ends a word behind each of
 * them; what is left here is the room for the hyphen, the hyphen, and to put words together that were not broken.
 */

type WidthOf = (text: string, word: Inline) => number;

const softHyphenCode = softHyphen.charCodeAt(0);

function endsSoft(word: Inline | undefined): word is Inline {
  return word !== undefined && word.text.charCodeAt(word.text.length - 1) === softHyphenCode;
}

function withoutEnd(text: string): string {
  let end = text.length;
  while (text.charCodeAt(end - 1) === softHyphenCode) end--;
  return text.slice(0, end);
}

/** Lets a measured word take the room of a hyphen where it is the last of its line. */
export function reserveHyphen(word: Inline, widthOf: WidthOf): void {
  if (endsSoft(word)) word.trailingCut = -widthOf('-', word);
}

const look = [
  'font',
  'fontSize',
  'color',
  'background',
  'decoration',
  'decorationColor',
  'decorationStyle',
  'link',
  'sup',
  'sub',
  'characterSpacing',
] as const;

function sameLook(one: Inline, other: Inline): boolean {
  return look.every((name) => one[name] === other[name]);
}

/** The level of each character of a word that was put together, `end` characters of it from before the soft hyphen. */
function joinedLevels(before: Inline, end: number, after: Inline): { levels?: Uint8Array } {
  if (before.levels === undefined || after.levels === undefined) return {};
  return { levels: Uint8Array.from([...before.levels.subarray(0, end), ...after.levels]) };
}

/**
 * The words of a finished line: a word that was not broken is one again, so that justified text has no gaps in it, and
 * the last has its hyphen when the paragraph goes on (`more`) in the middle of it and there is room.
 */
export function closeSoftHyphens(line: Line, more: boolean, widthOf: WidthOf): void {
  const { inlines } = line;
  if (!inlines.some(endsSoft)) return;
  const words: Inline[] = [];
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
