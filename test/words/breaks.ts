import type { JobWarning } from '../../src/protocol/job-record.js';
import type { Made, Operation } from './documents.js';
import { Found, isWarned } from './found.js';
import type { Read } from './reader.js';
import { readAs } from './tokens.js';

/** Where pages end: no heading stands without what follows it, and no header of a table without a row of it. */

/** Points. What is much larger may have no room beside anything. */
const smallText = 30;

function flowsSmall({ type, y, font_size, line_height }: Operation): boolean {
  return (
    type === 'add_text' &&
    y === undefined &&
    Number(font_size ?? 0) <= smallText &&
    Number(line_height ?? 0) <= 1.5
  );
}

/** The pages of the words of an operation that stand at one place each. */
function pagesOf(words: readonly string[], found: Found): readonly number[] {
  const places = words.map((word) => found.places(word)).filter(({ length }) => length === 1);
  return places.flat(2).map(({ page }) => page);
}

export function checkBreaks(made: Made, read: Read, warnings: readonly JobWarning[]): string[] {
  const { operations } = made.request;
  const found = new Found(read.letters);
  const words = (at: string): readonly string[] =>
    made.marks.flatMap((mark) => (mark.is === 'word' && mark.at === at ? [readAs(mark.text)] : []));
  const findings: string[] = [];
  for (const [index, operation] of operations.entries()) {
    const at = `/operations/${index}`;
    if (isWarned(warnings, at)) continue;
    if (
      operation.type === 'add_table' &&
      Array.isArray(operation.headers) &&
      operation.header_rows === undefined
    )
      findings.push(...checkHeader(at, operation.headers.map(String), words(at), found));
    const next = operations[index + 1];
    const isHeading = operation.heading !== undefined && flowsSmall(operation);
    if (!isHeading || next === undefined || !flowsSmall(next)) continue;
    const own = pagesOf(words(at), found);
    const following = pagesOf(words(`/operations/${index + 1}`), found);
    const last = Math.max(...own);
    const before = operations
      .slice(0, index)
      .flatMap((_, other) => pagesOf(words(`/operations/${other}`), found));
    // The first thing of a page stays where it is.
    if (following.length > 0 && Math.min(...following) > last && before.includes(last))
      findings.push(`${at}: the heading stands alone at the end of page ${last + 1}`);
  }
  return findings;
}

function checkHeader(at: string, headers: readonly string[], all: readonly string[], found: Found): string[] {
  const header = headers.map(readAs);
  const rows = all.filter((word) => !header.includes(word));
  const pagesWith = (some: readonly string[]): Set<number> =>
    new Set(some.flatMap((word) => found.places(word).flatMap((place) => place.map(({ page }) => page))));
  const ofRows = pagesWith(rows);
  if (rows.length === 0 || ofRows.size === 0) return [];
  // A word that the end of a page broke is found on neither, and a page may have no more of a row than its end.
  if (rows.some((word) => found.places(word).length === 0)) return [];
  return [...pagesWith(header)]
    .filter((page) => !ofRows.has(page))
    .map((page) => `${at}: the header stands alone on page ${page + 1}`);
}
