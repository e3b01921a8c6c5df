import type { FairnessLimits } from '../jobs/fairness.js';

/** What the nodes of one service have to have in common. */
export interface ServiceSettings {
  readonly fairness: FairnessLimits;
  /** As `Submission.limits`. */
  readonly limits: { readonly maxPending: number; readonly maxPendingPerOwner: number };
  /** As in `SweepRequest`. */
  readonly retention: {
    readonly recordTtlMs: number;
    readonly logTtlMs: number;
    readonly logMaxFacts: number;
  };
}

/** A worker says that it is there, as with `beat`, and with which settings it was started. */
export interface Agreement {
  readonly worker: string;
  readonly until: number;
  readonly now: number;
  readonly settings: ServiceSettings;
}

/** The stored settings; what a program of another version has not stored is taken from this worker's own. */
export function settingsWith(stored: ServiceSettings, own: ServiceSettings): ServiceSettings {
  return {
    fairness: { ...own.fairness, ...stored.fairness },
    limits: { ...own.limits, ...stored.limits },
    retention: { ...own.retention, ...stored.retention },
  };
}
