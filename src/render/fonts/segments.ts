import { type FaceStyle, type Family, fallbackChain, findFamily } from './catalogue.js';

/** A stretch of text that one family can show. */
export interface Segment {
  readonly text: string;
  readonly family: string;
}

export interface Coverage {
  covers(faceId: string, codePoint: number): boolean;
}

/** Every bundled font has these, so text made of them needs no look at any font. */
const plain = /^[\x20-\x7e\n]*$/;
/** Characters that go with the ones before them, if the font there has them. */
const neutral = /[\p{M}\p{P}\p{Z}\p{Cf}\p{Nd}]/u;
/** Controls have no shape; tabs are set as spaces by the engine. */
const control = /(?![\t\n])\p{Cc}/gu;
const lineEnds = /\r\n?|[\u2028\u2029\u0085]/g;
/** Invisible when no font has them. */
const ignorable = /\p{Default_Ignorable_Code_Point}/u;
const rightToLeft = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

/** Distinct missing characters that are named in warnings; further ones are only counted. */
const maxMissing = 20;

/**
 * Splits text by the first family of a chain that has each character, keeping the runs as long as it can. Remembers
 * what no family has.
 */
export class Segmenter {
  readonly missing = new Set<number>();
  missingCount = 0;
  /** A JSON pointer to the first operation with a missing character. */
  firstMissing: string | undefined;
  firstRightToLeft: string | undefined;
  readonly #chains = new Map<string, readonly Family[]>();

  constructor(
    private readonly coverage: Coverage,
    private readonly language: string | undefined,
  ) {}

  #chain(family: string, language: string | undefined): readonly Family[] {
    const tag = language ?? this.language;
    const key = `${family} ${tag ?? ''}`;
    let chain = this.#chains.get(key);
    if (chain === undefined) {
      chain = fallbackChain(family, tag)
        .map((name) => findFamily(name))
        .filter((found) => found !== undefined);
      this.#chains.set(key, chain);
    }
    return chain;
  }

  /** The text in segments; `at` says where it came from. Control characters are left out, all line ends are `\n`. */
  split(
    source: string,
    family: string,
    style: FaceStyle,
    language: string | undefined,
    at: string,
  ): readonly Segment[] {
    if (plain.test(source)) return [{ text: source, family }];
    const text = source.replace(lineEnds, '\n').replace(control, '');
    if (this.firstRightToLeft === undefined && rightToLeft.test(text)) this.firstRightToLeft = at;
    const chain = this.#chain(family, language);
    const segments: { text: string; family: string }[] = [];
    let current: Family | undefined;
    let start = 0;
    let position = 0;
    const close = (end: number) => {
      if (current !== undefined && end > start)
        segments.push({ text: text.slice(start, end), family: current.name });
      start = end;
    };
    for (const character of text) {
      const code = character.codePointAt(0) ?? 0;
      const found = this.#familyFor(character, code, chain, style, current, at);
      if (found !== current && found !== undefined) {
        close(position);
        current = found;
      }
      position += character.length;
    }
    current ??= chain[0];
    close(text.length);
    return segments.length === 0 ? [{ text: '', family }] : segments;
  }

  #familyFor(
    character: string,
    code: number,
    chain: readonly Family[],
    style: FaceStyle,
    current: Family | undefined,
    at: string,
  ): Family | undefined {
    if (code === 0x0a || code === 0x09) return current ?? chain[0];
    const has = (family: Family) => this.coverage.covers(family.faces[style].id, code);
    if (
      current !== undefined &&
      (current === chain[0] || code > 0x7f || neutral.test(character)) &&
      has(current)
    ) {
      // Staying saves a run, but a letter goes back to the family that was asked for as soon as it can.
      if (
        current === chain[0] ||
        neutral.test(character) ||
        !chain.slice(0, chain.indexOf(current)).some(has)
      )
        return current;
    }
    for (const family of chain) if (has(family)) return family;
    if (!ignorable.test(character)) this.#miss(code, at);
    // A font with outlines draws its box for it; a standard font has none and would draw another letter.
    return current !== undefined && current.faces[style].source.type === 'file'
      ? current
      : chain.find((family) => family.faces[style].source.type === 'file');
  }

  #miss(code: number, at: string): void {
    this.missingCount++;
    this.firstMissing ??= at;
    if (this.missing.size < maxMissing) this.missing.add(code);
  }
}

/** `U+1F600` and so on, for a warning. */
export function nameCharacters(codes: Iterable<number>): string {
  return [...codes].map((code) => `U+${code.toString(16).toUpperCase().padStart(4, '0')}`).join(', ');
}
