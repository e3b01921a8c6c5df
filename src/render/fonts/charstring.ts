/** What a glyph may call, by number. */
export interface Subroutines {
  readonly own: Subroutine | undefined;
  readonly global: Subroutine;
}

interface Subroutine {
  readonly count: number;
  get(i: number): Buffer | undefined;
}

/** As deep as the format lets them call each other. */
const maxDepth = 10;
/** A glyph that calls more, or gets longer, is refused: each call can hold any number of others. */
const maxCalls = 10_000;
const maxBytes = 65_535;

const callOwn = 10;
const back = 11;
const twoBytes = 12;
const end = 14;
const callGlobal = 29;
const stems = new Set([1, 3, 18, 23]);
const masks = new Set([19, 20]);
/** Moves, lines and curves: each takes all numbers that wait. */
const paths = new Set([4, 5, 6, 7, 8, 21, 22, 24, 25, 26, 27, 30, 31]);
const flexes = new Set([34, 35, 36, 37]);

/**
 * A charstring of a CFF font (Adobe Technical Note 5177) with its subroutines in the places where it calls them.
 * @throws Error where it computes or is made of other glyphs, as those of no bundled font are; or where it has no end
 */
export function flatCharstring(code: Buffer, subroutines: Subroutines): Uint8Array {
  const flat = new Flat(subroutines);
  flat.take(code, 0);
  return Uint8Array.from(flat.bytes);
}

class Flat {
  readonly bytes: number[] = [];
  /** The numbers that wait for an operator: their values, and where they were written. */
  readonly #numbers: { readonly value: number; readonly at: number }[] = [];
  #stems = 0;
  #calls = 0;

  constructor(private readonly subroutines: Subroutines) {}

  /** @returns whether the glyph has ended */
  take(code: Buffer, depth: number): boolean {
    let at = 0;
    while (at < code.length) {
      const first = code.readUInt8(at);
      if (first >= 32 || first === 28) at += this.#number(code, at, first);
      else if (first === back) return false;
      else if (first === callOwn || first === callGlobal) {
        if (this.#call(first === callOwn ? this.subroutines.own : this.subroutines.global, depth))
          return true;
        at += 1;
      } else {
        at += this.#operator(code, at, first);
        if (first === end) return true;
      }
    }
    return false;
  }

  #number(code: Buffer, at: number, first: number): number {
    const [value, length] = numberAt(code, at, first);
    this.#numbers.push({ value, at: this.bytes.length });
    this.#copy(code, at, length);
    return length;
  }

  #call(list: Subroutine | undefined, depth: number): boolean {
    const number = this.#numbers.pop();
    if (list === undefined || number === undefined || depth >= maxDepth)
      throw new Error('A glyph calls nothing');
    this.#calls += 1;
    if (this.#calls > maxCalls) throw new Error('A glyph calls too much');
    this.bytes.length = number.at;
    const bias = list.count < 1_240 ? 107 : list.count < 33_900 ? 1_131 : 32_768;
    const code = list.get(number.value + bias);
    if (code === undefined) throw new Error('A glyph calls nothing');
    return this.take(code, depth + 1);
  }

  /** @returns how many bytes it has */
  #operator(code: Buffer, at: number, first: number): number {
    let length = 1;
    if (stems.has(first) || masks.has(first)) this.#stems += this.#numbers.length >> 1;
    if (masks.has(first)) length = 1 + ((this.#stems + 7) >> 3);
    else if (first === twoBytes && flexes.has(code.readUInt8(at + 1))) length = 2;
    else if (first === end ? this.#numbers.length > 1 : !stems.has(first) && !paths.has(first))
      throw new Error(`A glyph has the operator ${first}`);
    this.#numbers.length = 0;
    this.#copy(code, at, length);
    return length;
  }

  #copy(code: Buffer, at: number, length: number): void {
    if (this.bytes.length + length > maxBytes) throw new Error('A glyph is too long');
    for (let i = at; i < at + length; i += 1) this.bytes.push(code.readUInt8(i));
  }
}

function numberAt(code: Buffer, at: number, first: number): [value: number, length: number] {
  if (first === 28) return [code.readInt16BE(at + 1), 3];
  if (first === 255) return [code.readInt32BE(at + 1) / 65_536, 5];
  if (first <= 246) return [first - 139, 1];
  const second = code.readUInt8(at + 1);
  return [first <= 250 ? (first - 247) * 256 + second + 108 : -(first - 251) * 256 - second - 108, 2];
}
