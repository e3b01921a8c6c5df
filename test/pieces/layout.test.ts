import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LayoutWriter, layoutStartBytes, readLayout, tableBytesOf } from '../../src/pieces/layout.js';
import { type Piece, piecesBetween } from '../../src/pieces/pieces.js';

const sources = [1, 2].map((source) =>
  Buffer.from(Array.from({ length: 200 }, (_, at) => (at * source) % 251)),
);

const piece = fc.record({ source: fc.constantFrom(1, 2), start: fc.nat(100), length: fc.nat(100) });

describe('a layout', () => {
  it('says which bytes of which sources a file has, in any range', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), fc.nat(2_000), fc.nat(2_000), (pieces, a, b) => {
        const writer = new LayoutWriter();
        const bytesOf = ({ source, start, length }: Piece<number>) =>
          sources[source - 1]?.subarray(start, start + length) ?? Buffer.alloc(0);
        for (const { source, start, length } of pieces) writer.add(source, start, length);
        const expected = Buffer.concat(pieces.map(bytesOf));
        const file = Buffer.concat(writer.parts());
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
    const writer = new LayoutWriter();
    writer.add(1, 0, 10);
    writer.add(1, 10, 5);
    writer.add(1, 20, 5);
    writer.add(2, 20, 4);
    const file = Buffer.concat(writer.parts());
    const { offsets, piece: at } = readLayout(file);
    expect([...offsets]).toEqual([0, 15, 20, 24]);
    expect(at(0)).toEqual({ source: 1, start: 0, length: 15 });
  });

  it('reaches beyond 4 GiB', () => {
    const writer = new LayoutWriter();
    writer.add(1, 5e9, 6e9);
    const { offsets, piece: at } = readLayout(Buffer.concat(writer.parts()));
    expect([offsets[1], at(0)]).toEqual([6e9, { source: 1, start: 5e9, length: 6e9 }]);
  });

  it('is none where it does not begin as one, or is cut', () => {
    expect(() => tableBytesOf(Buffer.from('INKSEG01....'))).toThrow('none');
    expect(() => tableBytesOf(Buffer.alloc(3))).toThrow('none');
    const writer = new LayoutWriter();
    writer.add(1, 0, 10);
    expect(() => readLayout(Buffer.concat(writer.parts()).subarray(0, 20))).toThrow('broken');
  });
});
