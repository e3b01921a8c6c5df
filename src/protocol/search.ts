/**
 * Words, as a search and what it looks into are taken apart: the same on a server, for any engine, and in a page.
 */

/** A search that was read: all of it must hold. */
export interface Search {
  /** Each begins a word of the job. */
  readonly words: readonly string[];
  /** Each begins the id of the job. */
  readonly ids: readonly string[];
}

/** Characters of a word that count, in the job as in the search. */
const wordLength = 64;
/** An id or its beginning. */
const idStart = /^job_[0-9a-f]{0,24}$/;

const ascii = /^[\0-\x7f]*$/;
/** Accents, and the points and vowel signs that Hebrew and Arabic are written with or without. */
const accents = /[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]/g;
/** Letters that people write without what sets them apart, although it is no accent that could be taken away. */
const plain: Readonly<Record<string, string>> = {
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  æ: 'ae',
  œ: 'oe',
  ς: 'σ',
};
const notPlain = /[øłđðþæœς]/g;
/** Scripts that put no space between words: each character is one. */
const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/gu;
const betweenWords = /[^\p{L}\p{N}\p{M}]+/u;

/** The words of a text: runs of letters and digits, without case and accents. */
export function wordsOf(text: string): readonly string[] {
  return fold(text)
    .split(betweenWords)
    .flatMap((word) => (word === '' ? [] : [word.slice(0, wordLength)]));
}

/** A text without case and accents. */
function fold(text: string): string {
  if (ascii.test(text)) return text.toLowerCase();
  return (
    text
      .normalize('NFKD')
      .replace(accents, '')
      // Both: some letters have no lower or upper case of their own alone.
      .toUpperCase()
      .toLowerCase()
      .replace(notPlain, (letter) => plain[letter] ?? letter)
      .normalize('NFKC')
      .replace(unspaced, ' $& ')
  );
}

/**
 * Reads what somebody searches for: words, and ids or their beginnings. A text without a letter or digit is a word that
 * no job has; an empty one searches for nothing.
 */
export function readSearch(text: string): Search {
  const parts = text.split(/\s+/).filter((part) => part !== '');
  const isId = (part: string): boolean => idStart.test(part.toLowerCase());
  const words = new Set(parts.filter((part) => !isId(part)).flatMap(wordsOf));
  const ids = parts.filter(isId).map((part) => part.toLowerCase());
  const isWordless = words.size === 0 && ids.length === 0 && parts.length > 0;
  return { words: isWordless ? [parts.join('').slice(0, wordLength)] : [...words], ids };
}

/** Whether each of the sought words begins one of those that are there. */
export function haveWords(there: readonly string[], sought: readonly string[]): boolean {
  return sought.every((word) => there.some((one) => one.startsWith(word)));
}
