/** How the render threads are doing, for figures and people. */
export interface PoolState {
  readonly threads: number;
  readonly starting: number;
  readonly idle: number;
  readonly busy: number;
  readonly waiting: number;
  readonly respawns: number;
  /** Threads whose last start has failed. A thread that takes the place of a stopped one is not counted. */
  readonly failing: number;
}

/** What one thread does. */
export interface Lane {
  readonly state: 'starting' | 'idle' | 'busy';
  readonly task?: {
    readonly kind: string;
    readonly owner: string;
    readonly jobId?: string;
    /** Since when the thread has it. */
    readonly forMs: number;
  };
}
