import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IndexRange } from '../../src/protocol/job-record.js';
import { afterDeath, missingChunks, type PlannedChunk } from '../../src/work/run/chunk-plan.js';

const chunk = (from: number, to: number, change: Partial<PlannedChunk> = {}): PlannedChunk => ({
  units: { from, to },
  isSuspect: false,
  memoryRetry: false,
  ...change,
});

describe('the chunks that are missing', () => {
  it('are all, at multiples of their size', () => {
    expect(missingChunks({ units: 250, unitsPerChunk: 100 }, [])).toEqual([
      chunk(0, 100),
      chunk(100, 200),
      chunk(200, 250),
    ]);
    expect(missingChunks({ units: 0, unitsPerChunk: 100 }, [])).toEqual([]);
  });

  it('leave out what is done, in whatever order and pieces it was', () => {
    const done = [
      { from: 150, to: 175 },
      { from: 0, to: 100 },
    ];
    expect(missingChunks({ units: 250, unitsPerChunk: 100 }, done)).toEqual([
      chunk(100, 150),
      chunk(175, 200),
      chunk(200, 250),
    ]);
  });

  it('begin with the unit that goes first, as one of its own, unless it is done', () => {
    const plan = { units: 20, unitsPerChunk: 8, first: 9 };
    const others = [chunk(10, 16), chunk(16, 20)];
    expect(missingChunks(plan, [])).toEqual([chunk(9, 10), chunk(0, 8), chunk(8, 9), ...others]);
    expect(missingChunks(plan, [{ from: 8, to: 10 }])).toEqual([chunk(0, 8), ...others]);
    expect(missingChunks({ ...plan, first: 20 }, [])).toHaveLength(3);
  });

  it('cover with what is done every unit once', () => {
    const cuts = fc.uniqueArray(fc.nat(400), { maxLength: 20 });
    fc.assert(
      fc.property(
        fc.nat(400),
        fc.integer({ min: 1, max: 90 }),
        cuts,
        fc.func(fc.boolean()),
        fc.nat(400),
        (units, size, at, keep, first) => {
          const bounds = [0, ...at.filter((cut) => cut > 0 && cut < units).sort((a, b) => a - b), units];
          const ranges = bounds
            .slice(1)
            .map((to, index): IndexRange => ({ from: bounds[index] ?? 0, to }))
            .filter(({ from, to }) => from < to);
          const done = ranges.filter(({ from }) => keep(from));
          const seen = new Array<number>(units).fill(0);
          const missing = missingChunks({ units, unitsPerChunk: size, first }, done);
          for (const { from, to } of [...done, ...missing.map((one) => one.units)]) {
            for (let unit = from; unit < to; unit += 1) seen[unit] = (seen[unit] ?? 0) + 1;
          }
          expect(seen.every((times) => times === 1)).toBe(true);
          expect(missing.every(({ units: { from, to } }) => to - from <= size && from < to)).toBe(true);
        },
      ),
    );
  });
});

describe('after the end of a thread', () => {
  it('a chunk is run again, then halved', () => {
    const first = afterDeath(chunk(0, 5), 'crashed');
    expect(first).toEqual([chunk(0, 5, { isSuspect: true })]);
    expect(afterDeath(chunk(0, 5, { isSuspect: true }), 'crashed')).toEqual([
      chunk(0, 3, { isSuspect: true }),
      chunk(3, 5, { isSuspect: true }),
    ]);
  });

  it('a chunk that ran out of memory gets more', () => {
    expect(afterDeath(chunk(0, 1), 'out_of_memory')).toEqual([
      chunk(0, 1, { isSuspect: true, memoryRetry: true }),
    ]);
  });

  it('an error is not tried again, since it would be the same', () => {
    expect(afterDeath(chunk(4, 6), 'render_failed')).toEqual([
      chunk(4, 5, { isSuspect: true }),
      chunk(5, 6, { isSuspect: true }),
    ]);
  });

  it('one poisoned unit costs that unit alone, and a logarithm of deaths', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.nat(), (size, seed) => {
        const poison = seed % size;
        const queue = [chunk(0, size)];
        const made: number[] = [];
        const lost: IndexRange[] = [];
        let deaths = 0;
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
          const { from, to } = next.units;
          if (from <= poison && poison < to) {
            deaths += 1;
            const instead = afterDeath(next, 'crashed');
            if (instead === undefined) lost.push(next.units);
            else queue.push(...instead);
          } else for (let unit = from; unit < to; unit += 1) made.push(unit);
        }
        expect(lost).toEqual([{ from: poison, to: poison + 1 }]);
        expect(made).toHaveLength(size - 1);
        expect(deaths).toBeLessThanOrEqual(2 + Math.ceil(Math.log2(size)));
      }),
    );
  });
});
