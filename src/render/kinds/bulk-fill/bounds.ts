import { defaultRowLimits } from './rows/row.js';
import { type SourceLimits, sourceCeiling, sourceLimits } from './template/source-limits.js';

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

/** What a setting may be at most. */
export const boundsCeiling: BulkFillBounds = {
  rows: 1_000_000,
  source: sourceCeiling,
  resultBytes: 1_000_000_000_000_000,
};
