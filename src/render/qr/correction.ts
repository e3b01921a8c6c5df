/** Codewords that mend a QR code which is read in part: Reed and Solomon's code over 256 elements (ISO/IEC 18004:2015, 7.5). */

/** x^8 + x^4 + x^3 + x^2 + 1 */
const fieldPolynomial = 0x11d;
const order = 255;
/** Powers of the generator, twice, so that a sum of two logarithms needs no remainder; and their logarithms. */
const powers = new Uint8Array(2 * order);
const logarithms = new Uint8Array(order + 1);
for (let exponent = 0, power = 1; exponent < order; exponent++) {
  powers[exponent] = power;
  powers[exponent + order] = power;
  logarithms[power] = exponent;
  power <<= 1;
  if (power > order) power ^= fieldPolynomial;
}

function product(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : (powers[(logarithms[a] ?? 0) + (logarithms[b] ?? 0)] ?? 0);
}

/** Divides by the polynomials of the norm, each of which is made when it is first needed. */
export class Correction {
  /** By degree, as logarithms, without the leading one. */
  readonly #divisors = new Map<number, Uint8Array>();

  /**
   * Writes the codewords for a block.
   * @param data holds the block from `from` to before `to`
   * @param rest takes as many codewords as there are to be, from its start
   */
  write(data: Uint8Array, from: number, to: number, count: number, rest: Uint8Array): void {
    const divisor = this.#divisor(count);
    rest.fill(0, 0, count);
    for (let at = from; at < to; at++) {
      const factor = (data[at] ?? 0) ^ (rest[0] ?? 0);
      rest.copyWithin(0, 1, count);
      rest[count - 1] = 0;
      if (factor === 0) continue;
      const exponent = logarithms[factor] ?? 0;
      for (let term = 0; term < count; term++)
        rest[term] = (rest[term] ?? 0) ^ (powers[exponent + (divisor[term] ?? 0)] ?? 0);
    }
  }

  #divisor(degree: number): Uint8Array {
    const known = this.#divisors.get(degree);
    if (known !== undefined) return known;
    // The product of x - g^0, x - g^1, ...: none of its terms is 0 in the degrees that there are.
    const terms = new Uint8Array(degree);
    terms[degree - 1] = 1;
    for (let root = 0; root < degree; root++)
      for (let term = 0; term < degree; term++)
        terms[term] = product(terms[term] ?? 0, powers[root] ?? 0) ^ (terms[term + 1] ?? 0);
    const divisor = terms.map((term) => logarithms[term] ?? 0);
    this.#divisors.set(degree, divisor);
    return divisor;
  }
}
