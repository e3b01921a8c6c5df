import type { FastifyReply } from 'fastify';
import type { KeyRefusal, ProblemSlug } from '../../../protocol/problem.js';
import { kindOf, type Refusal, type RefusalWriter } from '../../reply/problem-reply.js';

/** What this dialect refuses a request for, with the status of each. */
export const refusalStatus = {
  INVALID_IDEMPOTENCY_KEY: 400,
  INVALID_FILENAME_COLUMNS: 400,
  TOO_MANY_FILENAME_COLUMNS: 400,
  MISSING_PDF: 400,
  MISSING_PACKAGE: 400,
  ROWS_INPUT_REQUIRED: 400,
  INVALID_ROWS: 400,
  INVALID_CSV: 400,
  INVALID_THRESHOLD: 400,
  INVALID_DELIVERY_MODE: 400,
  INVALID_WEBHOOK_TARGET: 400,
  INVALID_PACKAGE: 400,
  /** The form itself: parts that nobody knows, or that come twice. */
  INVALID_REQUEST: 400,
  BF_EXPORT_API_KEY_REQUIRED: 401,
  BF_EXPORT_API_KEY_INVALID: 401,
  BF_EXPORT_API_KEY_REVOKED: 403,
  BF_EXPORT_API_KEY_EXPIRED: 403,
  BF_EXPORT_API_KEY_INACTIVE: 403,
  EXPORT_JOB_NOT_FOUND: 404,
  IDEMPOTENCY_KEY_PAYLOAD_MISMATCH: 409,
  EXPORT_JOB_NOT_COMPLETED: 409,
  EXPORT_DELIVERY_EXPIRED: 410,
  SOURCE_PDF_TOO_LARGE: 413,
  PAYLOAD_TOO_LARGE: 413,
  UNREADABLE_PDF: 422,
  ENCRYPTED_PDF: 422,
  XFA_FORM: 422,
  TOO_MANY_ROWS: 422,
  NO_ROWS: 422,
  RESULT_TOO_LARGE: 422,
  RATE_LIMITED: 429,
  REPEATED_FAILED_JOBS_COOLDOWN: 429,
  HIGH_FAIL_RATIO_COOLDOWN: 429,
  QUOTA_EXCEEDED: 429,
} as const;

export type RefusalCode = keyof typeof refusalStatus;

/** A refusal of the dialect's own. */
export interface BulkRefusal {
  readonly code: RefusalCode;
  readonly message: string;
  /** Seconds, whole and at least 1. */
  readonly retryAfter?: number;
  /** Further members of the answer. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

export function refusal(
  code: RefusalCode,
  message: string,
  more: Pick<BulkRefusal, 'retryAfter' | 'extra'> = {},
): BulkRefusal {
  return { code, message, ...more };
}

const keyCodes: Readonly<Record<KeyRefusal, RefusalCode>> = {
  missing: 'BF_EXPORT_API_KEY_REQUIRED',
  malformed: 'BF_EXPORT_API_KEY_INVALID',
  unknown: 'BF_EXPORT_API_KEY_INVALID',
  disabled: 'BF_EXPORT_API_KEY_REVOKED',
  expired: 'BF_EXPORT_API_KEY_EXPIRED',
};

/** What the server refuses for reasons of its own, in the words of the dialect. */
const codes: Partial<Readonly<Record<ProblemSlug, RefusalCode>>> = {
  'malformed-request': 'INVALID_REQUEST',
  'capability-denied': 'BF_EXPORT_API_KEY_INACTIVE',
  'not-found': 'EXPORT_JOB_NOT_FOUND',
  'job-not-completed': 'EXPORT_JOB_NOT_COMPLETED',
  'idempotency-conflict': 'IDEMPOTENCY_KEY_PAYLOAD_MISMATCH',
  'result-expired': 'EXPORT_DELIVERY_EXPIRED',
  'result-missing': 'EXPORT_DELIVERY_EXPIRED',
  'payload-too-large': 'PAYLOAD_TOO_LARGE',
  'ip-rate-exceeded': 'RATE_LIMITED',
  'client-rate-exceeded': 'RATE_LIMITED',
};

/** `{ "code", "message", ...extra }`; what the dialect has no word for is told by its own, `QUEUE_FULL` and so on. */
export const writeRefusal: RefusalWriter = (given) => {
  const code = codeOf(given);
  const status = code !== undefined ? refusalStatus[code] : kindOf(given).status;
  const isProblem = 'slug' in given;
  const own = isProblem ? given.slug : given.title;
  return answer(status, code ?? own.toUpperCase().replace(/[^A-Z]+/g, '_'), given.detail, {
    retryAfter: isProblem ? given.retryAfter : undefined,
    errors: isProblem ? given.errors : undefined,
  });
};

/** The answer for a refusal of the dialect's own. */
export function answerOf({ code, message, ...more }: BulkRefusal): ReturnType<RefusalWriter> {
  return answer(refusalStatus[code], code, message, more);
}

/** Answers with it, with what every refusal has. Headers that were set before stay. */
export function sendRefusal(reply: FastifyReply, refused: BulkRefusal): FastifyReply {
  const { status, headers, body } = answerOf(refused);
  // As bytes, since Fastify adds a charset to JSON texts.
  return reply
    .code(status)
    .headers({ 'cache-control': 'no-store', ...headers })
    .send(Buffer.from(body));
}

function codeOf(given: Refusal): RefusalCode | undefined {
  if (!('slug' in given)) return undefined;
  if (given.repeatedField === 'idempotency-key') return 'INVALID_IDEMPOTENCY_KEY';
  return given.slug === 'unauthorized' ? keyCodes[given.keyRefusal ?? 'missing'] : codes[given.slug];
}

function answer(
  status: number,
  code: string,
  message: string,
  more: {
    readonly retryAfter?: number | undefined;
    readonly errors?: readonly object[] | undefined;
    readonly extra?: object | undefined;
  },
): ReturnType<RefusalWriter> {
  const { retryAfter, errors, extra } = more;
  return {
    status,
    headers: {
      'content-type': 'application/json',
      ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
      // RFC 9110, 15.5.2
      ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    },
    body: JSON.stringify({
      code,
      message,
      ...(retryAfter === undefined ? {} : { retry_after_seconds: retryAfter }),
      ...(errors === undefined ? {} : { errors }),
      ...extra,
    }),
  };
}
