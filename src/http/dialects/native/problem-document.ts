import { kindOf, type Refusal, type RefusalWriter } from '../../reply/problem-reply.js';

/** The slug follows; the one place that names it. */
export const problemBase = 'https://inkwire.dev/problems/';
const mediaType = 'application/problem+json';

/** RFC 9457. `instance` is the path that was asked for. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance?: string;
  readonly request_id: string;
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
}

export function problemDocument(refusal: Refusal, requestId: string, instance?: string): ProblemDocument {
  const { status, title } = kindOf(refusal);
  const errors = 'slug' in refusal ? refusal.errors : undefined;
  return {
    // RFC 9457, 4.2.1: what is no more than its status.
    type: 'slug' in refusal ? `${problemBase}${refusal.slug}` : 'about:blank',
    title,
    status,
    detail: refusal.detail,
    ...(instance === undefined ? {} : { instance }),
    request_id: requestId,
    ...(errors === undefined ? {} : { errors }),
  };
}

export const writeProblem: RefusalWriter = (refusal, { id, path }) => {
  const document = problemDocument(refusal, id, path);
  const isUnauthorized = 'slug' in refusal && refusal.slug === 'unauthorized';
  return {
    status: document.status,
    headers: {
      'content-type': mediaType,
      // RFC 9110, 15.5.2
      ...(isUnauthorized ? { 'www-authenticate': challengeOf(refusal.keyRefusal) } : {}),
    },
    body: JSON.stringify(document),
  };
};

/** RFC 6750, 3.1: the error is for those that sent a key. */
function challengeOf(reason: string | undefined): string {
  return reason === undefined || reason === 'missing' ? 'Bearer' : 'Bearer error="invalid_token"';
}
