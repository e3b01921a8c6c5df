import { type TProperties, type TSchema, Type } from 'typebox';
import type { FactType } from '../../protocol/fact.js';
import { streamLimits } from '../../protocol/messages.js';
import { anyJobSchema, groupSchema, jobSchema, jobStates, problemSchema } from './schemas.js';

/**
 * Shapes of the stream's messages (docs/PROTOCOL.md), for AsyncAPI and for the tests that hold real messages against
 * them.
 */

const time = Type.String({ format: 'date-time' });
const cursor = Type.String({ description: 'Opaque; give it as `after` to go on from here' });
const id = Type.String({
  minLength: 1,
  maxLength: streamLimits.idLength,
  description: 'Of a subscription, chosen by the client',
});
const count = Type.Integer({ minimum: 0 });
const { progress: _progress, ...groupCounts } = groupSchema.properties;

/** The record that comes with a fact. One that expired has no result any more, one that is gone may have been in any state. */
const jobOfFact = {
  'job.created': jobStates.pending,
  'job.started': jobStates.running,
  'job.produced': jobStates.running,
  'job.requeued': jobStates.pending,
  'job.completed': jobStates.completed,
  'job.failed': jobStates.failed,
  'job.cancelled': jobStates.cancelled,
  'job.expired': anyJobSchema,
  'job.deleted': anyJobSchema,
} as const satisfies Record<Exclude<FactType, 'group.completed'>, TSchema>;

const factSchema = (type: FactType, members: TProperties) =>
  Type.Object({ id: cursor, type: Type.Literal(type), at: time, ...members }, { title: `${type}_event` });

/** Facts by their types. */
const factSchemas = {
  ...Object.fromEntries(
    Object.entries(jobOfFact).map(([type, job]) => [
      type,
      factSchema(type as keyof typeof jobOfFact, { job }),
    ]),
  ),
  'group.completed': factSchema('group.completed', {
    group: Type.Object(groupCounts, { title: 'group_counts' }),
  }),
};

export const eventSchema: TSchema = Type.Unsafe({
  $id: 'Event',
  description: 'A fact; `type` says which one.',
  oneOf: Object.values(factSchemas),
});

export const progressSchema = Type.Object({ type: Type.Literal('job.progress'), at: time, job: jobSchema });

const snapshot = {
  jobs: Type.Array(jobSchema),
  more: Type.Boolean(),
  truncated: Type.Optional(Type.Literal(true)),
};
const queue = {
  paused: Type.Boolean(),
  since: Type.Optional(Type.String({ format: 'date-time' })),
  reason: Type.Optional(Type.String()),
};
const reason = Type.Unsafe<string>({ type: 'string', enum: ['epoch', 'trimmed', 'invalid'] });
const message = (type: string, members: Parameters<typeof Type.Object>[0] = {}) =>
  Type.Object({ type: Type.Literal(type), ...members });

/** Messages of a client on the WebSocket, by type. */
export const clientMessages: Readonly<Record<string, TSchema>> = {
  subscribe: message('subscribe', {
    id,
    topics: Type.Array(Type.String(), { minItems: 1, maxItems: streamLimits.topics }),
    after: Type.Optional(cursor),
    snapshot: Type.Optional(Type.Boolean({ default: true })),
    progress_ms: Type.Optional(Type.Integer({ minimum: 0, maximum: streamLimits.progressMs, default: 100 })),
    types: Type.Optional(Type.Array(Type.String(), { minItems: 1 })),
  }),
  unsubscribe: message('unsubscribe', { id }),
  ping: message('ping', { n: Type.Optional(Type.Number()) }),
};

/** Messages of the server on the WebSocket, by type. */
export const serverMessages: Readonly<Record<string, TSchema>> = {
  subscribed: message('subscribed', { id, cursor }),
  live: message('live', { id, cursor }),
  reset: message('reset', { id, reason, cursor }),
  snapshot: message('snapshot', { id, ...snapshot }),
  event: message('event', { id: Type.Optional(id), event: eventSchema }),
  progress: message('progress', { progress: progressSchema }),
  unsubscribed: message('unsubscribed', { id, withheld: count }),
  error: message('error', { id: Type.Optional(id), problem: problemSchema }),
  heartbeat: message('heartbeat', { cursor, withheld: count }),
  pong: message('pong', { n: Type.Optional(Type.Number()) }),
  queue: message('queue', queue),
  bye: message('bye', { reconnect: Type.Boolean(), retry_ms: count }),
};

/** Data of server-sent events, by the name of the event; facts have the names of their types. */
export const sseEvents: Readonly<Record<string, TSchema>> = {
  ...factSchemas,
  'job.progress': progressSchema,
  subscribed: Type.Object({ cursor }),
  live: Type.Object({ cursor }),
  reset: Type.Object({ reason, cursor }),
  snapshot: Type.Object(snapshot),
  heartbeat: Type.Object({ cursor, withheld: count }),
  queue: Type.Object(queue),
  bye: Type.Object({ reconnect: Type.Boolean(), retry_ms: count }),
};
