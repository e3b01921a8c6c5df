import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LayoutWriter, layoutStartBytes, readLayout, tableBytesOf } from '../../src/pieces/layout.js';
import { type Piece, piecesBetween } from '../../src/pieces/pieces.js';

const sources = [1, 2].map((source) =>
  Buffer.from(Array.from({ length: 200 }, (_, at) => (at * source) % 251)),
);

type Given = readonly [source: number, start: number, length: number];

/** @param count of the pieces that are left when those that lie behind each other are one */
function layoutOf(count: number, ...given: readonly Given[]): Buffer {
  const parts: Uint8Array[] = [];
  const writer = new LayoutWriter(count, (part) => parts.push(part));
  for (const [source, start, length] of given) writer.add(source, start, length);
  writer.end();
  return Buffer.concat(parts);
}

const piece = fc.record({ source: fc.constantFrom(1, 2), start: fc.nat(100), length: fc.nat(100) });

describe('a layout', () => {
  it('says which bytes of which sources a file has, in any range', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), fc.nat(2_000), fc.nat(2_000), (pieces, a, b) => {
        const bytesOf = ({ source, start, length }: Piece<number>) =>
          sources[source - 1]?.subarray(start, start + length) ?? Buffer.alloc(0);
        const expected = Buffer.concat(pieces.map(bytesOf));
        const given = pieces.map(({ source, start, length }): Given => [source, start, length]);
        const file = layoutOf(countOf(given), ...given);
        const { offsets, piece: at } = readLayout(
          file.subarray(0, tableBytesOf(file.subarray(0, layoutStartBytes))),
        );
        expect(offsets.at(-1)).toBe(expected.length);
        const [start, end] = [Math.min(a, b, expected.length), Math.min(Math.max(a, b), expected.length)];
        const read = [...piecesBetween(offsets, at, start, end)].map(bytesOf);
        expect(Buffer.compare(Buffer.concat(read), expected.subarray(start, end))).toBe(0);
      }),
    );
  });

  it('has one piece for what lies behind each other', () => {
    const file = layoutOf(3, [1, 0, 10], [1, 10, 5], [1, 20, 5], [2, 20, 4]);
    const { offsets, piece: at } = readLayout(file);
    expect([...offsets]).toEqual([0, 15, 20, 24]);
    expect(at(0)).toEqual({ source: 1, start: 0, length: 15 });
  });

  it('reaches beyond 4 GiB', () => {
    const { offsets, piece: at } = readLayout(layoutOf(1, [1, 5e9, 6e9]));
    expect([offsets[1], at(0)]).toEqual([6e9, { source: 1, start: 5e9, length: 6e9 }]);
  });

  it('has as many pieces as was said before the first', () => {
    expect(() => layoutOf(2, [1, 0, 10])).toThrow('pieces');
    expect(() => layoutOf(1, [1, 0, 10], [2, 0, 10])).toThrow('pieces');
  });

  it('is none where it does not begin as one, or is cut', () => {
    expect(() => tableBytesOf(Buffer.from('INKSEG01....'))).toThrow('none');
    expect(() => tableBytesOf(Buffer.alloc(3))).toThrow('none');
    expect(() => readLayout(layoutOf(1, [1, 0, 10]).subarray(0, 20))).toThrow('broken');
  });
});

function countOf(given: readonly Given[]): number {
  let count = 0;
  let last: Given = [0, 0, 0];
  for (const next of given.filter(([, , length]) => length > 0)) {
    const follows = last[0] === next[0] && last[1] + last[2] === next[1];
    count += follows ? 0 : 1;
    last = follows ? [last[0], last[1], last[2] + next[2]] : next;
  }
  return count;
}
