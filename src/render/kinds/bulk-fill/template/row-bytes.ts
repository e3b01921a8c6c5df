const firstBytes = 64 * 1024;

const digits = Buffer.from('0123456789abcdef', 'latin1');
const zero = 0x30;
const space = 0x20;
const [backslash, open, close] = [0x5c, 0x28, 0x29];
/** Digits of the largest length that a stream of a row can have, which is far below a gigabyte. */
const lengthDigits = 9;
/** Shorter text is written sooner by hand than by a call into the runtime. */
const shortText = 24;

/** Stands in a head where the length of a stream is written when it is known; spaces may stand behind a number. */
export const lengthRoom = ' '.repeat(lengthDigits);

/** What a row is written into: bytes of a PDF one after the other, in a buffer that is used again for each row. */
export class RowBytes {
  #bytes = Buffer.allocUnsafe(firstBytes);
  #at = 0;

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

  /** There are so many bytes to write in the rest of the buffer. */
  #room(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + bytes));
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

  /** As `fixed` writes it: at most three decimals, never an exponent. */
  number(value: number): void {
    let rest = Math.round(value * 1000);
    if (!(Math.abs(rest) < 0x7fff_ffff)) {
      this.text(String(rest / 1000));
      return;
    }
    this.#room(16);
    const bytes = this.#bytes;
    if (rest < 0) {
      bytes[this.#at++] = 0x2d;
      rest = -rest;
    }
    const whole = (rest / 1000) | 0;
    this.integer(whole);
    rest -= whole * 1000;
    if (rest === 0) return;
    const [first, second, third] = [(rest / 100) | 0, ((rest / 10) | 0) % 10, rest % 10];
    let at = this.#at;
    bytes[at++] = 0x2e;
    bytes[at++] = zero + first;
    if (second > 0 || third > 0) bytes[at++] = zero + second;
    if (third > 0) bytes[at++] = zero + third;
    this.#at = at;
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

  /** A text string of a PDF, in ASCII. */
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
