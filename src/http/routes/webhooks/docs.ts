import { type TSchema, Type } from 'typebox';
import type { ProblemSlug } from '../../../protocol/problem.js';
import { json, type RouteDocs } from '../../docs/route-docs.js';
import { envelope, envelopeOf } from '../../docs/schemas.js';

const time = Type.String({ format: 'date-time' });
const texts = Type.Array(Type.String());
const literals = (...values: string[]) => Type.Unsafe<string>({ type: 'string', enum: values });
const count = Type.Integer({ minimum: 0 });

export const webhookParams = Type.Object({
  id: Type.String({ description: 'Id of a webhook, or of a job that was submitted with one' }),
});
export const deliveryParams = Type.Object({
  id: webhookParams.properties.id,
  delivery: Type.String({ description: 'Id of a message (`webhook-id`)' }),
});
export const listQuery = Type.Object({
  cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 }),
});
export const deliveriesQuery = Type.Object({
  status: Type.Optional(literals('waiting', 'finished')),
  cursor: Type.Optional(Type.Integer({ minimum: 1, description: '`next_cursor` of the page before' })),
  limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 }),
});

const members = {
  url: Type.String({ format: 'uri' }),
  events: Type.Optional(Type.Array(Type.String(), { description: 'Left out: ends of jobs and groups' })),
  tags: Type.Optional(Type.Array(Type.String(), { description: 'Only jobs with any of these' })),
  kinds: Type.Optional(Type.Array(Type.String(), { description: 'Only jobs of these' })),
  groups: Type.Optional(Type.Array(Type.String(), { description: 'Only jobs of these, and the groups' })),
  payload: Type.Optional(literals('whole', 'reference')),
  profile: Type.Optional(Type.String({ description: '`standard`, or that of a dialect' })),
  description: Type.Optional(Type.String({ maxLength: 200 })),
  enabled: Type.Optional(Type.Boolean()),
};

export const webhookSchema = Type.Object(
  {
    id: Type.String(),
    status: literals('active', 'failing', 'paused', 'off'),
    created_at: time,
    url: Type.String({ format: 'uri' }),
    profile: Type.String(),
    payload: literals('whole', 'reference'),
    enabled: Type.Boolean(),
    events: texts,
    tags: Type.Optional(texts),
    kinds: Type.Optional(texts),
    groups: Type.Optional(texts),
    description: Type.Optional(Type.String()),
    job_id: Type.Optional(Type.String()),
    cursor: Type.String({ description: 'What came up to here was sent, or waits to be sent again' }),
    failures: Type.Integer({ minimum: 0, description: 'Attempts that failed since the last success' }),
    failing_since: Type.Optional(time),
    last_success_at: Type.Optional(time),
    off: Type.Optional(Type.Object({ reason: literals('gone', 'failing'), at: time })),
    secrets: Type.Array(
      Type.Object({ hint: Type.String({ description: 'Its beginning' }), until: Type.Optional(time) }),
    ),
    secret: Type.Optional(Type.String({ description: 'In the answer that makes it, and never again' })),
  },
  { $id: 'Webhook' },
);

const listedMembers = {
  id: Type.String({ description: '`webhook-id`: the same for every attempt' }),
  type: Type.String(),
  status: literals('waiting', 'delivered', 'failed'),
  created_at: time,
  due_at: Type.Optional(time),
  attempts: count,
  last_status: Type.Optional(Type.Integer()),
  last_error: Type.Optional(Type.String()),
};
export const deliverySchema = Type.Object(
  {
    ...listedMembers,
    body: Type.Optional(Type.String({ description: 'As it is sent' })),
    tries: Type.Optional(
      Type.Array(
        Type.Object({
          at: time,
          duration_ms: count,
          status: Type.Optional(Type.Integer()),
          answer: Type.Optional(Type.String({ description: 'The beginning of the body' })),
          error: Type.Optional(Type.String()),
        }),
        { description: 'The last attempts' },
      ),
    ),
  },
  { $id: 'WebhookDelivery' },
);

