import { hasRightToLeft } from '../../../fonts/directions.js';
import type { ProgramStack, Run } from './program.js';
import { needsShaping } from './shown-text.js';

/** A text as glyphs. Widths are thousandths of the font size. */
export interface SetText {
  readonly runs: readonly Run[];
  readonly width: number;
}

const mayBeSpecial =
  /[\u0300-\u036f\u0590-\u08ff\u0900-\u109f\u1780-\u17ff\u200c-\u200f\u202a-\u202e\u2060-\u2069\ufb1d-\ufeff\ud83c]/;

/** A stack of a program, as the row filler reads it. */
export class Typeface {
  readonly #fonts: Int16Array;
  readonly #widths: Float64Array;
  readonly #codes: string[] = [];
  /** Characters past the first plane: font, code and width. */
  readonly #far = new Map<number, Run>();
  readonly #missing: ReadonlySet<number>;
  readonly #words: ReadonlyMap<string, readonly Run[]>;
  readonly ascent: number;
  readonly descent: number;
  readonly cap: number;
  readonly space: number;
  readonly #box: Run;

  constructor(stack: ProgramStack) {
    const size = Math.max(0x100, ...stack.characters.filter((point) => point < 0x1_0000)) + 1;
    this.#fonts = new Int16Array(size).fill(-1);
    this.#widths = new Float64Array(size);
    for (const [i, point] of stack.characters.entries()) {
      const [font = 0, code = '', width = 0] = [stack.fonts[i], stack.codes[i], stack.widths[i]];
      if (point < 0x1_0000) {
        this.#fonts[point] = font;
        this.#widths[point] = width;
        this.#codes[point] = code;
      } else this.#far.set(point, { font, show: code, width, rise: 0 });
    }
    this.#missing = new Set(stack.missing);
    this.#words = new Map(Object.entries(stack.words));
    this.#box = stack.box;
    this.ascent = stack.ascent;
    this.descent = stack.descent;
    this.cap = stack.cap;
    this.space = this.#widths[0x20] ?? 0;
  }

  /** @param missing takes the characters that are shown as a box */
  set(text: string, missing: Set<number>): SetText {
    if (mayBeSpecial.test(text)) return this.#special(text, missing);
    const runs: Run[] = [];
    return { runs, width: this.#plain(text, runs, missing) };
  }

  /** Width of a text, as `set` has it. */
  width(text: string, missing: Set<number>): number {
    if (mayBeSpecial.test(text)) return this.set(text, missing).width;
    let total = 0;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      // Pairs and boxes are for the thorough one.
      if ((this.#fonts[code] ?? -1) < 0) return this.set(text, missing).width;
      total += this.#widths[code] ?? 0;
    }
    return total;
  }

  #plain(text: string, runs: Run[], missing: Set<number>): number {
    let [hex, width, total, font] = ['', 0, 0, -1];
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      let own = this.#fonts[code] ?? -1;
      let shown = this.#codes[code] ?? '';
      let advance = this.#widths[code] ?? 0;
      if (own < 0) {
        const point = text.codePointAt(i) ?? code;
        if (point > 0xffff) i++;
        const far = this.#far.get(point);
        if (far === undefined) {
          missing.add(point);
          own = this.#box.font;
          shown = this.#box.show.slice(1, -3);
          advance = this.#box.width;
        } else {
          own = far.font;
          shown = far.show;
          advance = far.width;
        }
        if (this.#missing.has(point)) missing.add(point);
      } else if (this.#missing.size > 0 && this.#missing.has(code)) missing.add(code);
      if (own !== font) {
        if (hex !== '') runs.push({ font, show: `<${hex}>Tj`, width, rise: 0 });
        [hex, width, font] = ['', 0, own];
      }
      hex += shown;
      width += advance;
      total += advance;
    }
    if (hex !== '') runs.push({ font, show: `<${hex}>Tj`, width, rise: 0 });
    return total;
  }

  /** Text with words whose glyphs were laid out before, from left to right as it stands on paper. */
  #special(text: string, missing: Set<number>): SetText {
    const runs: Run[] = [];
    let width = 0;
    const put = (word: string) => {
      const known = needsShaping(word) ? this.#words.get(word) : undefined;
      if (known === undefined) width += this.#plain(word, runs, missing);
      else {
        for (const run of known) {
          runs.push(run);
          width += run.width;
        }
      }
    };
    // A word keeps its marks and its digits; the order of the words is the one of the line.
    for (const [index, word] of visualWords(text).entries()) {
      if (index > 0) put(' ');
      put(word);
    }
    return { runs, width };
  }
}

/** The words of a line in the order in which they stand on paper. */
function visualWords(line: string): readonly string[] {
  const words = line.split(' ');
  if (!hasRightToLeft(line)) return words;
  const kinds = words.map((word) => (hasRightToLeft(word) ? 'right' : letter.test(word) ? 'left' : 'none'));
  const base = kinds.find((kind) => kind !== 'none');
  const groups: string[][] = [];
  for (let i = 0; i < words.length; ) {
    let end = i + 1;
    if (kinds[i] !== 'none' && kinds[i] !== base) {
      // Words of the other direction stay together, with what stands between them.
      for (let next = end; next < words.length && kinds[next] !== base; next++)
        if (kinds[next] !== 'none') end = next + 1;
    }
    const group = words.slice(i, end);
    groups.push(base === 'left' && end - i > 1 ? group.reverse() : group);
    i = end;
  }
  return (base === 'right' ? groups.reverse() : groups).flat();
}

const letter = /\p{L}/u;
