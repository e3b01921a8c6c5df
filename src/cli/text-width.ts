/** Text in character cells. Text here carries no escape sequences: colours come last. */

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const plainAscii = /^[\x20-\x7e]*$/;
/** East Asian Wide and Fullwidth (Unicode UAX 11), by block, and emoji that are drawn as pictures. */
const wide =
  /^(?:[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation})/u;
const invisible = /^[\p{Mn}\p{Me}\u200b\u2060\ufeff]+$/u;

/** Controls, and what turns the direction of the text around it. */
const unsafe = /[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/**
 * Text of others (a server, a file's name) as it may be shown: what a terminal would obey is replaced, and so are
 * line ends.
 */
export function readable(text: string): string {
  return text.replace(/\s*[\r\n\u2028\u2029]+\s*/g, ' ').replace(unsafe, '\ufffd');
}

export function widthOf(text: string): number {
  if (plainAscii.test(text)) return text.length;
  let cells = 0;
  for (const { segment } of graphemes.segment(text)) cells += cellsOf(segment);
  return cells;
}

/** The text, cut to so many cells; `mark` says that something is missing. */
export function cut(text: string, cells: number, mark = '…'): string {
  if (widthOf(text) <= cells) return text;
  const room = cells - widthOf(mark);
  if (room < 0) return '';
  let kept = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    used += cellsOf(segment);
    if (used > room) break;
    kept += segment;
  }
  return kept + mark;
}

/** The text in exactly so many cells. */
export function pad(text: string, cells: number, mark = '…'): string {
  const fitted = cut(text, cells, mark);
  return fitted + ' '.repeat(Math.max(0, cells - widthOf(fitted)));
}

/** The text in lines of so many cells, broken between words; a longer word keeps a line to itself. */
export function wrap(text: string, cells: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line === '' || widthOf(longer) <= cells) line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}

function cellsOf(grapheme: string): number {
  if (invisible.test(grapheme)) return 0;
  return wide.test(grapheme) ? 2 : 1;
}
