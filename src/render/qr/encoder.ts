import { Correction } from './correction.js';
import { MaskJudge } from './masking.js';
import { Bits, Segments, type VersionClass } from './segments.js';
import {
  type Blocks,
  blocksOf,
  type QrLevel,
  type QrSymbol,
  remainderOf,
  symbolOf,
  versions,
} from './symbol.js';

/** A code until the next one is made. */
export interface QrModules {
  /** Along a side. */
  readonly size: number;
  /** Row by row from the top, 1 being dark: memory that the next code takes. */
  readonly modules: Uint8Array;
}

const levels: readonly QrLevel[] = ['L', 'M', 'Q', 'H'];
/** As the format has them. */
const levelBits: Readonly<Record<QrLevel, number>> = { L: 1, M: 0, Q: 3, H: 2 };
const formatMask = 0x5412;
const padding = [0xec, 0x11] as const;
const lastOfClass = [9, 26, versions] as const;

/**
 * Makes QR codes (ISO/IEC 18004:2015), the smallest that hold a text; a higher level of error correction that needs no more modules
 * is taken. It makes many one after the other, in memory that it has made once: a job draws one in each of ten thousand rows,
 * and garbage is collected by all threads together.
 */
export class QrEncoder {
  readonly #segments = new Segments();
  readonly #bits = new Bits();
  readonly #correction = new Correction();
  readonly #judge = new MaskJudge();
  readonly #symbols = new Map<number, QrSymbol>();
  readonly #rest = new Uint8Array(64);
  #codewords = new Uint8Array(0);
  /** Bit m is the module under the mask m. */
  #masked = new Uint8Array(0);
  #modules = new Uint8Array(0);

  /** @returns undefined for a text that no code of this level holds */
  encode(text: string, least: QrLevel): QrModules | undefined {
    const version = this.#write(text, least);
    if (version === undefined) return undefined;
    const used = this.#bits.length;
    // What is left of the room may as well mend more.
    const level = levels.findLast((each) => 8 * blocksOf(version, each).data >= used) ?? least;
    const blocks = blocksOf(version, level);
    this.#pad(blocks.data);
    this.#interleave(blocks);
    return this.#draw(this.#symbol(version), level);
  }

  /** @returns the least version that holds the text, whose bits are written */
  #write(text: string, least: QrLevel): number | undefined {
    let first = 1;
    for (const [index, last] of lastOfClass.entries()) {
      const of = index as VersionClass;
      const bits = this.#segments.cut(text, of);
      for (let version = first; version <= last; version++) {
        if (8 * blocksOf(version, least).data < bits) continue;
        this.#bits.clear();
        this.#segments.write(of, this.#bits);
        return version;
      }
      first = last + 1;
    }
    return undefined;
  }

  /** The end of the text, then bytes that say nothing. */
  #pad(data: number): void {
    const bits = this.#bits;
    bits.put(0, Math.min(4, 8 * data - bits.length));
    bits.put(0, -bits.length & 7);
    for (let index = 0; bits.length < 8 * data; index++) bits.put(padding[index % 2] ?? 0, 8);
  }

  /** The codewords of all blocks, one of each in turn. */
  #interleave({ count, correction, data, all }: Blocks): void {
    if (this.#codewords.length < all) this.#codewords = new Uint8Array(all);
    const out = this.#codewords;
    const bytes = this.#bits.bytes;
    const short = Math.floor(data / count);
    // The last ones have one more.
    const longFrom = count - (data % count);
    let start = 0;
    for (let block = 0; block < count; block++) {
      const length = block < longFrom ? short : short + 1;
      for (let at = 0; at < short; at++) out[at * count + block] = bytes[start + at] ?? 0;
      if (length > short) out[short * count + block - longFrom] = bytes[start + short] ?? 0;
      this.#correction.write(bytes, start, start + length, correction, this.#rest);
      for (let at = 0; at < correction; at++) out[data + at * count + block] = this.#rest[at] ?? 0;
      start += length;
    }
    out.fill(0, all);
  }

  #draw({ size, dark, masks, path, format }: QrSymbol, level: QrLevel): QrModules {
    const area = size * size;
    if (this.#modules.length < area) {
      this.#modules = new Uint8Array(area);
      this.#masked = new Uint8Array(area);
    }
    const masked = this.#masked;
    for (let at = 0; at < area; at++) masked[at] = (dark[at] === 1 ? 0xff : 0) ^ (masks[at] ?? 0);
    // Bits behind the codewords are light, before they are masked.
    const count = Math.min(path.length, this.#codewords.length * 8);
    for (let bit = 0; bit < count; bit++) {
      if ((((this.#codewords[bit >> 3] ?? 0) >> (7 & ~bit)) & 1) === 0) continue;
      const at = path[bit] ?? 0;
      masked[at] = (masked[at] ?? 0) ^ 0xff;
    }
    for (const [bit, places] of format.entries()) {
      let all = 0;
      for (let mask = 0; mask < 8; mask++) all |= ((formatOf(level, mask) >> bit) & 1) << mask;
      for (const at of places) masked[at] = all;
    }
    const best = this.#judge.best(masked, size);
    const modules = this.#modules;
    for (let at = 0; at < area; at++) modules[at] = ((masked[at] ?? 0) >> best) & 1;
    return { size, modules: modules.subarray(0, area) };
  }

  #symbol(version: number): QrSymbol {
    let symbol = this.#symbols.get(version);
    if (symbol === undefined) {
      symbol = symbolOf(version);
      this.#symbols.set(version, symbol);
    }
    return symbol;
  }
}

function formatOf(level: QrLevel, mask: number): number {
  return remainderOf((levelBits[level] << 3) | mask, 10, 0x537) ^ formatMask;
}
