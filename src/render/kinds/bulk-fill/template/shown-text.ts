import { composed, hasFormatting } from '../../../fonts/characters.js';

/** How a value is read before it is drawn. The pre-scan and the row filler must agree on it. */

/**
 * Letters, digits and marks of punctuation that stand each for itself: without controls, marks that are put above others,
 * and scripts that are moved or turned.
 */
const standing: readonly (readonly [from: number, to: number])[] = [
  [0x20, 0x7e],
  [0xa0, 0xac],
  [0xae, 0x2ff],
  [0x370, 0x482],
  [0x48a, 0x52f],
  [0x1e00, 0x1fff],
  [0x20a0, 0x20c0],
];
const standsAlone = new Uint8Array(0x20c1);
for (const [from, to] of standing) standsAlone.fill(1, from, to + 1);

/** Whether a text is shown as it is, one glyph after the other: true of most, and sooner found out than what else is. */
export function isPlain(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (standsAlone[text.charCodeAt(i)] !== 1) return false;
  return true;
}

const breaks = /\r\n?|[\n\u2028\u2029]/g;
/** Soft hyphens with them: fonts have a hyphen there, and no line is broken at one. */
const controls = /(?!\n)[\p{Cc}\u00ad]/gu;

/** The text with its letters composed, its line ends `\n`, or spaces where there is one line, and no controls. */
export function shownText(text: string, lines: boolean): string {
  if (isPlain(text)) return text;
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

const mayBeShaped =
  /\u00ad|[\u0300-\u036f\u0590-\u08ff\u0900-\u109f\u1780-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufb1d-\ufeff\ufff0-\uffff\ud82f\ud834\ud83c\udb40-\udb43]/;

/** Whether a text may have a word that needs shaping: sooner found out than which one, and no for most texts of East Asia. */
export function mayNeedShaping(text: string): boolean {
  return mayBeShaped.test(text);
}
