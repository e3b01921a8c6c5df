import type { EventType, ResetReason } from './event.js';
import { factTypes } from './fact.js';
import { isObject } from './is-object.js';
import type { QueueNotice } from './queue.js';
import { parseTopic, type Topic, topicForms } from './topic.js';

/** Messages of the WebSocket, subprotocol `inkwire.v1` (P-25). */
export const subprotocol = 'inkwire.v1';

export const streamLimits = {
  /** Topics of one subscription (P-50). */
  topics: 100,
  /** Bytes of one message (P-27). */
  messageBytes: 64 * 1024,
  progressMs: 60_000,
  /** Characters of a subscription's id. */
  idLength: 64,
} as const;

const eventTypes: readonly EventType[] = [...factTypes, 'job.progress'];

/** What a subscription wants; checked. */
export interface SubscriptionFilter {
  readonly topics: readonly Topic[];
  /** As the client gave it: a cursor, or anything. */
  readonly after?: string;
  readonly snapshot: boolean;
  /** 0 is no progress. */
  readonly progressMs: number;
  /** Undefined is all. */
  readonly types?: ReadonlySet<EventType>;
}

export type ClientMessage =
  | { readonly type: 'subscribe'; readonly id: string; readonly filter: SubscriptionFilter }
  | { readonly type: 'unsubscribe'; readonly id: string }
  | { readonly type: 'ping'; readonly n?: number };

export type ReadMessage<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly id?: string; readonly pointer: string; readonly message: string };

/** Reads a subscription's filter from members of any type. Unknown members are ignored (P-60). */
export function readFilter(members: Readonly<Record<string, unknown>>): ReadMessage<SubscriptionFilter> {
  const { topics, after, snapshot = true, progress_ms: progressMs = 100, types } = members;
  if (!Array.isArray(topics) || topics.length === 0 || topics.length > streamLimits.topics) {
    return refuse('/topics', `must be 1 to ${streamLimits.topics} topics: ${topicForms}`);
  }
  const parsed: Topic[] = [];
  for (const [index, topic] of topics.entries()) {
    const known = typeof topic === 'string' ? parseTopic(topic) : undefined;
    if (known === undefined) {
      return refuse(`/topics/${index}`, `must be ${topicForms}`);
    }
    parsed.push(known);
  }
  if (after !== undefined && typeof after !== 'string') return refuse('/after', 'must be one cursor');
  if (typeof snapshot !== 'boolean') return refuse('/snapshot', 'must be true or false');
  if (!isProgressMs(progressMs))
    return refuse('/progress_ms', `must be an integer from 0 to ${streamLimits.progressMs}`);
  const narrowed = readTypes(types);
  if (narrowed === false) return refuse('/types', `must be a list of some of ${eventTypes.join(', ')}`);
  return {
    ok: true,
    value: {
      // As long as it has to be: room to grow would be kept for every subscription.
      topics: parsed.slice(),
      snapshot,
      progressMs: narrowed !== undefined && !narrowed.has('job.progress') ? 0 : progressMs,
      ...(after === undefined ? {} : { after }),
      ...(narrowed === undefined ? {} : { types: narrowed }),
    },
  };
}

/** The message in a text frame. */
export function readClientMessage(text: string): ReadMessage<ClientMessage> {
  let members: unknown;
  try {
    members = JSON.parse(text);
  } catch {
    return refuse('', 'must be JSON');
  }
  if (!isObject(members)) return refuse('', 'must be an object');
  const { type, id, n } = members;
  if (type === 'ping') {
    if (n !== undefined && !(typeof n === 'number' && Number.isFinite(n)))
      return refuse('/n', 'must be a number');
    return { ok: true, value: { type, ...(n === undefined ? {} : { n }) } };
  }
  if (type !== 'subscribe' && type !== 'unsubscribe')
    return refuse('/type', 'must be subscribe, unsubscribe or ping');
  if (typeof id !== 'string' || id.length === 0 || id.length > streamLimits.idLength) {
    return refuse('/id', `must be a text of 1 to ${streamLimits.idLength} characters`);
  }
  if (type === 'unsubscribe') return { ok: true, value: { type, id } };
  const filter = readFilter(members);
  return filter.ok ? { ok: true, value: { type, id, filter: filter.value } } : { ...filter, id };
}

/** Server to client. `event` and `progress` are made as text, see gateway/frame.ts. */
export type ServerMessage =
  | { readonly type: 'subscribed' | 'live'; readonly id: string; readonly cursor: string }
  | { readonly type: 'reset'; readonly id: string; readonly reason: ResetReason; readonly cursor: string }
  | { readonly type: 'unsubscribed'; readonly id: string; readonly withheld: number }
  | { readonly type: 'error'; readonly id?: string; readonly problem: object }
  | { readonly type: 'heartbeat'; readonly cursor: string; readonly withheld: number }
  | { readonly type: 'pong'; readonly n?: number }
  | ({ readonly type: 'queue' } & QueueNotice)
  | { readonly type: 'bye'; readonly reconnect: boolean; readonly retry_ms: number };

function readTypes(types: unknown): ReadonlySet<EventType> | undefined | false {
  if (types === undefined) return undefined;
  if (!Array.isArray(types) || types.length === 0) return false;
  const found = new Set<EventType>();
  for (const type of types) {
    const match = eventTypes.find((candidate) => candidate === type);
    if (match === undefined) return false;
    found.add(match);
  }
  return found;
}

function isProgressMs(value: unknown): value is number {
  return (
    typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= streamLimits.progressMs
  );
}

function refuse(pointer: string, message: string): { ok: false; pointer: string; message: string } {
  return { ok: false, pointer, message };
}
