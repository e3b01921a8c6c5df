/** What is the same in all QR codes of a version: sizes, and where everything lies (ISO/IEC 18004:2015, 5 to 7). */

export type QrLevel = 'L' | 'M' | 'Q' | 'H';

export const versions = 40;

/** Of a block by version, from 1: ISO/IEC 18004, table 9. */
const correctionCodewords: Readonly<Record<QrLevel, readonly number[]>> = {
  L: [
    7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28, 28, 28, 30, 30, 26, 28, 30,
    30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30,
  ],
  M: [
    10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28, 28, 28, 28, 28,
    28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  ],
  Q: [
    13, 22, 18, 26, 18, 24, 18, 22, 20, 24, 28, 26, 24, 20, 30, 24, 28, 28, 26, 30, 28, 30, 30, 30, 30, 28,
    30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30,
  ],
  H: [
    17, 28, 22, 16, 22, 28, 26, 26, 24, 28, 24, 28, 22, 24, 24, 30, 28, 28, 26, 28, 30, 24, 30, 30, 30, 30,
    30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30,
  ],
};
const blockCounts: Readonly<Record<QrLevel, readonly number[]>> = {
  L: [
    1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8, 8, 9, 9, 10, 12, 12, 12, 13, 14, 15, 16, 17,
    18, 19, 19, 20, 21, 22, 24, 25,
  ],
  M: [
    1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26, 28, 29,
    31, 33, 35, 37, 38, 40, 43, 45, 47, 49,
  ],
  Q: [
    1, 1, 2, 2, 4, 4, 6, 6, 8, 8, 8, 10, 12, 16, 12, 17, 16, 18, 21, 20, 23, 23, 25, 27, 29, 34, 34, 35, 38,
    40, 43, 45, 48, 51, 53, 56, 59, 62, 65, 68,
  ],
  H: [
    1, 1, 2, 4, 4, 4, 5, 6, 8, 8, 11, 11, 16, 16, 18, 16, 19, 21, 25, 25, 25, 34, 30, 32, 35, 37, 40, 42, 45,
    48, 51, 54, 57, 60, 63, 66, 70, 74, 77, 81,
  ],
};

/** How the codewords of a symbol are cut into blocks. */
export interface Blocks {
  readonly count: number;
  readonly correction: number;
  /** Codewords of data, all blocks together. */
  readonly data: number;
  readonly all: number;
}

export function blocksOf(version: number, level: QrLevel): Blocks {
  const count = blockCounts[level][version - 1] ?? 0;
  const correction = correctionCodewords[level][version - 1] ?? 0;
  const all = codewordsOf(version);
  return { count, correction, data: all - count * correction, all };
}

/** All modules but those of patterns and of what is said of the code itself, by eight. */
function codewordsOf(version: number): number {
  const size = sizeOf(version);
  let modules = size * size - 3 * 64 - 2 * 15 - 1 - 2 * (size - 16);
  if (version > 1) {
    const along = alignmentsOf(version).length;
    // Two of each row and column of them lie on a timing pattern but for three corners, which have none.
    modules -= 25 * (along * along - 3) - 10 * (along - 2);
  }
  if (version > 6) modules -= 2 * 18;
  return modules >> 3;
}

export function sizeOf(version: number): number {
  return 17 + 4 * version;
}

/** Middles of the alignment patterns along one side. */
function alignmentsOf(version: number): readonly number[] {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  // Even, and as large as it has to be, but for one version.
  const step = version === 32 ? 26 : 2 * Math.ceil((4 * version + 4) / (2 * count - 2));
  const last = sizeOf(version) - 7;
  return [6, ...Array.from({ length: count - 1 }, (_, index) => last - (count - 2 - index) * step)];
}

/** A symbol without its data. */
export interface QrSymbol {
  readonly size: number;
  /** By module, row by row: 1 for a dark one of a pattern. */
  readonly dark: Uint8Array;
  /** By module: bit m is set where the mask m inverts it, which it does with data alone. */
  readonly masks: Uint8Array;
  /** Modules of the data, in the order of its bits. */
  readonly path: Uint16Array;
  /** Modules of the format, for each of its bits from the least. */
  readonly format: readonly (readonly [number, number])[];
}

