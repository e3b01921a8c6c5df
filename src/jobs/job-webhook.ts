/** The webhook that a caller gives with a job: an address that is told of this job alone. */
export interface JobWebhook {
  readonly url: string;
  /** Left out, messages of the server's own profile are not signed. */
  readonly secret?: string;
  /** Left out, those that its profile tells when nothing is asked for. */
  readonly events?: readonly string[];
  readonly payload?: 'whole' | 'reference';
  /** Name of a profile of webhooks, that of a dialect for one; the server's own when it is left out. */
  readonly profile?: string;
  /** JSON text for the profile. */
  readonly context?: string;
}
