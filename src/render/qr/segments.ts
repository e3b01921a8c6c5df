/**
 * How a text is cut into runs of digits, of capitals and of bytes, so that it takes as few bits as it can (ISO/IEC 18004:2015,
 * 7.4). Bytes are UTF-8 without a mark of their own (ECI), which readers take for granted and some of them stumble over.
 */

/** Modes, by their places in what follows. */
const numeric = 0;
const capitals = 1;
const bytes = 2;
const modes = [numeric, capitals, bytes] as const;
type Mode = (typeof modes)[number];

const indicators = [0b0001, 0b0010, 0b0100] as const;
const indicatorBits = 4;
/** Of the count of characters, in versions up to 9, to 26 and to 40. */
const countBits = [
  [10, 12, 14],
  [9, 11, 13],
  [8, 16, 16],
] as const;
/** By unit: its place among the capitals, -1 for what is none. */
const capitalPlaces = new Int8Array(128).fill(-1);
for (const [place, letter] of [...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:'].entries())
  capitalPlaces[letter.charCodeAt(0)] = place;

/** Versions whose runs cost the same: 0 up to 9, 1 up to 26, 2 up to 40. */
export type VersionClass = 0 | 1 | 2;

/** Bits are counted in sixths: a digit has ten thirds, a capital eleven halves. */
const sixths = [20, 33, 48] as const;
const never = 0x3fff_ffff;

/** Bits one behind the other, in memory that is used again. */
export class Bits {
  bytes = new Uint8Array(512);
  length = 0;

  clear(): void {
    this.bytes.fill(0);
    this.length = 0;
  }

  /** @param count at most 24 */
  put(value: number, count: number): void {
    if (this.length + count > this.bytes.length * 8) {
      const larger = new Uint8Array(this.bytes.length * 2);
      larger.set(this.bytes);
      this.bytes = larger;
    }
    for (let left = count; left > 0; ) {
      const free = 8 - (this.length & 7);
      const now = Math.min(left, free);
      const part = (value >> (left - now)) & ((1 << now) - 1);
      const at = this.length >> 3;
      this.bytes[at] = (this.bytes[at] ?? 0) | (part << (free - now));
      this.length += now;
      left -= now;
    }
  }
}

export class Segments {
  /** For each character and each mode that it may end in: the mode of the one before it. */
  #before = new Uint8Array(3 * 256);
  #modes = new Uint8Array(256);
  /** Of the text so far, by the mode that it ends in. */
  #costs = new Int32Array(3);
  #next = new Int32Array(3);
  #text = '';

  /**
   * Cuts a text for versions of a class.
   * @returns the bits that it takes
   */
  cut(text: string, of: VersionClass): number {
    this.#text = text;
    if (this.#modes.length < text.length) {
      this.#modes = new Uint8Array(text.length * 2);
      this.#before = new Uint8Array(text.length * 6);
    }
    for (const mode of modes) this.#costs[mode] = headCost(mode, of);
    for (let at = 0; at < text.length; at++) {
      for (const mode of modes) this.#next[mode] = this.#cost(at, mode, of);
      [this.#costs, this.#next] = [this.#next, this.#costs];
    }
    let mode = this.#best();
    const cost = this.#costs[mode] ?? never;
    for (let at = text.length - 1; at >= 0; at--) {
      this.#modes[at] = mode;
      mode = modes[this.#before[3 * at + mode] ?? bytes] ?? bytes;
    }
    return text.length === 0 ? 0 : Math.ceil(cost / 6);
  }

  /** Of the text up to a character that is written in a mode; notes the mode before it. */
  #cost(at: number, mode: Mode, of: VersionClass): number {
    const more = costOf(this.#text, at, mode);
    if (more === never) return never;
    let least = this.#costs[mode] ?? never;
    this.#before[3 * at + mode] = mode;
    for (const last of modes) {
      if (last === mode || at === 0) continue;
      // A run of another mode ends with whole bits.
      const cost = 6 * Math.ceil((this.#costs[last] ?? never) / 6) + headCost(mode, of);
      if (cost >= least) continue;
      least = cost;
      this.#before[3 * at + mode] = last;
    }
    return Math.min(never, least + more);
  }

  #best(): Mode {
    const [digits = never, letters = never, others = never] = this.#costs;
    if (others <= digits && others <= letters) return bytes;
    return letters <= digits ? capitals : numeric;
  }

  /** Writes the text that was cut last. */
  write(of: VersionClass, out: Bits): void {
    const text = this.#text;
    for (let from = 0; from < text.length; ) {
      const mode = modes[this.#modes[from] ?? bytes] ?? bytes;
      let to = from + 1;
      while (to < text.length && this.#modes[to] === mode) to++;
      out.put(indicators[mode], indicatorBits);
      out.put(mode === bytes ? bytesIn(text, from, to) : to - from, countBits[mode][of]);
      writers[mode](text, from, to, out);
      from = to;
    }
  }
}

function headCost(mode: Mode, of: VersionClass): number {
  return 6 * (indicatorBits + countBits[mode][of]);
}

/** Of a unit of UTF-16, in sixths of a bit. */
function costOf(text: string, at: number, mode: Mode): number {
  if (mode === bytes) return sixths[bytes] * bytesOf(text, at);
  const place = capitalPlaces[text.charCodeAt(at)] ?? -1;
  if (place < 0) return never;
  return mode === capitals ? sixths[capitals] : place < 10 ? sixths[numeric] : never;
}

/** Bytes in UTF-8; of a pair each unit has two. A half of one alone is written as U+FFFD. */
function bytesOf(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  if (unit < 0x80) return 1;
  if (unit < 0x800) return 2;
  return isHigh(unit)
    ? isLow(text.charCodeAt(at + 1))
      ? 2
      : 3
    : isLow(unit) && isHigh(text.charCodeAt(at - 1))
      ? 2
      : 3;
}

function isHigh(unit: number): boolean {
  return (unit & 0xfc00) === 0xd800;
}

function isLow(unit: number): boolean {
  return (unit & 0xfc00) === 0xdc00;
}

function bytesIn(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at++) count += bytesOf(text, at);
  return count;
}

type WriteRun = (text: string, from: number, to: number, out: Bits) => void;

const writers: readonly [WriteRun, WriteRun, WriteRun] = [putDigits, putCapitals, putBytes];

/** Three digits are ten bits, two seven, one four. */
function putDigits(text: string, from: number, to: number, out: Bits): void {
  for (let at = from; at < to; at += 3) {
    const end = Math.min(to, at + 3);
    let value = 0;
    for (let digit = at; digit < end; digit++)
      value = 10 * value + (capitalPlaces[text.charCodeAt(digit)] ?? 0);
    out.put(value, 1 + 3 * (end - at));
  }
}

/** Two capitals are eleven bits, one six. */
function putCapitals(text: string, from: number, to: number, out: Bits): void {
  for (let at = from; at < to; at += 2) {
    const first = capitalPlaces[text.charCodeAt(at)] ?? 0;
    if (at + 1 < to) out.put(45 * first + (capitalPlaces[text.charCodeAt(at + 1)] ?? 0), 11);
    else out.put(first, 6);
  }
}

function putBytes(text: string, from: number, to: number, out: Bits): void {
  for (let at = from; at < to; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) {
      out.put(unit, 8);
      continue;
    }
    const isPair = bytesOf(text, at) === 2 && unit >= 0x800;
    const point = isPair ? (text.codePointAt(at++) ?? 0) : isHigh(unit) || isLow(unit) ? 0xfffd : unit;
    if (point < 0x800) out.put(0xc0 | (point >> 6), 8);
    else if (point < 0x1_0000) out.put(0xe0 | (point >> 12), 8);
    else {
      out.put(0xf0 | (point >> 18), 8);
      out.put(0x80 | ((point >> 12) & 0x3f), 8);
    }
    if (point >= 0x800) out.put(0x80 | ((point >> 6) & 0x3f), 8);
    out.put(0x80 | (point & 0x3f), 8);
  }
}
