import type { Message } from './message.js';
import type { RowCounts } from './row-counts.js';

/** As much is handed out at once. */
const partBytes = 256 * 1024;

interface ManifestFacts {
  readonly counts: RowCounts;
  /** Of the job, in milliseconds since 1970: the only time that stands in an archive. */
  readonly createdAt: number;
  /** Of the whole job. */
  readonly warnings: readonly Message[];
}

/**
 * `manifest.json` of an archive, version 2, in parts, each in memory that the next one takes. Where they are cut does not depend on
 * how many rows come together: each is packed by itself, and the archive has the same bytes whatever its segments were.
 * @param results of all rows, of any number of them together, with commas between them
 */
export function* manifestParts(results: Iterable<Uint8Array>, facts: ManifestFacts): Generator<Uint8Array> {
  const part = Buffer.allocUnsafe(partBytes);
  let filled = 0;
  for (const bytes of manifestBytes(results, facts)) {
    for (let at = 0; at < bytes.length; ) {
      const count = Math.min(bytes.length - at, partBytes - filled);
      part.set(bytes.subarray(at, at + count), filled);
      at += count;
      filled += count;
      if (filled < partBytes) continue;
      yield part;
      filled = 0;
    }
  }
  yield part.subarray(0, filled);
}

function* manifestBytes(
  results: Iterable<Uint8Array>,
  { counts, createdAt, warnings }: ManifestFacts,
): Generator<Uint8Array> {
  const { success, partial, failed, applied, skipped } = counts;
  const top = {
    version: 2,
    rows: success + partial + failed,
    timestamp: new Date(createdAt).toISOString(),
    summary: {
      produced_rows: success + partial,
      success_rows: success,
      partial_rows: partial,
      failed_rows: failed,
      applied_overlay_count: applied,
      skipped_overlay_count: skipped,
    },
    warnings,
  };
  yield Buffer.from(`${JSON.stringify(top).slice(0, -1)},"row_results":[`);
  const comma = Buffer.from(',');
  let isFirst = true;
  for (const some of results) {
    if (!isFirst) yield comma;
    isFirst = false;
    yield some;
  }
  yield Buffer.from(']}');
}
