import { type TProperties, type TSchema, Type } from 'typebox';
import {
  errorCodes,
  type JobStatus,
  jobStatuses,
  maxListedArtifacts,
  maxToldPages,
} from '../../protocol/job-record.js';
import { describedLimits } from '../../protocol/names.js';

/** Shapes of what goes over the wire, for checking requests and for OpenAPI. `$id`s become component names. */

const literals = (values: readonly string[]) => Type.Unsafe<string>({ type: 'string', enum: [...values] });
const time = Type.String({ format: 'date-time' });
const count = Type.Integer({ minimum: 0 });

const pageMembers = {
  number: Type.Integer({ minimum: 1 }),
  width: Type.Integer({ minimum: 1, description: 'Pixels' }),
  height: Type.Integer({ minimum: 1, description: 'Pixels' }),
  placeholder: Type.Optional(
    Type.String({
      description: 'A tiny picture of the page as a `data:` URL; in lists of artifacts and in `produced`',
    }),
  ),
};

export const artifactSchema = Type.Object(
  {
    name: Type.String(),
    content_type: Type.String(),
    size_bytes: count,
    sha256: Type.Optional(
      Type.String({
        pattern: '^[0-9a-f]{64}$',
        description: 'Not there for a file that is computed as it is read',
      }),
    ),
    url: Type.String({ format: 'uri-reference' }),
    page: Type.Optional(
      Type.Object(pageMembers, {
        description: 'Of a picture of a page: which one, and how large the picture is',
      }),
    ),
  },
  { $id: 'Artifact' },
);

export const warningSchema = Type.Object({
  code: Type.String(),
  message: Type.String(),
  pointer: Type.Optional(Type.String({ format: 'json-pointer' })),
});

const ownerSchema = Type.Optional(
  Type.String({ description: 'Whose it is; only in what tells of every owner' }),
);

const jobMembers = {
  owner: ownerSchema,
  job_id: Type.String({ pattern: '^job_[0-9a-f]{24}$' }),
  status: literals(jobStatuses),
  kind: Type.String(),
  rev: Type.Integer({ minimum: 1, description: 'Grows by one with every change of the status' }),
  created_at: time,
  accept_ms: Type.Optional(
    Type.Integer({ minimum: 0, description: 'From the first byte of the request to `created_at`' }),
  ),
  started_at: Type.Optional(time),
  completed_at: Type.Optional(time),
  render_ms: Type.Optional(
    Type.Integer({
      minimum: 0,
      description: 'From `started_at` until the thread was done, of a completed job',
    }),
  ),
  progress: Type.Optional(Type.Integer({ minimum: 0, maximum: 100 })),
  message: Type.Optional(Type.String({ description: 'What the render is doing' })),
  pages_done: Type.Optional(count),
  pages_total: Type.Optional(count),
  rows: Type.Optional(
    Type.Object(
      { total: count, done: count, success: count, partial: count, failed: count },
      { description: 'Of a job that makes a file of each row' },
    ),
  ),
  attempt: Type.Integer({ minimum: 0, description: 'Starts so far' }),
  priority: Type.Integer({ minimum: -10, maximum: 10 }),
  group: Type.Optional(Type.String()),
  title: Type.Optional(Type.String({ description: 'What people call it, as given' })),
  reference: Type.Optional(Type.String({ description: "The caller's own key, as given" })),
  tags: Type.Optional(Type.Array(Type.String(), { maxItems: describedLimits.tags })),
  metadata: Type.Optional(Type.Record(Type.String(), Type.String())),
  file_name: Type.Optional(Type.String({ description: 'Under which the result is downloaded, as given' })),
  retry_of: Type.Optional(Type.String({ description: 'The job that this one was made from by a retry' })),
  error: Type.Optional(Type.String({ description: 'Only on failed jobs' })),
  error_code: Type.Optional(literals(errorCodes)),
  error_pointer: Type.Optional(
    Type.String({ description: 'Only on failed jobs: the member of the request that made it fail' }),
  ),
  error_details: Type.Optional(
    Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()]), {
      description: 'Only on failed jobs: `reason` and what belongs to it, for programs',
    }),
  ),
  pages: Type.Optional(count),
  size_bytes: Type.Optional(count),
  artifact_count: Type.Optional(
    Type.Integer({ minimum: 0, description: 'Artifacts that can be had, also while the job runs' }),
  ),
  artifacts: Type.Optional(
    Type.Array(artifactSchema, { maxItems: maxListedArtifacts, description: 'The first of them' }),
  ),
  produced: Type.Optional(
    Type.Object(
      {
        from: count,
        to: count,
        pages: Type.Optional(
          Type.Array(Type.Object({ ...pageMembers, url: Type.String({ format: 'uri-reference' }) }), {
            maxItems: maxToldPages,
            description: 'The pictures of pages among them, or the first of these',
          }),
        ),
      },
      { description: 'Places of the artifacts that the latest job.produced added; `to` is exclusive' },
    ),
  ),
  warnings: Type.Optional(Type.Array(warningSchema)),
  expires_at: Type.Optional(time),
  result_url: Type.Optional(Type.String({ format: 'uri-reference' })),
  poll_url: Type.Optional(Type.String({ format: 'uri-reference' })),
  events_url: Type.String({ format: 'uri-reference' }),
};

