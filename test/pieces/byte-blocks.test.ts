import { describe, expect, it } from 'vitest';
import { ByteBlocks } from '../../src/pieces/byte-blocks.js';

describe('bytes in blocks', () => {
  it('are those that were given, whichever way, in their order', () => {
    const blocks = new ByteBlocks(7);
    const given: Buffer[] = [];
    let next = 0;
    for (const length of [0, 1, 6, 1, 20, 3, 0, 7, 7, 30]) {
      const bytes = Buffer.from(Array.from({ length }, () => next++ % 251));
      given.push(bytes);
      if (length === 3 || length === 30) blocks.take(bytes);
      else blocks.append(bytes);
      expect(blocks.length).toBe(next);
      expect(Buffer.concat(blocks.blocks)).toEqual(Buffer.concat(given));
    }
  });

  it('are in blocks of one size where all were appended, so that lines of a table are not split', () => {
    const blocks = new ByteBlocks(8);
    for (let line = 0; line < 9; line += 1) blocks.append(Buffer.alloc(4, line));
    expect(blocks.blocks.map(({ length }) => length)).toEqual([8, 8, 8, 8, 4]);
  });
});
