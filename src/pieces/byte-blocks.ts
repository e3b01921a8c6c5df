/**
 * Many small pieces of bytes, gathered in blocks: nothing is copied when there are more, as in one buffer that grows, and no
 * more memory is held than the bytes need.
 */
export class ByteBlocks {
  readonly #blockBytes: number;
  /** All but the last one are done with. */
  readonly #blocks: Buffer[] = [];
  #open: Buffer = Buffer.alloc(0);
  #used = 0;
  #length = 0;

  constructor(blockBytes: number) {
    this.#blockBytes = blockBytes;
  }

  get length(): number {
    return this.#length;
  }

  append(bytes: Uint8Array): void {
    this.#length += bytes.length;
    for (let at = 0; at < bytes.length; ) {
      if (this.#used === this.#open.length) this.#next();
      const some = bytes.subarray(at, at + this.#open.length - this.#used);
      this.#open.set(some, this.#used);
      this.#used += some.length;
      at += some.length;
    }
  }

  /** The same without a copy: `bytes` are not changed afterwards. */
  take(bytes: Uint8Array): void {
    this.#length += bytes.length;
    this.#close();
    this.#blocks.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  }

  /** What was gathered: blocks of the size that was given where all was appended, but for the last. */
  get blocks(): readonly Buffer[] {
    return this.#used === 0 ? this.#blocks : [...this.#blocks, this.#open.subarray(0, this.#used)];
  }

  #next(): void {
    this.#close();
    this.#open = Buffer.allocUnsafeSlow(this.#blockBytes);
  }

  #close(): void {
    if (this.#used > 0) this.#blocks.push(this.#open.subarray(0, this.#used));
    this.#open = Buffer.alloc(0);
    this.#used = 0;
  }
}
