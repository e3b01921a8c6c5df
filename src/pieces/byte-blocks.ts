/** Many small pieces of bytes, handed on in blocks of one size: nothing is held but the block that is not full yet. */
export class ByteBlocks {
  readonly #blockBytes: number;
  readonly #take: (block: Buffer) => void;
  #open: Buffer = Buffer.alloc(0);
  #used = 0;
  #length = 0;

  /** @param take gets the blocks, which are not changed afterwards */
  constructor(blockBytes: number, take: (block: Buffer) => void) {
    this.#blockBytes = blockBytes;
    this.#take = take;
  }

  /** Of all that was appended. */
  get length(): number {
    return this.#length;
  }

  append(bytes: Uint8Array): void {
    this.#length += bytes.length;
    for (let at = 0; at < bytes.length; ) {
      if (this.#open.length === 0) this.#open = Buffer.allocUnsafeSlow(this.#blockBytes);
      const some = bytes.subarray(at, at + this.#open.length - this.#used);
      this.#open.set(some, this.#used);
      this.#used += some.length;
      at += some.length;
      if (this.#used === this.#blockBytes) this.end();
    }
  }

  /** Hands on the last block, if there is one that is not full. */
  end(): void {
    if (this.#used > 0) this.#take(this.#open.subarray(0, this.#used));
    this.#open = Buffer.alloc(0);
    this.#used = 0;
  }
}