const jobMembersSchema = Type.Object(jobMembers, {
  $id: 'JobMembers',
  description: 'What the record of any job can have. What does not apply is left out, never null.',
});

/** The record of a job in one state, and what it has then for sure. */
function jobIn(
  status: JobStatus,
  description: string,
  required: readonly (keyof typeof jobMembers)[],
): TSchema {
  const name = `${status.charAt(0).toUpperCase()}${status.slice(1)}Job`;
  // Programs that write clients take a member as required only where its schema stands beside.
  const members = Object.fromEntries(required.map((member) => [member, jobMembers[member]]));
  const own = { type: 'object', properties: { status: { type: 'string', const: status }, ...members } };
  return Type.Unsafe({
    $id: name,
    description,
    allOf: [jobMembersSchema, { ...own, required: ['status', ...required] }],
  });
}

export const jobStates = {
  pending: jobIn('pending', 'It waits for its first attempt, or for the next one', ['poll_url']),
  running: jobIn('running', 'A thread works on it', ['started_at', 'progress', 'poll_url']),
  completed: jobIn('completed', 'There is a result', ['completed_at', 'progress', 'result_url']),
  failed: jobIn('failed', 'It has ended without a result', ['completed_at', 'error', 'error_code']),
  cancelled: jobIn('cancelled', 'It was stopped, or never begun', ['completed_at']),
} as const satisfies Record<JobStatus, TSchema>;

/** The record of a job of which nothing but its members is known: one that is gone. */
export const anyJobSchema: TSchema = jobMembersSchema;

export const jobSchema: TSchema = Type.Unsafe({
  $id: 'Job',
  description: 'The record of a job; `status` says which one.',
  oneOf: Object.values(jobStates),
});

export const submittedSchema: TSchema = Type.Unsafe({
  $id: 'SubmittedJob',
  allOf: [
    jobSchema,
    Type.Object({
      events_cursor: Type.String({
        description: 'Where the first event of the job sits: subscribe after it',
      }),
    }),
  ],
});

export const groupSchema = Type.Object(
  {
    owner: ownerSchema,
    group: Type.String(),
    jobs: count,
    pending: count,
    running: count,
    completed: count,
    failed: count,
    cancelled: count,
    progress: Type.Integer({
      minimum: 0,
      maximum: 100,
      description: 'Of all jobs; ended ones count as whole',
    }),
  },
  { $id: 'Group' },
);

export const problemSchema = Type.Object(
  {
    type: Type.String({ format: 'uri', description: 'The last segment is the slug' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    instance: Type.Optional(Type.String({ format: 'uri-reference' })),
    request_id: Type.String(),
    errors: Type.Optional(
      Type.Array(Type.Object({ pointer: Type.String({ format: 'json-pointer' }), message: Type.String() })),
    ),
  },
  { $id: 'Problem', description: 'RFC 9457' },
);

export const metaSchema = Type.Object(
  {
    request_id: Type.String(),
    timestamp: time,
    duration_ms: Type.Number({ minimum: 0 }),
    api_version: Type.Literal('v1'),
    warnings: Type.Optional(
      Type.Array(warningSchema, {
        description:
          'Parameters of the address, or a body, that the address knows nothing of: they were ignored',
      }),
    ),
  },
  { $id: 'Meta' },
);

export function envelope(schema: TSchema): TSchema {
  return Type.Object({ data: schema, meta: metaSchema });
}

export function envelopeOf(members: TProperties): TSchema {
  return envelope(Type.Object(members));
}

/** Any text: an id that does not exist is not found, however it is written. */
export const jobParams = Type.Object({ id: Type.String({ description: 'Id of a job' }) });
