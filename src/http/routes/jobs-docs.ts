import { type TSchema, Type } from 'typebox';
import { json, type RouteDocs } from '../route-docs.js';
import { envelope, envelopeOf, jobParams, jobSchema, submittedSchema } from '../schemas.js';

const polled = {
  ETag: 'Changes whenever the record does',
  'Retry-After': 'Seconds to the next poll; only while the job has not ended',
  'Preference-Applied': 'Only when a wait was asked for',
};

const wait = 'wait=N holds the answer until the job has ended, N seconds at most (60)';

/** What OpenAPI says of the job routes. */
export function jobDocs(bodySchema: TSchema) {
  const submit: RouteDocs = {
    id: 'submitJob',
    tag: 'jobs',
    summary: 'Submit a job',
    description:
      'The answer leaves when the job is stored. With an Idempotency-Key the same body makes one job in 24 hours, ' +
      'however often it is sent.',
    headers: { 'Idempotency-Key': '1 to 255 printable ASCII characters', Prefer: wait },
    body: bodySchema,
    answers: {
      '201': { description: 'A new job', content: { [json]: envelope(submittedSchema) }, headers: created },
      '200': {
        description: 'The job that the key made before',
        content: { [json]: envelope(submittedSchema) },
        headers: created,
      },
    },
    problems: ['malformed-request', 'idempotency-conflict', 'queue-full', 'storage-unavailable'],
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
    description: 'Large binary members are left out.',
    answers: {
      '200': {
        description: 'The request',
        content: { [json]: envelopeOf({ job_id: Type.String(), request: Type.Unknown() }) },
      },
    },
    problems: ['not-found'],
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
  return { submit, poll, request, remove, params: jobParams };
}

const created = { ...polled, Location: 'Path of the job' };
