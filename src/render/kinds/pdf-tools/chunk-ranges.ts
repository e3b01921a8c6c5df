/** Pages `from`..`to - 1`, 0-based. */
export interface PageRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Where a document of `pageCount` pages is cut. A split point is the first page of a new chunk, so 0 changes nothing;
 * order and repeats do not matter. Chunks longer than `maxPages` are cut again. Without any point the bound alone
 * decides, and without a bound either every page is its own chunk. Points must be below `pageCount`.
 */
export function chunkRanges(
  pageCount: number,
  points: readonly number[],
  maxPages: number | undefined,
): readonly PageRange[] {
  const longest = maxPages ?? (points.length === 0 ? 1 : pageCount);
  const starts = [...new Set([0, ...points])].sort((a, b) => a - b);
  return starts.flatMap((start, index) => cut(start, starts[index + 1] ?? pageCount, longest));
}

function cut(start: number, end: number, longest: number): readonly PageRange[] {
  const ranges: PageRange[] = [];
  for (let from = start; from < end; from += longest)
    ranges.push({ from, to: Math.min(end, from + longest) });
  return ranges;
}
