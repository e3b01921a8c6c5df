import type { JobWarning } from '../../src/protocol/job-record.js';
import { hasRightToLeft } from '../../src/render/fonts/directions.js';
import type { Letter } from './reader.js';

export const isWarned = (warnings: readonly JobWarning[], at: string): boolean =>
  warnings.some(
    ({ code, pointer = '/' }) =>
      // All of the word is there nevertheless.
      code !== 'broken_word' &&
      (pointer === at ||
        pointer.startsWith(`${at}/`) ||
        // What is kept together is placed as one thing.
        (at.startsWith(`${pointer}/operations/`) && pointer !== '')),
  );

/** Whether it is told that a word of it is broken. */
export const isToldBroken = (warnings: readonly JobWarning[], at: string): boolean =>
  warnings.some(({ code, pointer }) => code === 'broken_word' && pointer === at);

/** Whether two letters of a line have much between them, or are of sizes that no word has: one is of a watermark. */
export function hasGap(place: readonly Letter[]): boolean {
  return place.some((letter, i) => {
    const next = place[i + 1];
    if (next === undefined || next.page !== letter.page) return false;
    const height = letter.bottom - letter.top;
    if (next.bottom - next.top > 2 * height || next.bottom - next.top < height / 2) return true;
    if (Math.abs(next.top - letter.top) > height / 2) return false;
    return Math.max(next.left - letter.right, letter.left - next.right) > height / 3;
  });
}

/** A text that is searched by its characters, with the letter of each. */
export class Found {
  readonly #text: string;
  readonly #letters: Letter[] = [];
  #rest: string;
  constructor(letters: readonly Letter[]) {
    for (const letter of letters) for (const _ of letter.text) this.#letters.push(letter);
    this.#text = letters.map(({ text }) => text).join('');
    this.#rest = this.#text;
  }

  /** Letters of the places where a word stands. */
  places(word: string): Letter[][] {
    const places: Letter[][] = [];
    for (let at = this.#text.indexOf(word); at >= 0; at = this.#text.indexOf(word, at + 1)) {
      const begin = [...this.#text.slice(0, at)].length;
      places.push(this.#letters.slice(begin, begin + [...word].length));
    }
    // Letters of two cells may make a word by chance: they are still looked for in what is broken.
    if (places.some((place) => !hasGap(place))) this.#rest = this.#rest.replaceAll(word, '');
    return places;
  }

  /** Whether each of its letters is there somewhere. */
  hasLetters(word: string): boolean {
    return [...word].every((character) => this.#text.includes(character));
  }

  /** Whether the word is in what no other word took, in order: a line or page ended within it. To be asked last. */
  isBroken(word: string): boolean {
    const characters = [...word];
    // Its first part, in the upper line, reads from right to left as the other one does.
    if (hasRightToLeft(word)) return characters.every((character) => this.#rest.includes(character));
    let at = 0;
    for (const character of this.#rest) if (character === characters[at]) at++;
    return at === characters.length;
  }
}
