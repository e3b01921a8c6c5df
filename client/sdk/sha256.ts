/**
 * SHA-256 (FIPS 180-4) of bytes that come in pieces: WebCrypto wants all of them at once, and pages of insecure
 * origins do not have it.
 */
export interface Sha256 {
  update(bytes: Uint8Array): void;
  /** Lower-case hex. The last call. */
  digest(): string;
}

/** Fractions of the cube roots of the first 64 primes, and of the square roots of the first 8. */
const [rounds, initial] = constants();

export function sha256(): Sha256 {
  const state = initial.slice();
  const words = new Int32Array(64);
  const rest = new Uint8Array(64);
  let held = 0;
  let length = 0;

  return {
    update(bytes) {
      length += bytes.length;
      let offset = 0;
      if (held > 0) {
        offset = Math.min(64 - held, bytes.length);
        rest.set(bytes.subarray(0, offset), held);
        held += offset;
        if (held < 64) return;
        compress(viewOf(rest), 0);
      }
      const view = viewOf(bytes);
      for (; offset + 64 <= bytes.length; offset += 64) compress(view, offset);
      rest.set(bytes.subarray(offset));
      held = bytes.length - offset;
    },
    digest() {
      const padding = new Uint8Array(held < 56 ? 64 : 128);
      padding.set(rest.subarray(0, held));
      padding[held] = 128;
      const view = viewOf(padding);
      view.setUint32(padding.length - 8, length / 2 ** 29);
      view.setUint32(padding.length - 4, length << 3);
      for (let offset = 0; offset < padding.length; offset += 64) compress(view, offset);
      const digest = new DataView(new ArrayBuffer(32));
      state.forEach((value, index) => {
        digest.setInt32(index * 4, value);
      });
      return hexOf(new Uint8Array(digest.buffer));
    },
  };

  function compress(block: DataView, offset: number): void {
    for (let t = 0; t < 16; t += 1) words[t] = block.getInt32(offset + t * 4);
    expand(words);
    mix(state, words);
  }
}

// Small functions with one loop each, and sums of two that are cut to 32 bits at once: V8 makes them three times as
// fast as one function with sums of five.

function expand(words: Int32Array): void {
  for (let t = 16; t < 64; t += 1) {
    const x = at(words, t - 15);
    const y = at(words, t - 2);
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    words[t] = (((at(words, t - 16) + s0) | 0) + ((at(words, t - 7) + s1) | 0)) | 0;
  }
}

function mix(state: Int32Array, words: Int32Array): void {
  let a = at(state, 0);
  let b = at(state, 1);
  let c = at(state, 2);
  let d = at(state, 3);
  let e = at(state, 4);
  let f = at(state, 5);
  let g = at(state, 6);
  let h = at(state, 7);
  for (let t = 0; t < 64; t += 1) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const choice = g ^ (e & (f ^ g));
    const t1 = (((((h + s1) | 0) + choice) | 0) + ((at(rounds, t) + at(words, t)) | 0)) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (c & (a ^ b)))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0] = at(state, 0) + a;
  state[1] = at(state, 1) + b;
  state[2] = at(state, 2) + c;
  state[3] = at(state, 3) + d;
  state[4] = at(state, 4) + e;
  state[5] = at(state, 5) + f;
  state[6] = at(state, 6) + g;
  state[7] = at(state, 7) + h;
}

/** The index is always within: said once, for the compiler. */
function at(words: Int32Array, index: number): number {
  return words[index] as number;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function constants(): [rounds: Int32Array, initial: Int32Array] {
  const primes: number[] = [];
  for (let n = 2; primes.length < 64; n += 1) if (primes.every((prime) => n % prime > 0)) primes.push(n);
  const fractions = (root: (n: number) => number) =>
    Int32Array.from(primes, (prime) => (root(prime) % 1) * 2 ** 32);
  return [fractions(Math.cbrt), fractions(Math.sqrt).slice(0, 8)];
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
