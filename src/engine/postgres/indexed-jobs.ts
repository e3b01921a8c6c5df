import { type JobRow, jobShape } from './job-shapes.js';
import { tokenShape, tokensOf } from './search-tokens.js';
import { columnsOf, insertRows, insertValues, type Query, removeRows } from './shape.js';

/** Whether all that was said of a job is in the index. Of a program that does not know it, null: listings look at the job. */
const indexed = ['indexed', 'boolean'] as const;

/** New jobs, and what a search finds them by: that never changes. */
export function insertJobs(rows: readonly JobRow[]): readonly Query[] {
  const tokens = rows.map(({ job }) => tokensOf(job));
  const values = rows.map((row, at) => [...jobShape.valuesOf(row), tokens[at] !== undefined]);
  const all = tokens.flatMap((some) => some ?? []);
  return [
    insertValues(jobShape.name, [...columnsOf(jobShape), indexed], values),
    ...(all.length > 0 ? [insertRows(tokenShape, all)] : []),
  ];
}

/** For jobs that go. */
export function removeTokens(rows: readonly JobRow[]): readonly Query[] {
  const all = rows.flatMap(({ job }) => tokensOf(job) ?? []);
  return all.length > 0
    ? [
        removeRows(
          tokenShape,
          all.map((row) => tokenShape.keyOf(row)),
        ),
      ]
    : [];
}
