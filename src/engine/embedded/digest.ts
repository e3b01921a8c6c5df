/**
 * The digest of a text (cyrb53, of two multiplications for each of its units). A cheap one is enough where what it leads
 * to is checked; a job may have hundreds.
 */
export class Digest {
  #high = 0xdeadbeef;
  #low = 0x41c6ce57;

  copy(): Digest {
    const digest = new Digest();
    digest.#high = this.#high;
    digest.#low = this.#low;
    return digest;
  }

  add(unit: number): void {
    this.#high = Math.imul(this.#high ^ unit, 0x9e3779b1);
    this.#low = Math.imul(this.#low ^ unit, 0x5f356495);
  }

  addText(text: string): void {
    for (let index = 0; index < text.length; index += 1) this.add(text.charCodeAt(index));
  }

  /** Two numbers of 32 bits, which may be negative. */
  halves(): readonly [high: number, low: number] {
    let high = Math.imul(this.#high ^ (this.#high >>> 16), 0x85ebca6b);
    high ^= Math.imul(this.#low ^ (this.#low >>> 13), 0xc2b2ae35);
    let low = Math.imul(this.#low ^ (this.#low >>> 16), 0x85ebca6b);
    low ^= Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
    return [high, low];
  }
}
