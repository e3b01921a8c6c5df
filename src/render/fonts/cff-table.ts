import { flatCharstring } from './charstring.js';

/** A list of byte strings in a CFF table. */
export class CffIndex {
  readonly count: number;
  /** Where the list ends in the table. */
  readonly end: number;
  readonly #width: number;
  readonly #offsets: number;

  constructor(
    private readonly bytes: Buffer,
    at: number,
  ) {
    this.count = bytes.readUInt16BE(at);
    this.#width = this.count === 0 ? 1 : bytes.readUInt8(at + 2);
    this.#offsets = at + 3;
    this.end = this.count === 0 ? at + 2 : this.#start(this.count);
  }

  /** Offsets count from the byte before the first string. */
  #start(i: number): number {
    const strings = this.#offsets + (this.count + 1) * this.#width - 1;
    return strings + this.bytes.readUIntBE(this.#offsets + i * this.#width, this.#width);
  }

  get(i: number): Buffer | undefined {
    return i < 0 || i >= this.count ? undefined : this.bytes.subarray(this.#start(i), this.#start(i + 1));
  }
}

/** An operator of a dictionary, with its operands as numbers (0 for real ones) and as they are written. */
interface Entry {
  readonly operands: readonly number[];
  readonly bytes: Buffer;
}

/** By operator; those of two bytes are 1,200 and the second one. */
export type CffDict = ReadonlyMap<number, Entry>;

/** Operators of dictionaries. */
export const operator = {
  fontBox: 5,
  charset: 15,
  charstrings: 17,
  private: 18,
  subrs: 19,
  isFixedPitch: 1201,
  charstringType: 1206,
  italicAngle: 1202,
  underlinePosition: 1203,
  underlineThickness: 1204,
  fontMatrix: 1207,
  registry: 1230,
  glyphCount: 1234,
  fontDicts: 1236,
  dictOfGlyph: 1237,
} as const;

export function readDict(bytes: Buffer): CffDict {
  const dict = new Map<number, Entry>();
  let operands: number[] = [];
  let start = 0;
  let at = 0;
  while (at < bytes.length) {
    const first = bytes.readUInt8(at);
    if (first <= 21) {
      const isLong = first === 12;
      at += isLong ? 2 : 1;
      const name = isLong ? 1_200 + bytes.readUInt8(at - 1) : first;
      dict.set(name, { operands, bytes: bytes.subarray(start, at) });
      operands = [];
      start = at;
    } else {
      const [value, length] = operand(bytes, at, first);
      operands.push(value);
      at += length;
    }
  }
  return dict;
}

function operand(bytes: Buffer, at: number, first: number): [value: number, length: number] {
  if (first === 28) return [bytes.readInt16BE(at + 1), 3];
  if (first === 29) return [bytes.readInt32BE(at + 1), 5];
  if (first === 30) {
    // A real number: its last half byte is 15.
    let end = at + 1;
    while ((bytes.readUInt8(end) & 15) !== 15) end += 1;
    return [0, end + 1 - at];
  }
  if (first <= 246) return [first - 139, 1];
  const second = bytes.readUInt8(at + 1);
  return [first <= 250 ? (first - 247) * 256 + second + 108 : -(first - 251) * 256 - second - 108, 2];
}

/** The first operand that is a place or size; undefined where the dictionary has no such entry. */
export function numberOf(dict: CffDict, name: number, operandAt = 0): number | undefined {
  return dict.get(name)?.operands[operandAt];
}

/** One of the fonts that a CID font is made of. */
export interface CffPart {
  readonly dict: CffDict;
  readonly privateDict: CffDict;
  readonly subrs: CffIndex | undefined;
}

/** As the format has them: a glyph names its one in a byte. */
const mostParts = 256;

/**
 * A `CFF ` table (Adobe Technical Note 5176): a CID font, or one whose glyphs have names, which is read as a CID font of one part. What is
 * read of it is read when it is needed.
 * @throws Error where it is broken
 */
export class CffTable {
  readonly name: Buffer;
  readonly top: CffDict;
  readonly parts: readonly CffPart[];
  readonly #global: CffIndex;
  readonly #charstrings: CffIndex;
  readonly #partOf: Uint8Array;
  /** At most one entry for each glyph of the font. */
  readonly #flat = new Map<number, Uint8Array>();

  constructor(bytes: Buffer) {
    const names = new CffIndex(bytes, bytes.readUInt8(2));
    const tops = new CffIndex(bytes, names.end);
    const strings = new CffIndex(bytes, tops.end);
    this.name = names.get(0) ?? Buffer.from('Font');
    this.top = readDict(tops.get(0) ?? empty);
    this.#global = new CffIndex(bytes, strings.end);
    const place = (name: number): number => {
      const at = numberOf(this.top, name);
      if (at === undefined)
        throw new Error(`The font ${this.name.toString('latin1')} has no place for what it must have`);
      return at;
    };
    if ((numberOf(this.top, operator.charstringType) ?? 2) !== 2)
      throw new Error('The font has glyphs of another format');
    this.#charstrings = new CffIndex(bytes, place(operator.charstrings));
    if (!this.top.has(operator.registry)) {
      // What the font says of itself stays where it is.
      this.parts = [{ ...partOf(bytes, this.top), dict: new Map() }];
      this.#partOf = new Uint8Array(this.#charstrings.count);
      return;
    }
    const dicts = new CffIndex(bytes, place(operator.fontDicts));
    if (dicts.count > mostParts) throw new Error('The font has more parts than glyphs can name');
    this.parts = Array.from({ length: dicts.count }, (_, i) =>
      partOf(bytes, readDict(dicts.get(i) ?? empty)),
    );
    this.#partOf = partsOfGlyphs(bytes, place(operator.dictOfGlyph), this.#charstrings.count);
  }

  get glyphs(): number {
    return this.#charstrings.count;
  }

  partOf(glyph: number): number {
    return this.#partOf[glyph] ?? 0;
  }

  /** What draws a glyph, without calls of subroutines. */
  charstring(glyph: number): Uint8Array {
    const known = this.#flat.get(glyph);
    if (known !== undefined) return known;
    const subrs = { own: this.parts[this.partOf(glyph)]?.subrs, global: this.#global };
    const flat = flatCharstring(this.#charstrings.get(glyph) ?? Buffer.of(14), subrs);
    this.#flat.set(glyph, flat);
    return flat;
  }
}

const empty = Buffer.alloc(0);

function partOf(bytes: Buffer, dict: CffDict): CffPart {
  const size = numberOf(dict, operator.private) ?? 0;
  const at = numberOf(dict, operator.private, 1) ?? 0;
  const privateDict = readDict(bytes.subarray(at, at + size));
  const subrsAt = numberOf(privateDict, operator.subrs);
  const subrs = subrsAt === undefined ? undefined : new CffIndex(bytes, at + subrsAt);
  return { dict, privateDict, subrs };
}

function partsOfGlyphs(bytes: Buffer, at: number, count: number): Uint8Array {
  if (bytes.readUInt8(at) === 0) return bytes.subarray(at + 1, at + 1 + count);
  const parts = new Uint8Array(count);
  const ranges = bytes.readUInt16BE(at + 1);
  for (let i = 0; i < ranges; i += 1) {
    const range = at + 3 + i * 3;
    parts.fill(bytes.readUInt8(range + 2), bytes.readUInt16BE(range), bytes.readUInt16BE(range + 3));
  }
  return parts;
}
