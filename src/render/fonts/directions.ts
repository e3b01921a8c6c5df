/** The order in which the parts of a word stand on paper when some of it is written from right to left. */

export interface Stretch {
  readonly text: string;
  readonly rightToLeft: boolean;
}

const rightToLeftLetter =
  /(?=\p{L})[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}]|\p{Script=Nko}/u;

export function hasRightToLeft(text: string): boolean {
  return rightToLeftLetter.test(text);
}

/** What is written from right to left, and what says so of its neighbours: every character that may turn any text. */
const turning =
  /[\u0590-\u08ff\u200f\u202b\u202e\u2067\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** False where no part of the text runs from right to left; quick to ask. */
export function mayTurn(text: string): boolean {
  return turning.test(text);
}

/** A number with what belongs to it. Digits of N'Ko are as its letters. */
const wholeNumber =
  /[#$£¥€₪]?(?:(?![\u07c0-\u07c9])\p{Nd})+(?:[.,:/\u066b\u066c+-](?:(?![\u07c0-\u07c9])\p{Nd})+)*[%\u066a°]?/gu;

/** Where the numbers of a text are; each stands as it is written, whatever is around it. */
export function numbersIn(text: string): readonly (readonly [start: number, end: number])[] {
  return Array.from(text.matchAll(wholeNumber), ({ index, 0: { length } }) => [index, index + length]);
}

/** A number, a letter with its marks, or anything else. */
const token = new RegExp(`${wholeNumber.source}|\\P{M}\\p{M}*|\\p{M}+`, 'gu');
const number = /\p{Nd}/u;
const letter = /\p{L}/u;

type Kind = 'right' | 'left' | 'number' | 'neutral';

function kindOf(text: string): Kind {
  if (rightToLeftLetter.test(text)) return 'right';
  if (number.test(text)) return 'number';
  return letter.test(text) ? 'left' : 'neutral';
}

const mirrors: Readonly<Record<string, string>> = {
  '(': ')',
  ')': '(',
  '[': ']',
  ']': '[',
  '{': '}',
  '}': '{',
  '<': '>',
  '>': '<',
  '«': '»',
  '»': '«',
  '‹': '›',
  '›': '‹',
};

/** 0: from left to right; 1: from right to left; 2: from left to right within a stretch of level 1. */
function levelsOf(found: readonly Kind[]): number[] {
  const base = found.find((kind) => kind === 'right' || kind === 'left') === 'right' ? 1 : 0;
  const levelOf = { left: 2 * base, right: 1, number: 2, neutral: -1 } as const;
  // A number behind a letter that is written from left to right is part of that word.
  let strong: Kind = base === 1 ? 'right' : 'left';
  const kinds = found.map((kind) => {
    if (kind === 'right' || kind === 'left') strong = kind;
    return kind === 'number' && strong === 'left' ? 'left' : kind;
  });
  const levels = kinds.map((kind): number => levelOf[kind]);
  // What has no direction goes with its neighbours when they agree, numbers counting as the script they are in.
  const sideOf = (kind: Kind | undefined): number =>
    kind === undefined ? base : kind === 'left' ? levelOf.left : 1;
  for (let i = 0; i < levels.length; i++) {
    if (levels[i] !== -1) continue;
    let end = i;
    while (levels[end] === -1) end++;
    const before = sideOf(kinds[i - 1]);
    levels.fill(before === sideOf(kinds[end]) ? before : base, i, end);
  }
  return levels;
}

/**
 * The stretches of a word from left to right, each to be laid out in its own direction. Digits always run from left to
 * right. White space at the ends of the word stays there: a paragraph puts its words in order before.
 */
export function stretchesOf(word: string): readonly Stretch[] {
  if (!hasRightToLeft(word)) return [{ text: word, rightToLeft: false }];
  const start = word.length - word.trimStart().length;
  const end = word.trimEnd().length;
  const tokens = word.slice(start, end).match(token) ?? [];
  const levels = levelsOf(tokens.map(kindOf));
  const stretches: { text: string; level: number }[] = [];
  for (const [i, text] of tokens.entries()) {
    const level = levels[i] ?? 0;
    const last = stretches.at(-1);
    if (last?.level === level) last.text += text;
    else stretches.push({ text, level });
  }
  const ordered: typeof stretches = [];
  const turned: typeof stretches = [];
  // One by one: more than some 100,000 arguments throw, and a word may have more stretches.
  const takeTurned = () => {
    for (let last = turned.pop(); last !== undefined; last = turned.pop()) ordered.push(last);
  };
  for (const stretch of stretches) {
    if (stretch.level > 0) turned.push(stretch);
    else {
      takeTurned();
      ordered.push(stretch);
    }
  }
  takeTurned();
  return [
    { text: word.slice(0, start), rightToLeft: false },
    ...ordered.map(({ text, level }) =>
      level === 1
        ? { text: text.replace(/[()[\]{}<>«»‹›]/g, (sign) => mirrors[sign] ?? sign), rightToLeft: true }
        : { text, rightToLeft: false },
    ),
    { text: word.slice(end), rightToLeft: false },
  ].filter(({ text }) => text !== '');
}
