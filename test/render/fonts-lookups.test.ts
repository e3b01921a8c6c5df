import { describe, expect, it } from 'vitest';
import { drawnFamilies } from '../../src/render/fonts/catalogue.js';
import { readFace } from '../../src/render/fonts/face-file.js';
import { readLookups } from '../../src/render/fonts/lookups.js';
import { type LayoutTable, type ParsedFont, parseFont } from '../../src/render/fonts/pdfkit.js';

/** How many lookups fontkit has read of a font. */
function readOf({ GSUB, GPOS }: ParsedFont): number {
  const count = (table: LayoutTable | null | undefined) =>
    Object.values(Reflect.get(Object(table?.lookupList), 'items') ?? []).filter(Boolean).length;
  return count(GSUB) + count(GPOS);
}

const faces = drawnFamilies
  .map(({ faces }) => faces.normal)
  .filter(({ id, source }) => source.type === 'file' && !/-(jp|sc|kr)/.test(id));

describe('what the first text of a font costs', () => {
  it.each(faces)('$id: is read by steps, of which each may be the last', (face) => {
    const stepwise = parseFont(readFace(face));
    let looks = 0;
    for (let stopAt = 1; stopAt < 1_000; stopAt++) {
      let left = stopAt;
      const before = readOf(stepwise);
      try {
        readLookups(stepwise, () => {
          if (--left === 0) throw new Error('stopped');
        });
        break;
      } catch {
        looks++;
        // No more than the one since the last stop.
        expect(readOf(stepwise)).toBeLessThanOrEqual(before + 1);
      }
    }
    const read = readOf(stepwise);
    expect(looks).toBeGreaterThanOrEqual(read);
    const atOnce = parseFont(readFace(face));
    const text = 'AVATAR Office (1/2) öäü, fi';
    const positions = (font: ParsedFont) => {
      const { glyphs, positions } = font.layout(text);
      return [glyphs.map(({ id }) => id), positions];
    };
    expect(positions(stepwise)).toEqual(positions(atOnce));
    // The text itself had nothing left to read.
    expect(readOf(stepwise)).toBe(read);
  });
});
