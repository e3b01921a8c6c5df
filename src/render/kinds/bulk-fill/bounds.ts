import { RenderFailure } from '../../kind.js';
import { defaultRowLimits } from './rows/row.js';
import { type SourceLimits, sourceLimits } from './template/source-limits.js';

/** What one job may be, as the operator says it. A job keeps those of its submit. */
export interface BulkFillBounds {
  readonly rows: number;
  /** The PDF that is filled. */
  readonly source: SourceLimits;
  /** Of the ZIP, which is computed: it costs whoever downloads it. 0 is no limit. */
  readonly resultBytes: number;
}

export const standardBounds: BulkFillBounds = {
  rows: defaultRowLimits.maxRows,
  source: sourceLimits,
  resultBytes: 0,
};

export function resultTooLarge(limit: number): RenderFailure {
  const message = `the PDFs of all rows make a ZIP of more than ${limit} bytes`;
  return new RenderFailure(message, '/pdf_file', { reason: 'RESULT_TOO_LARGE' });
}
