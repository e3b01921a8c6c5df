import type { ProblemSlug } from '../../../protocol/problem.js';
import { kindOf, type Refusal, type RefusalWriter } from '../../reply/problem-reply.js';
import { messageOf } from './messages.js';

/** The statuses of this API where they are others than those of the catalogue. */
const statuses: Readonly<Partial<Record<ProblemSlug, number>>> = {
  'validation-failed': 400,
  'result-expired': 404,
  'result-missing': 404,
  'input-gone': 404,
  'job-not-completed': 404,
  'request-timeout': 503,
};

/**
 * Every refusal is an answer with all of its keys. Where a job is asked for that is not there, the answer is that of a job
 * that failed as well: clients that look at the body alone would ask for ever.
 */
export const writeRefusal: RefusalWriter = (refusal, { path = '' }) => {
  const status = statusOf(refusal);
  const none = { preview_urls: null, total_pages: null, job_id: null };
  const ended = status === 404 && /^\/(preview\/)?status(\/|$)/.test(path);
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      success: false,
      message: messageOf(refusal),
      ...none,
      ...(ended ? { status: 'failed', progress: 0, result_urls: null } : {}),
    }),
  };
};

function statusOf(refusal: Refusal): number {
  return ('slug' in refusal ? statuses[refusal.slug] : undefined) ?? kindOf(refusal).status;
}
