import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { meanGray, packGray } from '../../src/render/kinds/pdf-tools/raster.js';

const gray = fc.array(fc.constantFrom(0, 1, 127, 128, 254, 255, 255, 255), { minLength: 1, maxLength: 60 });
const byte = fc.oneof(fc.constant(255), fc.integer({ min: 0, max: 255 }));
const rgbOf = (shades: readonly number[]): Uint8Array =>
  Uint8Array.from(shades.flatMap((shade) => [shade, shade, shade]));

describe('pixels without a colour', () => {
  it('are put together, one byte each, whatever their number', () => {
    fc.assert(
      fc.property(gray, (shades) => {
        const rgb = rgbOf(shades);
        expect(packGray(rgb)).toBe(true);
        expect([...rgb.subarray(0, shades.length)]).toEqual(shades);
      }),
    );
  });

  it('stay as they are where one among them has a colour', () => {
    fc.assert(
      fc.property(gray, fc.nat(), fc.constantFrom(0, 1, 2), (shades, where, channel) => {
        const rgb = rgbOf(shades);
        const at = (where % shades.length) * 3 + channel;
        rgb[at] = (rgb[at] ?? 0) ^ 1;
        const before = [...rgb];
        expect(packGray(rgb)).toBe(false);
        expect([...rgb]).toEqual(before);
      }),
    );
  });

  it('are the means of the channels, rounded, whatever these are', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(byte, byte, byte), { minLength: 1, maxLength: 60 }), (pixels) => {
        const rgb = Uint8Array.from(pixels.flat());
        meanGray(rgb);
        const means = pixels.map(([red, green, blue]) => Math.round((red + green + blue) / 3));
        expect([...rgb.subarray(0, pixels.length)]).toEqual(means);
      }),
    );
  });
});
