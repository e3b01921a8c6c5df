import { createBulkFill } from './bulk-fill/bulk-fill.js';
import type { BulkFillSettings } from './bulk-fill/settings.js';
import type { Dialect } from './dialect.js';
import { native } from './native/native.js';
import { createPreviews } from './previews/previews.js';
import { createReportFlow } from './report-flow/report-flow.js';

/** What the operator says of dialects. */
export interface DialectSettings {
  readonly bulkFill: BulkFillSettings;
  /** Folders whose files the FileLens API may read. */
  readonly previewPaths: readonly string[];
}

/** Every HTTP API that this server speaks; the first is the server's own. */
export function createDialects({ bulkFill, previewPaths }: DialectSettings): readonly Dialect[] {
  return [
    native,
    createReportFlow({ syncTimeoutMs: 120_000 }),
    createBulkFill(bulkFill),
    createPreviews({ syncTimeoutMs: 300_000, paths: previewPaths }),
  ];
}
