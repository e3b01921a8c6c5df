import { type TSchema, Type } from 'typebox';
import { json, type RouteDocs } from '../docs/route-docs.js';
import { envelope, envelopeOf, jobParams, jobSchema, submittedSchema } from '../docs/schemas.js';
import { eventSchema } from '../docs/stream-schemas.js';

const polled = {
  ETag: 'Changes whenever the record does',
  'Retry-After': 'Seconds to the next poll; only while the job has not ended',
  'Preference-Applied': 'What was preferred and heard: `wait=N`, `handling=strict`',
};

const wait = 'wait=N holds the answer until the job has ended, N seconds at most (60)';

const created = { ...polled, Location: 'Path of the job' };
const acceptHeaders = { 'Idempotency-Key': '1 to 255 printable ASCII characters', Prefer: wait };
const acceptAnswers: RouteDocs['answers'] = {
  '201': { description: 'A new job', content: { [json]: envelope(submittedSchema) }, headers: created },
  '200': {
    description: 'The job that the key made before',
    content: { [json]: envelope(submittedSchema) },
    headers: created,
  },
};

export const cancelDocs: RouteDocs = {
  id: 'cancelJob',
  tag: 'jobs',
  summary: 'Stop a job',
  description:
    'A job that waits or runs is cancelled, its thread stopped; one that has ended stays as it is, with its result. ' +
    'Safe to send again.',
  answers: {
    '200': {
      description: 'The record after it',
      content: { [json]: envelope(jobSchema) },
      headers: { ETag: polled.ETag },
    },
  },
  problems: ['not-found'],
};

export const historyDocs: RouteDocs = {
  id: 'getJobHistory',
  tag: 'jobs',
  summary: 'What happened to a job',
  description: 'Its events as the stream tells them (docs/PROTOCOL.md, P-2), oldest first, at most 1,000.',
  answers: {
    '200': {
      description:
        '`complete` is false when the first events are not kept any more, or when there are more than these',
      content: { [json]: envelopeOf({ events: Type.Array(eventSchema), complete: Type.Boolean() }) },
    },
  },
  problems: ['not-found'],
};

/** What OpenAPI says of the other job routes. */
export function jobDocs(bodySchema: TSchema, formSchema: TSchema) {
  const submit: RouteDocs = {
    id: 'submitJob',
    tag: 'jobs',
    summary: 'Submit a job',
    description:
      'The answer leaves when the job is stored. With an Idempotency-Key the same body makes one job in 24 hours, ' +
      'however often it is sent. Members that neither the kind nor the job has are ignored and are warnings of the record ' +
      '(`unknown_member`). Files can be uploaded in the parts of a form, in any order: each part is a member, or ' +
      'one element of it where the member is a list.',
    headers: acceptHeaders,
    body: bodySchema,
    form: formSchema,
    answers: acceptAnswers,
    problems: ['malformed-request', 'idempotency-conflict', 'queue-full', 'storage-unavailable'],
  };
  const retry: RouteDocs = {
    id: 'retryJob',
    tag: 'jobs',
    summary: 'Try a job again that has ended',
    description:
      'Makes a new job from the same request, with the same kind, group, priority, limits and description; the old one ' +
      'stays as it is, and `retry_of` names it. No body is taken. With an Idempotency-Key it makes one job, however often it is sent.',
    headers: acceptHeaders,
    answers: acceptAnswers,
    problems: [
      'malformed-request',
      'not-found',
      'job-not-ended',
      'idempotency-conflict',
      'input-gone',
      'queue-full',
      'storage-unavailable',
    ],
  };
  const poll: RouteDocs = {
    id: 'getJob',
    tag: 'jobs',
    summary: 'The record of a job',
    headers: {
      Prefer: `${wait}; with If-None-Match until the record changes`,
      'If-None-Match': 'An ETag of before',
    },
    answers: {
      '200': { description: 'The record', content: { [json]: envelope(jobSchema) }, headers: polled },
      '304': { description: 'The record is as it was', headers: polled },
    },
    problems: ['not-found'],
  };
  const request: RouteDocs = {
    id: 'getJobRequest',
    tag: 'jobs',
    summary: 'The request that made a job',
    description:
      'As it was sent, with its kind: sent to POST /api/v1/jobs it makes the same document. Binary members above 64 KiB, ' +
      'and what exceeds 1 MiB of them together, are left out, and so is the secret of a webhook, which a retry keeps: ' +
      '`left_out` names them, and in their place stands a text that is refused when it is sent.',
    answers: {
      '200': {
        description:
          'The request, and what has to be put into it again; it is whole when `left_out` is empty',
        content: {
          [json]: envelopeOf({
            job_id: Type.String(),
            request: Type.Object({}, { additionalProperties: true }),
            left_out: Type.Array(
              Type.Object({ pointer: Type.String({ format: 'json-pointer' }), size_bytes: Type.Integer() }),
            ),
          }),
        },
      },
    },
    problems: ['not-found', 'input-gone'],
  };
  const remove: RouteDocs = {
    id: 'removeJob',
    tag: 'jobs',
    summary: 'Cancel or delete a job',
    description:
      'A job that has not ended is cancelled and keeps its record; one that has ended goes with its result.',
    answers: { '204': { description: 'Done' } },
    problems: ['not-found'],
  };
  return { submit, retry, poll, request, remove, params: jobParams };
}
