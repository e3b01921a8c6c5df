/**
 * The problem catalogue: every refusal that a caller can meet, over any transport. HTTP prints an entry as
 * `application/problem+json` (RFC 9457), with the slug as the last segment of `type`.
 */

export interface ProblemType {
  readonly status: number;
  readonly title: string;
  /** Whether the same request may succeed later without being changed. */
  readonly retry: boolean;
}

const catalogue = {
  'malformed-json': { status: 400, title: 'The body is not valid JSON', retry: false },
  'malformed-request': { status: 400, title: 'The request cannot be read', retry: false },
  unauthorized: { status: 401, title: 'A valid API key is needed', retry: false },
  'capability-denied': { status: 403, title: 'The key does not allow this operation', retry: false },
  'not-found': { status: 404, title: 'There is nothing here', retry: false },
  'method-not-allowed': { status: 405, title: 'The method is not allowed here', retry: false },
  'not-acceptable': { status: 406, title: 'None of the accepted types can be served', retry: false },
  'job-not-completed': { status: 409, title: 'The job has no result', retry: true },
  'job-not-ended': { status: 409, title: 'The job has not ended', retry: true },
  'idempotency-conflict': {
    status: 409,
    title: 'The idempotency key was used for another body',
    retry: false,
  },
  'webhook-off': { status: 409, title: 'The webhook is off', retry: false },
  'webhooks-full': { status: 409, title: 'There are too many webhooks', retry: false },
  'result-expired': { status: 410, title: 'The result is past its retention', retry: false },
  'result-missing': { status: 410, title: 'The file of the result is missing', retry: false },
  'input-gone': { status: 410, title: 'The input of the job is gone', retry: false },
  'precondition-failed': { status: 412, title: 'The precondition does not hold', retry: false },
  'payload-too-large': { status: 413, title: 'The body is too large', retry: false },
  'uri-too-long': { status: 414, title: 'The address is too long', retry: false },
  'unsupported-media-type': { status: 415, title: 'The body has an unsupported type', retry: false },
  'range-not-satisfiable': { status: 416, title: 'The range lies outside of the result', retry: false },
  'validation-failed': { status: 422, title: 'The request breaks its schema', retry: false },
  'render-failed': { status: 422, title: 'The document cannot be rendered', retry: false },
  'upgrade-required': { status: 426, title: 'The address speaks WebSocket only', retry: false },
  'ip-rate-exceeded': { status: 429, title: 'Too many requests from this address', retry: true },
  'client-rate-exceeded': { status: 429, title: 'Too many requests with this key', retry: true },
  'too-many-connections': { status: 429, title: 'Too many streams are open', retry: true },
  'too-many-subscriptions': { status: 429, title: 'The connection has too many subscriptions', retry: false },
  'headers-too-large': { status: 431, title: 'The header fields are too large', retry: false },
  'internal-error': { status: 500, title: 'The server failed', retry: true },
  'queue-full': { status: 503, title: 'The queue is full', retry: true },
  'shutting-down': { status: 503, title: 'The server is shutting down', retry: true },
  'storage-unavailable': { status: 503, title: 'The store cannot take work', retry: true },
  'request-timeout': { status: 504, title: 'The request took too long', retry: true },
} as const satisfies Record<string, ProblemType>;

export type ProblemSlug = keyof typeof catalogue;

export const problemTypes: Readonly<Record<ProblemSlug, ProblemType>> = catalogue;

/** Why a key was refused: `missing` also when what was sent cannot be read as a key. */
export const keyRefusals = ['missing', 'malformed', 'unknown', 'disabled', 'expired'] as const;
export type KeyRefusal = (typeof keyRefusals)[number];

/** A refusal on its way to the caller. `detail` says what to do; it never holds a secret. */
export interface Problem {
  readonly slug: ProblemSlug;
  readonly detail: string;
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
  /** Seconds after which a retry is worth it; whole and at least 1. */
  readonly retryAfter?: number;
  /** Of `unauthorized`, for dialects that have a status or a code for each reason. */
  readonly keyRefusal?: KeyRefusal;
  /** Of `malformed-request`: the header field, in lower case, that came more than once. For dialects that have a code for it. */
  readonly repeatedField?: string;
}

/** One wrong member of a message, named by its JSON pointer; the empty pointer means the message itself. */
export function wrongMember(pointer: string, message: string): Problem {
  const name = pointer === '' ? 'The message' : pointer;
  return problem('validation-failed', `${name} ${message}`, { errors: [{ pointer, message }] });
}

export function problem(
  slug: ProblemSlug,
  detail: string,
  extra: Omit<Problem, 'slug' | 'detail'> = {},
): Problem {
  return { slug, detail, ...extra };
}
