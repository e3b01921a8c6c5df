/** Pixels row by row: three channels are red, green and blue; one is gray, where no pixel has a colour. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: Buffer;
}

/** Four bytes of white. Words are signed: those without a sign are no small integers, which code that is compiled pays for. */
const white = -1;

/**
 * Puts pixels without a colour together, one byte each, at the beginning of their own memory: a page of text is then less
 * than half as large as a PNG, at the same cost.
 * @param rgb three bytes a pixel, at an address that is a multiple of four
 * @returns false, and nothing is changed, where a pixel has a colour
 */
export function packGray(rgb: Uint8Array): boolean {
  // Four pixels are three words; most words of most pages are white.
  const groups = Math.floor(rgb.length / 12);
  const words = new Int32Array(rgb.buffer, rgb.byteOffset, groups * 3);
  const packed = packGroups(words);
  if (packed < groups || !isGray(rgb.subarray(groups * 12))) {
    unpack(words, packed);
    return false;
  }
  for (let from = groups * 12, to = groups * 4; from < rgb.length; from += 3, to += 1)
    rgb[to] = rgb[from] ?? 0;
  return true;
}

/**
 * In the order of the bytes: r g b r, g b r g, b r g b.
 * @returns how many groups of four pixels are packed; less than all where the next one has a colour
 */
function packGroups(words: Int32Array): number {
  let group = 0;
  for (let at = 0; at < words.length; at += 3, group += 1) {
    const first = words[at] ?? 0;
    const second = words[at + 1] ?? 0;
    const third = words[at + 2] ?? 0;
    if ((first & second & third) === white) {
      words[group] = white;
      continue;
    }
    if (((first ^ (first >>> 8)) & 0xffff) !== 0) return group;
    if (first >>> 24 !== (second & 0xff) || ((second ^ (second >>> 8)) & 0xff) !== 0) return group;
    if (((second >>> 16) & 0xff) !== second >>> 24 || second >>> 24 !== (third & 0xff)) return group;
    if ((((third >>> 8) ^ (third >>> 16)) & 0xffff) !== 0) return group;
    words[group] = (first & 0xff) | ((first >>> 16) & 0xff00) | (second & 0xff0000) | (third & 0xff000000);
  }
  return group;
}

/**
 * Puts the mean of the three channels of each pixel at the beginning of their own memory, one byte each.
 * @param rgb as for `packGray`
 */
export function meanGray(rgb: Uint8Array): void {
  const groups = Math.floor(rgb.length / 12);
  const words = new Int32Array(rgb.buffer, rgb.byteOffset, groups * 3);
  for (let group = 0, at = 0; group < groups; group += 1, at += 3) {
    const first = words[at] ?? 0;
    const second = words[at + 1] ?? 0;
    const third = words[at + 2] ?? 0;
    if ((first & second & third) === white) {
      words[group] = white;
      continue;
    }
    const a = thirdOf((first & 0xff) + ((first >>> 8) & 0xff) + ((first >>> 16) & 0xff));
    const b = thirdOf((first >>> 24) + (second & 0xff) + ((second >>> 8) & 0xff));
    const c = thirdOf(((second >>> 16) & 0xff) + (second >>> 24) + (third & 0xff));
    const d = thirdOf(((third >>> 8) & 0xff) + ((third >>> 16) & 0xff) + (third >>> 24));
    words[group] = a | (b << 8) | (c << 16) | (d << 24);
  }
  for (let from = groups * 12, to = groups * 4; from < rgb.length; from += 3, to += 1)
    rgb[to] = thirdOf((rgb[from] ?? 0) + (rgb[from + 1] ?? 0) + (rgb[from + 2] ?? 0));
}

/** Rounded, without a division: for sums of three bytes. */
function thirdOf(sum: number): number {
  return ((sum + 1) * 21_846) >>> 16;
}

/** From the last group on: none is overwritten before it is read. */
function unpack(words: Int32Array, groups: number): void {
  for (let group = groups - 1; group >= 0; group -= 1) {
    const four = words[group] ?? 0;
    const [a, b, c, d] = [four & 0xff, (four >>> 8) & 0xff, (four >>> 16) & 0xff, four >>> 24];
    words[group * 3] = a | (a << 8) | (a << 16) | (b << 24);
    words[group * 3 + 1] = b | (b << 8) | (c << 16) | (c << 24);
    words[group * 3 + 2] = c | (d << 8) | (d << 16) | (d << 24);
  }
}

function isGray(rgb: Uint8Array): boolean {
  for (let at = 0; at < rgb.length; at += 3) {
    const red = rgb[at];
    if (red !== rgb[at + 1] || red !== rgb[at + 2]) return false;
  }
  return true;
}
