import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hexOf, sha256 } from '../../client/sdk/sha256.js';

const expected = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('SHA-256', () => {
  it('agrees with the examples of FIPS 180-4', () => {
    const digests = ['', 'abc', 'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'].map((text) => {
      const hash = sha256();
      hash.update(new TextEncoder().encode(text));
      return hash.digest();
    });
    expect(digests).toEqual([
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    ]);
  });

  it('has the same digest as node:crypto, however the bytes are cut', () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 12 });
    fc.assert(
      fc.property(pieces, (parts) => {
        const hash = sha256();
        for (const part of parts) hash.update(part);
        expect(hash.digest()).toBe(expected(Buffer.concat(parts)));
      }),
      { numRuns: 500 },
    );
  });

  it('is right for every length around the ends of blocks', () => {
    for (let length = 0; length < 260; length += 1) {
      const bytes = Uint8Array.from({ length }, (_, index) => index * 7 + length);
      const hash = sha256();
      hash.update(bytes.subarray(0, length >> 1));
      hash.update(bytes.subarray(length >> 1));
      expect(hash.digest()).toBe(expected(bytes));
    }
  });

  it('reads parts of larger buffers', () => {
    const bytes = Uint8Array.from({ length: 1000 }, (_, index) => index);
    const part = bytes.subarray(13, 777);
    const hash = sha256();
    hash.update(part);
    expect(hash.digest()).toBe(expected(part));
    expect(hexOf(Uint8Array.of(0, 15, 255))).toBe('000fff');
  });
});
