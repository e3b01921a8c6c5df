import { composed, hasFormatting } from '../../../fonts/characters.js';

/** How a value is read before it is drawn. The pre-scan and the row filler must agree on it. */

const plain = /^[\x20-\x7e]*$/;
const breaks = /\r\n?|[\n\u2028\u2029]/g;
const controls = /(?!\n)\p{Cc}/gu;

/** The text with its letters composed, its line ends `\n`, or spaces where there is one line, and no controls. */
export function shownText(text: string, lines: boolean): string {
  if (plain.test(text)) return text;
  const broken = text.replace(breaks, lines ? '\n' : ' ').replace(/\t/g, ' ');
  return composed(broken).replace(controls, '');
}

/** Scripts whose letters change, are moved or are written from right to left. */
const shaping =
  /[\u0300-\u036f\u0590-\u08ff\u0900-\u0dff\u0e31-\u0e4e\u0eb1-\u0ece\u0f00-\u109f\u1780-\u17ff\ufb1d-\ufdff\ufe70-\ufefc]|[\ufe00-\ufe0f]|\p{Regional_Indicator}/u;

/** Whether glyphs of the word cannot be looked up one by one. */
export function needsShaping(word: string): boolean {
  return shaping.test(word) || hasFormatting(word);
}
