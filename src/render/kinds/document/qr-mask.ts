/**
 * The mask of a QR code (ISO/IEC 18004, 7.8). The encoder weighs all eight on its own stack machine, which takes longer
 * than all else that it does; so it lays one down and this puts the best in its place.
 */

/** Whether a mask turns the module of a row and column, by the mask's number. */
const masks: readonly ((row: number, column: number) => boolean)[] = [
  (row, column) => (row + column) % 2 === 0,
  (row) => row % 2 === 0,
  (_, column) => column % 3 === 0,
  (row, column) => (row + column) % 3 === 0,
  (row, column) => ((row >> 1) + Math.floor(column / 3)) % 2 === 0,
  (row, column) => ((row * column) % 2) + ((row * column) % 3) === 0,
  (row, column) => (((row * column) % 2) + ((row * column) % 3)) % 2 === 0,
  (row, column) => (((row + column) % 2) + ((row * column) % 3)) % 2 === 0,
];

/** What the format information is laid over with, so that it is never all light. */
const formatMask = 0x5412;

/** Centres of the alignment patterns, the same across and down. */
function alignments(side: number): number[] {
  const version = (side - 17) / 4;
  if (version < 2) return [];
  const count = Math.floor(version / 7) + 2;
  const step = version === 32 ? 26 : Math.floor((version * 4 + count * 2 + 1) / (count * 2 - 2)) * 2;
  return [6, ...Array.from({ length: count - 1 }, (_, i) => side - 7 - i * step)];
}

/** 1 where a module holds data, which alone is masked. */
function dataModules(side: number): Uint8Array {
  const data = new Uint8Array(side * side).fill(1);
  const clear = (top: number, left: number, height: number, width: number) => {
    for (let row = top; row < top + height; row++) data.fill(0, row * side + left, row * side + left + width);
  };
  clear(0, 0, 9, 9);
  clear(0, side - 8, 9, 8);
  clear(side - 8, 0, 8, 9);
  clear(6, 0, 1, side);
  clear(0, 6, side, 1);
  const centres = alignments(side);
  for (const row of centres) {
    for (const column of centres) {
      const inFinder =
        (row === 6 && (column === 6 || column === side - 7)) || (row === side - 7 && column === 6);
      if (!inFinder) clear(row - 2, column - 2, 5, 5);
    }
  }
  if (side >= 45) {
    clear(0, side - 11, 6, 3);
    clear(side - 11, 0, 3, 6);
  }
  return data;
}

/** Places of the fifteen format bits, the lowest first; each is there twice. */
function formatPlaces(side: number): (readonly [first: number, second: number])[] {
  const at = (row: number, column: number) => row * side + column;
  return Array.from({ length: 15 }, (_, bit) => [
    bit < 6 ? at(bit, 8) : bit < 8 ? at(bit + 1, 8) : bit === 8 ? at(8, 7) : at(8, 14 - bit),
    bit < 8 ? at(8, side - 1 - bit) : at(side - 15 + bit, 8),
  ]);
}

/** Error correction and mask with their ten check bits. */
function formatBits(format: number): number {
  let rest = format;
  for (let i = 0; i < 10; i++) rest = (rest << 1) ^ ((rest >> 9) * 0x537);
  return ((format << 10) | rest) ^ formatMask;
}

/** Runs of five and more, and what looks like a finder, along rows (`along` 1) or columns. */
function linePenalty(symbol: Uint8Array, side: number, along: number, across: number): number {
  let penalty = 0;
  for (let line = 0; line < side; line++) {
    let run = 0;
    let last = 2;
    let window = 0;
    for (let i = 0, at = line * across; i < side; i++, at += along) {
      const module = symbol[at] ?? 0;
      run = module === last ? run + 1 : 1;
      last = module;
      if (run === 5) penalty += 3;
      else if (run > 5) penalty++;
      window = ((window << 1) | module) & 0x7ff;
      if (i >= 10 && (window === 0x5d0 || window === 0x05d)) penalty += 40;
    }
  }
  return penalty;
}

function penaltyOf(symbol: Uint8Array, side: number): number {
  let penalty = linePenalty(symbol, side, 1, side) + linePenalty(symbol, side, side, 1);
  let dark = 0;
  for (let at = 0; at < symbol.length; at++) {
    const module = symbol[at];
    dark += module ?? 0;
    const inner = at % side < side - 1 && at < symbol.length - side;
    if (
      inner &&
      module === symbol[at + 1] &&
      module === symbol[at + side] &&
      module === symbol[at + side + 1]
    )
      penalty += 3;
  }
  return penalty + Math.floor(Math.abs((dark * 20) / symbol.length - 10)) * 10;
}

/** The modules of a QR code, row by row, under the mask with the least penalty. They may come under any mask. */
export function bestMask(modules: readonly number[], side: number): number[] {
  const places = formatPlaces(side);
  const format = places.reduce((bits, [place], bit) => bits | ((modules[place] ?? 0) << bit), 0) ^ formatMask;
  const [correction, laid] = [format >> 13, (format >> 10) & 7];
  const data = dataModules(side);
  const bare = Uint8Array.from(modules);
  const turn = (symbol: Uint8Array, mask: number) => {
    const turns = masks[mask];
    if (turns === undefined) return;
    for (let row = 0, at = 0; row < side; row++)
      for (let column = 0; column < side; column++, at++)
        if (data[at] === 1 && turns(row, column)) symbol[at] = (symbol[at] ?? 0) ^ 1;
  };
  turn(bare, laid);
  let best = bare;
  let least = Number.POSITIVE_INFINITY;
  for (let mask = 0; mask < masks.length; mask++) {
    const symbol = bare.slice();
    turn(symbol, mask);
    const bits = formatBits((correction << 3) | mask);
    for (const [bit, [first, second]] of places.entries()) {
      symbol[first] = (bits >> bit) & 1;
      symbol[second] = (bits >> bit) & 1;
    }
    const penalty = penaltyOf(symbol, side);
    if (penalty < least) [best, least] = [symbol, penalty];
  }
  return Array.from(best);
}
