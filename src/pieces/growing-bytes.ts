const leastBytes = 64 * 1024;

/** Bytes that are gathered in one buffer, which grows and is used again. */
export class GrowingBytes {
  #buffer = Buffer.allocUnsafe(leastBytes);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  append(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Appends text in UTF-8. */
  text(text: string): void {
    // A unit of UTF-16 has three bytes at most.
    this.#room(text.length * 3);
    this.#length += this.#buffer.write(text, this.#length);
  }

  /** Appends so many bytes, which the caller writes. */
  next(bytes: number): Buffer {
    this.#room(bytes);
    this.#length += bytes;
    return this.#buffer.subarray(this.#length - bytes, this.#length);
  }

  /** Forgets what it holds, and keeps the memory for what comes next. */
  clear(): void {
    this.#length = 0;
  }

  /** What was gathered: the memory itself, of which the next `append` or `clear` may make something else. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #room(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}
