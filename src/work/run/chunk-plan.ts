import type { IndexRange } from '../../protocol/job-record.js';
import type { Prepared } from '../../render/kind.js';

/** Which chunks of a job are still to be run. Pure. */

/** Units to be run by one task. */
export interface PlannedChunk {
  readonly units: IndexRange;
  /** Whether it, or what it was halved from, has ended its thread twice: another time, and it is halved or given up. */
  readonly isSuspect: boolean;
  /** It ran out of memory and gets the raised limit. */
  readonly memoryRetry: boolean;
}

/**
 * The chunks of the units that no part holds, in order; the unit that goes first is one of its own.
 * @param done units of which the parts are there, in any order
 */
export function missingChunks(
  { units, unitsPerChunk, first }: Pick<Prepared, 'units' | 'unitsPerChunk' | 'first'>,
  done: readonly IndexRange[],
): PlannedChunk[] {
  const chunks: PlannedChunk[] = [];
  const add = (from: number, to: number): void => {
    for (let at = from; at < to; at = nextStart(at, unitsPerChunk)) {
      const end = Math.min(to, nextStart(at, unitsPerChunk));
      chunks.push({ units: { from: at, to: end }, isSuspect: false, memoryRetry: false });
    }
  };
  const isMissing = (unit: number): boolean => !done.some(({ from, to }) => from <= unit && unit < to);
  const ahead =
    first !== undefined && first < units && isMissing(first) ? [{ from: first, to: first + 1 }] : [];
  for (const { from, to } of ahead) add(from, to);
  let from = 0;
  for (const range of [...done, ...ahead].toSorted((a, b) => a.from - b.from)) {
    add(from, Math.min(range.from, units));
    from = Math.max(from, range.to);
  }
  add(from, units);
  return chunks;
}

/** What is run in place of a chunk that ended its thread; undefined when its one unit is given up. */
export function afterDeath(chunk: PlannedChunk, code: string): readonly PlannedChunk[] | undefined {
  const { units, isSuspect } = chunk;
  const memoryRetry = chunk.memoryRetry || code === 'out_of_memory';
  // An error that a task throws is thrown again the next time; a thread may also die by chance.
  if (!isSuspect && code !== 'render_failed') return [{ units, isSuspect: true, memoryRetry }];
  const count = units.to - units.from;
  if (count === 1) return undefined;
  const middle = units.from + Math.ceil(count / 2);
  return [
    { units: { from: units.from, to: middle }, isSuspect: true, memoryRetry },
    { units: { from: middle, to: units.to }, isSuspect: true, memoryRetry },
  ];
}

/**
 * But for the unit that goes first, chunks begin at multiples of their size, whatever is done already: each is named and
 * made alike in every attempt.
 */
function nextStart(at: number, unitsPerChunk: number): number {
  return (Math.floor(at / unitsPerChunk) + 1) * unitsPerChunk;
}
