const firstBytes = 4096;
const digits = Buffer.from('0123456789abcdef', 'latin1');
const zero = 0x30;
const space = 0x20;
const [minus, point, backslash, open, close, lineEnd] = [0x2d, 0x2e, 0x5c, 0x28, 0x29, 0x0d];
/** Numbers up to it are written by operations on small integers, */
const largestSmall = 0x7fff_ffff;
/** and past this one by way of their text. */
const largest = Number.MAX_SAFE_INTEGER / 2;
/** Digits of the largest length that a stream which is written here can have, far below a gigabyte. */
const lengthDigits = 9;
/** Shorter text is written sooner by hand than by a call into the runtime. */
const shortText = 24;

/** Stands in a head where the length of a stream is written when it is known; spaces may stand behind a number. */
export const lengthRoom = ' '.repeat(lengthDigits);

/** Digits behind the point of what a page is drawn by: with fewer, edges of letters would differ. */
export const drawnDecimals = 6;

/** A number with these digits behind the point, as it stands in a PDF. */
export function pdfNumber(value: number): number {
  return Math.round(value * 10 ** drawnDecimals) / 10 ** drawnDecimals;
}

/**
 * Bytes of a PDF one after the other, in a buffer that grows and is used again: those of a page or a row have hundreds of numbers,
 * each of which would be a string first.
 */
export class PdfBytes {
  readonly #decimals: number;
  readonly #scale: number;
  #bytes = Buffer.allocUnsafeSlow(firstBytes);
  #at = 0;

  /** @param decimals digits behind the point of its numbers, at most */
  constructor(decimals: number) {
    this.#decimals = decimals;
    this.#scale = 10 ** decimals;
  }

  get length(): number {
    return this.#at;
  }

  /** @param from bytes before it are left out. The memory itself: what is written next may change it. */
  view(from = 0): Buffer {
    return this.#bytes.subarray(from, this.#at);
  }

  /** Takes back all but the first so many bytes. */
  cut(length: number): void {
    this.#at = length;
  }

  /** What was written since the length was `from`, in memory of its own; it is taken back. */
  take(from = 0): Uint8Array {
    const taken = new Uint8Array(this.view(from));
    this.#at = from;
    return taken;
  }

  /** There are so many bytes to write in the rest of the buffer. */
  #room(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#at + bytes));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }

  bytes(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  byte(byte: number): void {
    this.#room(1);
    this.#bytes[this.#at++] = byte;
  }

  /** @param text of Latin-1 */
  text(text: string): void {
    const { length } = text;
    this.#room(length);
    if (length > shortText) {
      this.#at += this.#bytes.write(text, this.#at, 'latin1');
      return;
    }
    const bytes = this.#bytes;
    let at = this.#at;
    for (let i = 0; i < length; i++) bytes[at++] = text.charCodeAt(i);
    this.#at = at;
  }

  /** A number and a space behind it. */
  operand(value: number): void {
    this.number(value);
    this.byte(space);
  }

  /** Never with an exponent, unless it is beyond what a page may be. */
  number(value: number): void {
    const scaled = Math.round(value * this.#scale);
    const size = Math.abs(scaled);
    if (!(size <= largest)) {
      this.text(String(scaled / this.#scale));
      return;
    }
    this.#room(24);
    if (scaled < 0) this.#bytes[this.#at++] = minus;
    const isSmall = size <= largestSmall;
    const whole = isSmall ? (size / this.#scale) | 0 : Math.floor(size / this.#scale);
    if (whole <= largestSmall) this.integer(whole);
    else this.text(String(whole));
    const fraction = size - whole * this.#scale;
    if (fraction > 0) this.#fraction(fraction);
  }

  /** @param value whole, from 1, in units of the last digit behind the point */
  #fraction(value: number): void {
    const bytes = this.#bytes;
    let count = this.#decimals;
    let rest = value | 0;
    for (let next = (rest / 10) | 0; next * 10 === rest; next = (rest / 10) | 0) {
      rest = next;
      count--;
    }
    bytes[this.#at++] = point;
    for (let at = this.#at + count - 1; at >= this.#at; at--) {
      const next = (rest / 10) | 0;
      bytes[at] = zero + (rest - next * 10);
      rest = next;
    }
    this.#at += count;
  }

  /** @param value whole, from 0, below 2^31 */
  integer(value: number): void {
    this.#room(10);
    const bytes = this.#bytes;
    if (value < 10) {
      bytes[this.#at++] = zero + value;
      return;
    }
    let count = 2;
    for (let most = 100; most <= value; most *= 10) count++;
    let rest = value;
    for (let at = this.#at + count - 1; at >= this.#at; at--) {
      const next = (rest / 10) | 0;
      bytes[at] = zero + (rest - next * 10);
      rest = next;
    }
    this.#at += count;
  }

  /** @param count of digits, lower case */
  hex(value: number, count: number): void {
    this.#room(count);
    const bytes = this.#bytes;
    let at = this.#at;
    for (let shift = (count - 1) * 4; shift >= 0; shift -= 4)
      bytes[at++] = digits[(value >>> shift) & 15] ?? 0;
    this.#at = at;
  }

  /** A code of two bytes, within a string in brackets. */
  code(value: number): void {
    this.#room(4);
    this.#stringByte(value >> 8);
    this.#stringByte(value & 255);
  }

  #stringByte(value: number): void {
    // A line end is read as a line feed, whichever it is.
    const isReturn = value === lineEnd;
    if (isReturn || value === open || value === close || value === backslash)
      this.#bytes[this.#at++] = backslash;
    this.#bytes[this.#at++] = isReturn ? 0x72 : value;
  }

  /** A text string of a PDF, in ASCII; any other one in UTF-16. */
  string(text: string): void {
    const { length } = text;
    this.#room(length * 4 + 8);
    const bytes = this.#bytes;
    const start = this.#at;
    let at = start;
    bytes[at++] = open;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code < 0x20 || code > 0x7e) {
        this.#at = start;
        this.#wide(text);
        return;
      }
      if (code === backslash || code === open || code === close) bytes[at++] = backslash;
      bytes[at++] = code;
    }
    bytes[at++] = close;
    this.#at = at;
  }

  #wide(text: string): void {
    this.text('<feff');
    for (let i = 0; i < text.length; i++) this.hex(text.charCodeAt(i), 4);
    this.text('>');
  }

  /** Writes how long what was written since `from` is into the room that was left for it at `at`. */
  putLength(at: number, from: number, until = this.#at): void {
    const end = this.#at;
    this.#at = at;
    this.integer(until - from);
    this.#bytes.fill(space, this.#at, at + lengthDigits);
    this.#at = end;
  }
}
