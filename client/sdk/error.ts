import type { Problem } from '../../src/protocol/problem.js';

/** What the SDK itself has to say, beside the slugs of the server's problems. */
export type ClientSlug =
  /** The server did not answer, or the answer broke off. */
  | 'network-error'
  /** `timeout` of a call has passed. */
  | 'timed-out'
  /** The bytes of a download do not have the digest that the server named. */
  | 'digest-mismatch'
  /** The answer is not what this protocol says: a proxy, or another server. */
  | 'unexpected-answer'
  /** `close()` was called. */
  | 'closed';

export type ErrorSlug = Problem['slug'] | ClientSlug;

export interface ErrorFacts {
  /** HTTP status; 0 where there was no answer. */
  readonly status?: number | undefined;
  readonly retryable?: boolean | undefined;
  /** Milliseconds after which a retry is worth it. */
  readonly retryAfterMs?: number | undefined;
  /** What is wrong with the request, by JSON pointer. */
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[] | undefined;
  readonly requestId?: string | undefined;
  readonly cause?: unknown;
}

/** Everything that a call of the SDK rejects with, but for an `AbortSignal`'s own reason. */
export class InkwireError extends Error {
  override readonly name = 'InkwireError';
  /** Which problem it is: a slug of the server's catalogue (docs/PROTOCOL.md, `/docs`) or one of `ClientSlug`. */
  readonly slug: ErrorSlug;
  readonly status: number;
  /** Whether the same call may succeed later without being changed. */
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly errors: readonly { readonly pointer: string; readonly message: string }[];
  readonly requestId: string | undefined;

  constructor(slug: ErrorSlug, message: string, facts: ErrorFacts = {}) {
    super(message, facts);
    this.slug = slug;
    this.status = facts.status ?? 0;
    this.retryable = facts.retryable ?? slug === 'network-error';
    this.retryAfterMs = facts.retryAfterMs;
    this.errors = facts.errors ?? [];
    this.requestId = facts.requestId;
  }
}

export function closed(): InkwireError {
  return new InkwireError('closed', 'The client was closed.');
}

/** The error in a problem document (RFC 9457), or in anything that came in its place. */
export function errorOf(status: number, body: unknown, retryAfter: string | null): InkwireError {
  const document =
    typeof body === 'object' && body !== null ? (body as Readonly<Record<string, unknown>>) : {};
  // The last segment is the slug; a later version may have others than this one knows.
  const slug = /\/([a-z-]+)$/.exec(String(document.type))?.[1] as Problem['slug'] | undefined;
  const seconds = Number(retryAfter ?? Number.NaN);
  return new InkwireError(
    slug ?? 'unexpected-answer',
    String(document.detail ?? document.title ?? `The server answered with status ${status}.`),
    {
      status,
      // What the catalogue says of each (a test holds them equal): time alone helps, or the server names a time.
      retryable: isPassing(status, slug) || retryAfter !== null,
      retryAfterMs: Number.isFinite(seconds) ? seconds * 1000 : undefined,
      errors: Array.isArray(document.errors) ? (document.errors as ErrorFacts['errors']) : undefined,
      requestId: typeof document.request_id === 'string' ? document.request_id : undefined,
    },
  );
}

function isPassing(status: number, slug: Problem['slug'] | undefined): boolean {
  return (
    (status === 429 && slug !== 'too-many-subscriptions') || status >= 500 || /^job-not/.test(String(slug))
  );
}
