/** The answer of `GET /api/v1/queue`: whether jobs are started. */
export interface QueueAnswer {
  readonly paused: boolean;
  /** ISO 8601. Left out, as the others, while it is not paused. */
  readonly since?: string;
  /** Whose key asked for it; for those who may know. */
  readonly by?: string;
  /** What the operator has said of it. */
  readonly reason?: string;
}

/** The same in a stream (P-49), for everybody. */
export type QueueNotice = Omit<QueueAnswer, 'by'>;
