import { hasRightToLeft } from '../../src/render/fonts/directions.js';

/** Chance from a seed, and words that are told apart wherever they stand. */

export interface Chance {
  /** Whole, from `least` to `most`. */
  whole(least: number, most: number): number;
  /** From `least` to `most`. */
  between(least: number, most: number): number;
  maybe(share: number): boolean;
  one<T>(of: readonly [T, ...T[]]): T;
}

/** Mulberry32: one seed, one sequence, on every machine. */
export function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    whole: (least, most) => least + Math.floor(next() * (most - least + 1)),
    between: (least, most) => least + next() * (most - least),
    maybe: (share) => next() < share,
    one: (of) => of[Math.floor(next() * of.length)] ?? of[0],
  };
}

/** Letters of every script that the fonts cover; `f` is left out because of ligatures. */
const scripts = {
  latin: 'abcdeghjkmnopqrstuvwxyz',
  accents: 'äöüéñçåøšžčğşőáîæ',
  greek: 'αβγδεζηθκλμνξπρστφχψω',
  cyrillic: 'абвгдежзийклмнопрстуя',
  armenian: 'աբգդեզէըթժխծկհձղ',
  georgian: 'აბგდევზთიკლმნოპჟ',
  kana: 'あいうえおかきくけこさしすせそ',
  han: '日本語国年月火水木金土学校',
  hangul: '가나다라마바사아자차카타파하',
  hebrew: 'אבגדהוזחטיכלמנסעפצקרשת',
  // Without lam and alef, which become one.
  arabic: 'بتثجحخدذرزسشصضطظعغقكمنهي',
} as const;

export type Script = keyof typeof scripts | 'decomposed' | 'hyphens';
const names: readonly [Script, ...Script[]] = [
  'latin',
  'latin',
  'latin',
  ...(Object.keys(scripts) as Script[]),
  'decomposed',
  'hyphens',
];

/** Makes words; no one of them is in another. */
export class Words {
  readonly #known: string[] = [];
  /** Few scripts each: a document with every font costs many times as much. */
  readonly #scripts: readonly [Script, ...Script[]];
  constructor(private readonly chance: Chance) {
    this.#scripts = ['latin', 'latin', chance.one(names), chance.one(names)];
  }

  #letters(script: keyof typeof scripts, count: number): string {
    const letters = [...scripts[script]];
    return Array.from({ length: count }, () => letters[this.chance.whole(0, letters.length - 1)]).join('');
  }

  #written(script: Script, length: number): string {
    if (script === 'decomposed') return `${this.#letters('latin', length - 2)}o\u0308u\u0301`;
    if (script === 'hyphens')
      return `${this.#letters('latin', length - 2)}\u00ad${this.#letters('latin', 3)}`;
    return this.#letters(script, length);
  }

  /** A word as it is written; `readAs` says how it reads. */
  next(script: Script = this.chance.one(this.#scripts)): string {
    for (let tries = 0; ; tries++) {
      const written = this.#written(script, this.chance.whole(5, 7) + Math.floor(tries / 20));
      const read = readAs(written);
      if (this.#known.some((known) => known.includes(read) || read.includes(known))) continue;
      this.#known.push(read);
      return written;
    }
  }
}

/** As a reader finds it: composed, without what only says where a line may end. */
export function readAs(word: string): string {
  return word.normalize('NFC').replaceAll('\u00ad', '');
}

/** Whether no line may end within a word, and the reader has its letters in their order. */
export function isOnePiece(word: string): boolean {
  return (
    !hasRightToLeft(word) && !/[\u00ad\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}]/u.test(word)
  );
}
