/**
 * How good each of the eight masks of a QR code is for readers (ISO/IEC 18004:2015, 7.8.3). All eight are looked at together: a
 * module is a byte, of which bit m is the module under the mask m.
 */

/** Long runs of one colour, */
const runPoints = 3;
/** blocks of two by two, */
const blockPoints = 3;
/** what looks like a finder pattern, */
const finderPoints = 40;
/** and every twentieth by which dark modules are not the half. */
const sharePoints = 10;

/** The bits of a byte as four numbers of eight bits: sums of up to 255 bytes are eight counts in two integers. */
const low = spread(0);
const high = spread(4);

function spread(from: number): Int32Array {
  return Int32Array.from({ length: 256 }, (_, bits) => {
    let lanes = 0;
    for (let lane = 0; lane < 4; lane++) lanes |= ((bits >> (from + lane)) & 1) << (8 * lane);
    return lanes;
  });
}

export class MaskJudge {
  readonly #points = new Int32Array(8);
  readonly #dark = new Int32Array(8);

  /** @returns the mask that has fewest points, the first of several */
  best(modules: Uint8Array, size: number): number {
    this.#points.fill(0);
    this.#dark.fill(0);
    for (let at = 0; at < size; at++) {
      this.#line(modules, at * size, 1, size);
      this.#line(modules, at, size, size);
      this.#row(modules, at * size, size, at > 0);
    }
    let best = 0;
    for (let mask = 0; mask < 8; mask++) {
      const share = ((this.#dark[mask] ?? 0) * 20) / (size * size);
      this.#points[mask] =
        (this.#points[mask] ?? 0) + sharePoints * Math.max(0, Math.ceil(Math.abs(share - 10)) - 1);
      if ((this.#points[mask] ?? 0) < (this.#points[best] ?? 0)) best = mask;
    }
    return best;
  }

  /** Runs and finder patterns along a row or a column. */
  #line(modules: Uint8Array, start: number, step: number, size: number): void {
    let [runLow, runHigh, beginLow, beginHigh, finderLow, finderHigh] = [0, 0, 0, 0, 0, 0];
    // Modules before the one that is looked at, the latest first; and whether two, three, four of them are alike.
    let [a, b, c, d, e, f, g, h, i, j] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let [two, three, four, run] = [0, 0, 0, 0];
    let at = start;
    for (let index = 0; index < size; index++, at += step) {
      const module = modules[at] ?? 0;
      const alike = index === 0 ? 0 : ~(module ^ a) & 0xff;
      const long = alike & two & three & four;
      four = three;
      three = two;
      two = alike;
      if (long !== 0) {
        runLow = (runLow + (low[long] ?? 0)) | 0;
        runHigh = (runHigh + (high[long] ?? 0)) | 0;
        const begins = long & ~run;
        beginLow = (beginLow + (low[begins] ?? 0)) | 0;
        beginHigh = (beginHigh + (high[begins] ?? 0)) | 0;
      }
      run = long;
      if (index >= 10) {
        // Dark, light, three dark, light, dark, with four light ones before or behind.
        const behind = j & ~i & h & g & f & ~e & d & ~(c | b | a | module);
        const before = ~(j | i | h | g) & f & ~e & d & c & b & ~a & module;
        const found = (behind | before) & 0xff;
        if (found !== 0) {
          finderLow += (low[behind & 0xff] ?? 0) + (low[before & 0xff] ?? 0);
          finderHigh += (high[behind & 0xff] ?? 0) + (high[before & 0xff] ?? 0);
        }
      }
      j = i;
      i = h;
      h = g;
      g = f;
      f = e;
      e = d;
      d = c;
      c = b;
      b = a;
      a = module;
    }
    // A run of five has three points, each further module one.
    addTo(this.#points, runLow, runHigh, 1);
    addTo(this.#points, beginLow, beginHigh, runPoints - 1);
    addTo(this.#points, finderLow, finderHigh, finderPoints);
  }

  /** Blocks that a row makes with the one above it, and its dark modules. */
  #row(modules: Uint8Array, start: number, size: number, hasAbove: boolean): void {
    let [blockLow, blockHigh, darkLow, darkHigh] = [0, 0, 0, 0];
    let left = 0;
    let upperLeft = 0;
    for (let index = 0; index < size; index++) {
      const module = modules[start + index] ?? 0;
      darkLow = (darkLow + (low[module] ?? 0)) | 0;
      darkHigh = (darkHigh + (high[module] ?? 0)) | 0;
      if (!hasAbove) continue;
      const upper = modules[start - size + index] ?? 0;
      if (index > 0) {
        const block = ~((module ^ left) | (module ^ upper) | (module ^ upperLeft)) & 0xff;
        if (block !== 0) {
          blockLow = (blockLow + (low[block] ?? 0)) | 0;
          blockHigh = (blockHigh + (high[block] ?? 0)) | 0;
        }
      }
      left = module;
      upperLeft = upper;
    }
    addTo(this.#points, blockLow, blockHigh, blockPoints);
    addTo(this.#dark, darkLow, darkHigh, 1);
  }
}

function addTo(sums: Int32Array, lowLanes: number, highLanes: number, times: number): void {
  if ((lowLanes | highLanes) === 0) return;
  for (let lane = 0; lane < 4; lane++) {
    sums[lane] = (sums[lane] ?? 0) + times * ((lowLanes >>> (8 * lane)) & 0xff);
    sums[lane + 4] = (sums[lane + 4] ?? 0) + times * ((highLanes >>> (8 * lane)) & 0xff);
  }
}