export function symbolOf(version: number): QrSymbol {
  const size = sizeOf(version);
  const dark = new Uint8Array(size * size);
  const taken = new Uint8Array(size * size);
  const set = (x: number, y: number, isDark: boolean): void => {
    if (x < 0 || y < 0 || x >= size || y >= size) return;
    dark[y * size + x] = isDark ? 1 : 0;
    taken[y * size + x] = 1;
  };
  /** Squares around each other: `light` says which of them are, by their distance from the middle. */
  const rings = (middleX: number, middleY: number, reach: number, light: readonly number[]): void => {
    for (let y = -reach; y <= reach; y++)
      for (let x = -reach; x <= reach; x++)
        set(middleX + x, middleY + y, !light.includes(Math.max(Math.abs(x), Math.abs(y))));
  };
  for (let at = 0; at < size; at++) {
    set(6, at, at % 2 === 0);
    set(at, 6, at % 2 === 0);
  }
  for (const [x, y] of [
    [3, 3],
    [size - 4, 3],
    [3, size - 4],
  ] as const)
    rings(x, y, 4, [2, 4]);
  const middles = alignmentsOf(version);
  const last = size - 7;
  for (const x of middles)
    for (const y of middles) {
      const isCorner = (x === 6 && (y === 6 || y === last)) || (x === last && y === 6);
      if (!isCorner) rings(x, y, 2, [1]);
    }
  if (version > 6) {
    const bits = remainderOf(version, 12, 0x1f25);
    for (let index = 0; index < 18; index++) {
      const isDark = ((bits >> index) & 1) === 1;
      const [a, b] = [size - 11 + (index % 3), Math.floor(index / 3)];
      set(a, b, isDark);
      set(b, a, isDark);
    }
  }
  set(8, size - 8, true);
  const format = formatPlaces(size);
  for (const [one, other] of format) {
    taken[one] = 1;
    taken[other] = 1;
  }
  return { size, dark, masks: masksOf(size, taken), path: pathOf(size, taken), format };
}

/** Both places of each bit of the format, from the least. */
function formatPlaces(size: number): readonly (readonly [number, number])[] {
  return Array.from({ length: 15 }, (_, bit) => {
    const around = [0, 1, 2, 3, 4, 5, 7, 8];
    const one = bit < 8 ? (around[bit] ?? 0) * size + 8 : 8 * size + (bit === 8 ? 7 : 14 - bit);
    const other = bit < 8 ? 8 * size + size - 1 - bit : (size - 15 + bit) * size + 8;
    return [one, other] as const;
  });
}

const inverts: readonly ((x: number, y: number) => boolean)[] = [
  (x, y) => (x + y) % 2 === 0,
  (_, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

function masksOf(size: number, taken: Uint8Array): Uint8Array {
  return taken.map((isTaken, at) => {
    if (isTaken === 1) return 0;
    const [x, y] = [at % size, Math.floor(at / size)];
    return inverts.reduce((bits, isInverted, mask) => bits | (isInverted(x, y) ? 1 << mask : 0), 0);
  });
}

/** Up and down in columns of two modules, from the right, past the vertical timing pattern. */
function pathOf(size: number, taken: Uint8Array): Uint16Array {
  const path: number[] = [];
  let isUp = true;
  for (let right = size - 1; right > 0; right -= 2) {
    if (right === 6) right = 5;
    for (let step = 0; step < size; step++) {
      const y = isUp ? size - 1 - step : step;
      for (const x of [right, right - 1]) if (taken[y * size + x] === 0) path.push(y * size + x);
    }
    isUp = !isUp;
  }
  return Uint16Array.from(path);
}

/** A value with the digits of its check behind it, as the polynomial has them. */
export function remainderOf(value: number, digits: number, polynomial: number): number {
  let rest = value << digits;
  for (let bit = 31 - Math.clz32(rest); bit >= digits; bit = 31 - Math.clz32(rest))
    rest ^= polynomial << (bit - digits);
  return (value << digits) | rest;
}
