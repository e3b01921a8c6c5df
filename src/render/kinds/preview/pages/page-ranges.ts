import type { IndexRange } from '../../../../protocol/job-record.js';

/** Which pages of a document are meant: `1-3,7`, `5-`. Pure. */

/** Pages from 1, both ends inclusive; without `to` up to the last one. */
export interface PageRange {
  readonly from: number;
  readonly to?: number;
}

/** Spaces belong to one place alone: a long run that two could share would be tried at every cut. */
const rangeShape = /^\s*(\d{1,7})\s*(?:(-)\s*(?:(\d{1,7})\s*)?)?$/;

/** What is wrong with a text, or its ranges in its order. */
export function readRanges(text: string, maxRanges: number): readonly PageRange[] | string {
  const ranges: PageRange[] = [];
  const entries = text.split(',');
  if (entries.length > maxRanges) return `must not have more than ${maxRanges} entries`;
  for (const entry of entries) {
    const [, first, dash, last] = rangeShape.exec(entry) ?? [];
    if (first === undefined) return 'must be page numbers and ranges such as "1-3,7,12-"';
    const from = Number(first);
    const to = dash === undefined ? from : last === undefined ? undefined : Number(last);
    if (from === 0 || to === 0) return 'counts pages from 1';
    if (to !== undefined && to < from) return 'must have ranges that go upwards';
    ranges.push({ from, ...(to === undefined ? {} : { to }) });
  }
  return ranges;
}

/**
 * The pages of a document that ranges name, from 0, in order, each once and next to each other as one range.
 * @param pageCount of the document; what lies behind is left out
 */
export function pagesOf(ranges: readonly PageRange[], pageCount: number): readonly IndexRange[] {
  const wanted = ranges
    .map(({ from, to = pageCount }) => ({ from: from - 1, to: Math.min(to, pageCount) }))
    .filter(({ from, to }) => from < to)
    .toSorted((a, b) => a.from - b.from);
  const merged: IndexRange[] = [];
  for (const { from, to } of wanted) {
    const last = merged.at(-1);
    if (last === undefined || from > last.to) merged.push({ from, to });
    else merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, to) };
  }
  return merged;
}

export function countOf(pages: readonly IndexRange[]): number {
  return pages.reduce((sum, { from, to }) => sum + to - from, 0);
}

/** The first `count` of them. */
export function firstOf(pages: readonly IndexRange[], count: number): readonly IndexRange[] {
  const kept: IndexRange[] = [];
  let left = count;
  for (const { from, to } of pages) {
    if (left > 0) kept.push({ from, to: Math.min(to, from + left) });
    left -= to - from;
  }
  return kept;
}

/** The pages that the units `units` of them are. */
export function pagesOfUnits(pages: readonly IndexRange[], units: IndexRange): readonly number[] {
  const found: number[] = [];
  let before = 0;
  for (const { from, to } of pages) {
    const start = Math.max(units.from, before);
    const end = Math.min(units.to, before + to - from);
    for (let unit = start; unit < end; unit += 1) found.push(from + unit - before);
    before += to - from;
  }
  return found;
}

/** Which unit of them a page is; undefined when it is none. */
export function unitOf(pages: readonly IndexRange[], page: number): number | undefined {
  let before = 0;
  for (const { from, to } of pages) {
    if (from <= page && page < to) return before + page - from;
    before += to - from;
  }
  return undefined;
}
