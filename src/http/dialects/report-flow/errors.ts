import { STATUS_CODES } from 'node:http';
import { namesOf } from '../../../protocol/json-pointer.js';
import type { ProblemSlug } from '../../../protocol/problem.js';
import { kindOf, type Refusal, type RefusalWriter } from '../../reply/problem-reply.js';

/** The statuses of this API where they are others than those of the catalogue. */
const statuses: Readonly<Partial<Record<ProblemSlug, number>>> = {
  'validation-failed': 400,
  'unsupported-media-type': 400,
  'result-expired': 404,
  'result-missing': 404,
  'input-gone': 404,
};

const errors: Readonly<Record<number, string>> = {
  413: 'Request Entity Too Large',
  504: 'Request timeout',
};

/** Sentences that stand for all reasons of a status. */
const messages: Readonly<Record<number, string>> = {
  413: 'Payload Too Large',
  504: 'Gateway Timeout',
};

export const writeError: RefusalWriter = (refusal) => {
  const statusCode = statusOf(refusal);
  const message = messages[statusCode] ?? sentencesOf(refusal);
  const error = errors[statusCode] ?? STATUS_CODES[statusCode] ?? 'Error';
  return {
    status: statusCode,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ statusCode, message, error }),
  };
};

function statusOf(refusal: Refusal): number {
  if (!('slug' in refusal)) return refusal.status;
  if (refusal.slug === 'unauthorized') return refusal.keyRefusal === 'missing' ? 412 : 401;
  return statuses[refusal.slug] ?? kindOf(refusal).status;
}

/** One for each field where fields are wrong. */
function sentencesOf(refusal: Refusal): string | readonly string[] {
  const found = 'slug' in refusal && refusal.slug === 'validation-failed' ? refusal.errors : undefined;
  if (found === undefined || found.length === 0) return refusal.detail;
  return found.map(({ pointer, message }) => `${namesOf(pointer).join('.') || 'the body'} ${message}`);
}
