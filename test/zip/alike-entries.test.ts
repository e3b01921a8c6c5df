import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AlikeEntries } from '../../src/zip/alike-entries.js';
import { directoryEntryOf, headerOf } from '../../src/zip/stored-zip.js';

const modifiedAt = Date.UTC(2026, 10, 29, 9, 41, 22);

describe('entries of files that are alike', () => {
  it('are those of each file by itself, also where one needs ZIP64', () => {
    const alike = new AlikeEntries(modifiedAt);
    const size = fc.oneof(fc.nat(), fc.integer({ min: 0xffff_fff0, max: 0x1_0000_0010 }));
    const name = fc.string({ unit: 'grapheme', maxLength: 400 });
    fc.assert(
      fc.property(name, size, fc.nat(), size, (text, sizeBytes, crc32, offset) => {
        const entry = { name: text, sizeBytes, modifiedAt };
        const bytes = Buffer.from(text);
        const header = Buffer.from(alike.header(bytes, sizeBytes, crc32));
        expect(header.equals(headerOf(entry, crc32))).toBe(true);
        const line = Buffer.from(alike.line(bytes, sizeBytes, crc32, offset));
        expect(line.equals(directoryEntryOf(entry, crc32, offset))).toBe(true);
      }),
    );
  });
});
