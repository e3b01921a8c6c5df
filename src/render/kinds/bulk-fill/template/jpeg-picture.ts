import type { Matrix } from './matrix.js';

/** By the orientation of EXIF, 1 to 8: where the stored unit square comes to lie, y up. */
export const turns: Readonly<Record<number, Matrix>> & { readonly 1: Matrix } = {
  1: [1, 0, 0, 1, 0, 0],
  2: [-1, 0, 0, 1, 1, 0],
  3: [-1, 0, 0, -1, 1, 1],
  4: [1, 0, 0, -1, 0, 1],
  5: [0, -1, -1, 0, 1, 1],
  6: [0, -1, 1, 0, 0, 1],
  7: [0, 1, 1, 0, 0, 0],
  8: [0, 1, -1, 0, 1, 0],
};

/** Entries of the dictionary of a JPEG. @param samples of a pixel: 1, 3 or 4 */
export function jpegEntries(width: number, height: number, samples: number): string {
  const space =
    samples === 1
      ? '/DeviceGray'
      : samples === 4
        ? // What writes them (Photoshop) writes them inverted.
          '/DeviceCMYK/Decode[1 0 1 0 1 0 1 0]'
        : '/DeviceRGB';
  return `/Width ${width}/Height ${height}/BitsPerComponent 8/ColorSpace${space}/Filter/DCTDecode`;
}
