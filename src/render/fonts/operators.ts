/** Numbers are written with so many digits behind the point: with fewer, edges of letters would differ. */
const precision = 1_000_000;
/** Past it a number is written by way of its text. */
const largest = Number.MAX_SAFE_INTEGER / 2;

const zero = 0x30;

/** A number as it stands in a PDF. */
export function pdfNumber(value: number): number {
  return Math.round(value * precision) / precision;
}

/** Operators as bytes: those of a page have thousands of numbers and codes, each of which would be a string first. */
export class Operators {
  #bytes = new Uint8Array(4096);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }

  /** `ascii` has no other characters. */
  text(ascii: string): void {
    const { length } = ascii;
    this.#reserve(length);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < length; i++) bytes[at++] = ascii.charCodeAt(i);
    this.#length = at;
  }

  /** With a space behind it. */
  number(value: number): void {
    const scaled = Math.round(value * precision);
    const size = Math.abs(scaled);
    if (!(size <= largest)) {
      this.text(`${pdfNumber(value)} `);
      return;
    }
    this.#reserve(24);
    const bytes = this.#bytes;
    let at = this.#length;
    if (scaled < 0) bytes[at++] = 0x2d;
    const whole = Math.floor(size / precision);
    let fraction = size - whole * precision;
    at = wholeNumber(bytes, at, whole);
    if (fraction > 0) {
      bytes[at++] = 0x2e;
      let digits = 6;
      while (fraction % 10 === 0) {
        fraction /= 10;
        digits--;
      }
      for (let i = at + digits - 1; i >= at; i--) {
        const rest = (fraction / 10) | 0;
        bytes[i] = zero + fraction - rest * 10;
        fraction = rest;
      }
      at += digits;
    }
    bytes[at++] = 0x20;
    this.#length = at;
  }

  /** A code of two bytes, within a string in brackets. */
  code(value: number): void {
    this.#reserve(4);
    this.#stringByte(value >> 8);
    this.#stringByte(value & 255);
  }

  #stringByte(value: number): void {
    // A line end is read as a line feed, whichever it is.
    const isReturn = value === 0x0d;
    if (isReturn || value === 0x28 || value === 0x29 || value === 0x5c) this.#bytes[this.#length++] = 0x5c;
    this.#bytes[this.#length++] = isReturn ? 0x72 : value;
  }

  /** What was written since the length was `from`; it is taken away. */
  cut(from = 0): Uint8Array {
    const cut = this.#bytes.slice(from, this.#length);
    this.#length = from;
    return cut;
  }
}

function wholeNumber(bytes: Uint8Array, begin: number, value: number): number {
  let digits = 1;
  for (let power = 10; value >= power; power *= 10) digits++;
  let left = value;
  for (let i = begin + digits - 1; i >= begin; i--) {
    const rest = Math.floor(left / 10);
    bytes[i] = zero + left - rest * 10;
    left = rest;
  }
  return begin + digits;
}
