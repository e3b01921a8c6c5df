import { emojiFamily, type FaceStyle, type Family, fallbackChain, findFamily } from './catalogue.js';
import { clusters, composed, withoutFormatting } from './characters.js';

/** A stretch of text that one family can show. */
export interface Segment {
  readonly text: string;
  readonly family: string;
}

export interface Coverage {
  covers(faceId: string, codePoint: number): boolean;
}

/** Every bundled font but that of emoji has these, so text made of them needs no look at any font. */
const plain = /^[\x20-\x7e\n]*$/;
/** No marks, controls nor formatting: each character is shown by itself, in the font that was asked for if that has it. */
const latin = /^[\x20-\x7e\n\xa0-\xac\xae-\u02ff\u20ac]*$/;
/** Characters that go with the ones before them, if the font there has them. */
const neutral = /[\p{M}\p{P}\p{Z}\p{Cf}\p{Nd}]/u;
/** Controls have no shape; tabs are set as spaces by the engine. */
const control = /(?![\t\n])\p{Cc}/gu;
const lineEnds = /\r\n?|[\u2028\u2029\u0085]/g;

/** Distinct missing characters that are named in warnings; further ones are only counted. */
const maxMissing = 20;

/**
 * Splits text by the first family of a chain that has each character with its marks, keeping the runs as long as it
 * can. Remembers what no family has.
 */
export class Segmenter {
  readonly missing = new Set<number>();
  missingCount = 0;
  /** A JSON pointer to the first operation with a missing character. */
  firstMissing: string | undefined;
  readonly #chains = new Map<string, readonly Family[]>();

  constructor(
    private readonly coverage: Coverage,
    private readonly language: string | undefined,
    /** Called with each text. */
    private readonly onText: () => void = () => undefined,
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

  /**
   * The text in segments; `at` says where it came from. Control characters are left out, all line ends are `\n`, and
   * letters are composed with their marks.
   */
  split(
    source: string,
    family: string,
    style: FaceStyle,
    language: string | undefined,
    at: string,
  ): readonly Segment[] {
    if (this.isWhole(source, family, style)) return [{ text: source, family }];
    const text = composed(source.replace(lineEnds, '\n').replace(control, ''));
    const chain = this.#chain(family, language);
    const segments: { text: string; family: string }[] = [];
    let current: Family | undefined;
    let start = 0;
    let position = 0;
    const close = (end: number) => {
      // What comes before the first family is not shown and goes with it.
      if (current === undefined || end === start) return;
      segments.push({ text: text.slice(start, end), family: current.name });
      start = end;
    };
    for (const cluster of clusters(text)) {
      const found = this.#familyFor(cluster, chain, style, current, at);
      if (found !== current && found !== undefined) {
        close(position);
        current = found;
      }
      position += cluster.length;
    }
    current ??= chain[0];
    close(text.length);
    return segments.length === 0 ? [{ text: '', family }] : segments;
  }

  /** Whether a family shows all of a text as it is, as of most texts: it is one segment then. */
  isWhole(source: string, family: string, style: FaceStyle): boolean {
    this.onText();
    if (family === emojiFamily) return false;
    return plain.test(source) || (latin.test(source) && this.#isAllOf(source, family, style));
  }

  #isAllOf(text: string, family: string, style: FaceStyle): boolean {
    const found = findFamily(family);
    if (found?.name !== family) return false;
    const { id } = found.faces[style];
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7e && !this.coverage.covers(id, code)) return false;
    }
    return true;
  }

  #familyFor(
    cluster: string,
    chain: readonly Family[],
    style: FaceStyle,
    current: Family | undefined,
    at: string,
  ): Family | undefined {
    if (cluster === '\n' || cluster === '\t') return current ?? chain[0];
    const shown = withoutFormatting(cluster);
    if (shown === '') return current;
    const codes = Array.from(shown, (character) => character.codePointAt(0) ?? 0);
    const [base = 0] = codes;
    const covers = (family: Family, code: number) => this.coverage.covers(family.faces[style].id, code);
    const has = (family: Family) => codes.every((code) => covers(family, code));
    // The blanks of emoji are as wide as these.
    const isNeutral = current?.name !== emojiFamily && neutral.test(String.fromCodePoint(base));
    if (current !== undefined && (current === chain[0] || base > 0x7f || isNeutral) && has(current)) {
      // Staying saves a run, but a letter goes back to the family that was asked for as soon as it can.
      if (current === chain[0] || isNeutral || !chain.slice(0, chain.indexOf(current)).some(has))
        return current;
    }
    const whole = chain.find(has);
    if (whole !== undefined) return whole;
    // A base is shown without the marks that its font does not have; marks of another font would stand beside it.
    const partial = chain.find((family) => covers(family, base));
    for (const code of codes) {
      if (partial === undefined || !covers(partial, code)) this.#miss(code, at);
    }
    if (partial !== undefined) return partial;
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
