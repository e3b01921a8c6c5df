import { describe, expect, it } from 'vitest';
import { ByteBlocks } from '../../src/pieces/byte-blocks.js';

describe('bytes in blocks', () => {
  it('are those that were given, in their order, in blocks of one size', () => {
    const taken: Buffer[] = [];
    const blocks = new ByteBlocks(7, (block) => taken.push(block));
    const given: Buffer[] = [];
    let next = 0;
    for (const length of [0, 1, 6, 1, 20, 3, 0, 7, 7, 30]) {
      const bytes = Buffer.from(Array.from({ length }, () => next++ % 251));
      given.push(bytes);
      blocks.append(bytes);
      expect(blocks.length).toBe(next);
      // Nothing but the block that is not full is held.
      expect(taken.length).toBe(Math.floor(next / 7));
    }
    blocks.end();
    blocks.end();
    expect(Buffer.concat(taken)).toEqual(Buffer.concat(given));
    expect(new Set(taken.slice(0, -1).map(({ length }) => length))).toEqual(new Set([7]));
  });
});
