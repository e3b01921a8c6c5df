/** A webhook as answers show it, without its secrets (docs/WEBHOOKS.md). Times are ISO 8601. */
export interface WebhookRecord {
  readonly id: string;
  readonly status: 'active' | 'failing' | 'paused' | 'off';
  readonly created_at: string;
  readonly url: string;
  readonly profile: string;
  readonly payload: 'whole' | 'reference';
  readonly enabled: boolean;
  readonly events: readonly string[];
  readonly tags?: readonly string[];
  readonly kinds?: readonly string[];
  readonly groups?: readonly string[];
  readonly description?: string;
  readonly job_id?: string;
  /** Its place in the log. */
  readonly cursor: string;
  /** Attempts that failed since the last success. */
  readonly failures: number;
  readonly failing_since?: string;
  readonly last_success_at?: string;
  readonly off?: { readonly reason: string; readonly at: string };
  /** The first letters of each. */
  readonly secrets: readonly { readonly hint: string; readonly until?: string }[];
  /** Only in the answer that makes it. */
  readonly secret?: string;
}

/** A message to a webhook. Times are ISO 8601. */
export interface DeliveryRecord {
  readonly id: string;
  readonly type: string;
  readonly status: 'waiting' | 'delivered' | 'failed';
  readonly created_at: string;
  readonly due_at?: string;
  readonly attempts: number;
  readonly last_status?: number;
  readonly last_error?: string;
  /** These two only where one message is asked for. */
  readonly body?: string;
  readonly tries?: readonly {
    readonly at: string;
    readonly duration_ms: number;
    readonly status?: number;
    readonly answer?: string;
    readonly error?: string;
  }[];
}
