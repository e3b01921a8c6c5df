import { isObject } from '../../../../protocol/is-object.js';
import { countRows } from './row-counts.js';
import type { FailedRow, MadeRow } from './row-result.js';
import { type FileSums, HeadBytes, type SegmentHead } from './segment-head.js';

/** Segments of an earlier version, whose head was JSON: a job may go on that a server before this one has begun. */
export const formerMagic = Buffer.from('INKSEG01', 'latin1');

interface FormerHead {
  readonly from: number;
  readonly rows: readonly (FailedRow | (MadeRow & { readonly file: FileSums }))[];
}

/** @param json of the head. Throws when it is broken: this server wrote it. */
export function readFormerHead(json: string, tailsStart: number): SegmentHead {
  const head: unknown = JSON.parse(json);
  if (!isFormerHead(head)) throw new Error('The head of a segment is broken');
  const { from, rows } = head;
  const bytes = new HeadBytes();
  for (const [at, row] of rows.entries()) {
    if (row.status === 'failed') bytes.failed(row, from + at);
    else bytes.made(row, from + at, row.file);
  }
  const [files, names, results] = [bytes.files.bytes, bytes.names.bytes, bytes.results.bytes];
  return { from, counts: countRows(rows), files, names, results, tailsStart };
}

/** The digest of the file says that it is as it was written. */
function isFormerHead(value: unknown): value is FormerHead {
  return isObject(value) && typeof value.from === 'number' && Array.isArray(value.rows);
}