const docs = (
  id: string,
  summary: string,
  status: string,
  description: string,
  schema: TSchema | undefined,
  more: Partial<RouteDocs> = {},
): RouteDocs => ({
  id,
  tag: 'webhooks',
  summary,
  answers: { [status]: { description, ...(schema === undefined ? {} : { content: { [json]: schema } }) } },
  problems: ['not-found', ...(more.problems ?? [])],
  ...(more.body === undefined ? {} : { body: more.body }),
  ...(more.description === undefined ? {} : { description: more.description }),
  ...(more.headers === undefined ? {} : { headers: more.headers }),
});

const bodyProblems: readonly ProblemSlug[] = ['malformed-json', 'validation-failed'];
const one = envelope(webhookSchema);
const delivery = envelope(deliverySchema);

export const create = docs(
  'createWebhook',
  'Tell an address of events',
  '201',
  'The webhook, with its secret',
  one,
  {
    body: Type.Object({ ...members, secret: Type.Optional(Type.String()) }),
    description: 'Messages follow Standard Webhooks. Rules and samples: docs/WEBHOOKS.md.',
    problems: [...bodyProblems, 'webhooks-full'],
  },
);
export const list = docs(
  'listWebhooks',
  'The webhooks of the caller',
  '200',
  'One page; without next_cursor it is the last',
  envelopeOf({ webhooks: Type.Array(webhookSchema), next_cursor: Type.Optional(Type.String()) }),
  { problems: ['validation-failed'] },
);
export const get = docs('getWebhook', 'A webhook', '200', 'How it is, and how it does', one);
export const change = docs(
  'changeWebhook',
  'Change a webhook, or turn it on or off',
  '200',
  'As it is now',
  one,
  {
    body: Type.Partial(Type.Object(members)),
    headers: { 'If-Match': 'The `ETag` of the webhook as you have seen it' },
    description: 'Null takes a filter away. One that is turned on again is told what it missed.',
    problems: [...bodyProblems, 'precondition-failed'],
  },
);
export const remove = docs(
  'removeWebhook',
  'Remove a webhook with its deliveries',
  '204',
  'It is gone',
  undefined,
);
export const rotate = docs(
  'rotateWebhookSecret',
  'Give a webhook a new secret',
  '200',
  'The new secret',
  one,
  {
    body: Type.Object({
      secret: Type.Optional(Type.String()),
      overlap: Type.Optional(
        Type.Integer({ minimum: 0, maximum: 604_800, description: 'Seconds that both sign; a day' }),
      ),
    }),
    problems: bodyProblems,
  },
);
export const test = docs('testWebhook', 'Send a test message now', '200', 'What came of it', delivery, {
  description: 'One attempt, whose outcome is the answer; also where the webhook is off.',
  problems: ['queue-full'],
});
export const replayRange = docs(
  'replayWebhook',
  'Send everything again from a place or a time on',
  '202',
  'It begins',
  envelopeOf({ from: Type.String({ description: 'A cursor' }) }),
  {
    body: Type.Object({
      after: Type.Optional(Type.String({ description: 'A cursor' })),
      since: Type.Optional(time),
      until: Type.Optional(time),
    }),
    problems: [...bodyProblems, 'webhook-off', 'queue-full'],
  },
);
export const deliveries = docs(
  'listWebhookDeliveries',
  'Messages to a webhook, newest first',
  '200',
  'One page; without next_cursor it is the last',
  envelopeOf({ deliveries: Type.Array(deliverySchema), next_cursor: Type.Optional(Type.Integer()) }),
  { problems: ['validation-failed'] },
);
export const deliveryDocs = docs(
  'getWebhookDelivery',
  'A message with its text and the answers',
  '200',
  'The message',
  delivery,
);
export const replay = docs(
  'replayWebhookDelivery',
  'Send a message again',
  '202',
  'It waits to be sent, under the same id',
  delivery,
  { problems: ['webhook-off'] },
);
