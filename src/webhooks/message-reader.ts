import { createHash } from 'node:crypto';
import type { Endpoint } from '../engine/endpoints.js';
import type { Fact, Store } from '../engine/engine.js';
import { endsJob } from '../protocol/fact.js';
import type { WebhookProfile } from './profile.js';
import { bodyOf } from './standard.js';
import type { EndpointSettings, EndpointState, StoredDelivery } from './stored.js';

export interface ReaderParts {
  readonly store: Pick<Store, 'facts' | 'get'>;
  readonly clock: () => number;
  /** The cursor of a place in the log. */
  readonly cursorOf: (seq: number) => string;
}

export interface ReadRequest {
  readonly endpoint: Endpoint;
  readonly settings: EndpointSettings;
  readonly profile: WebhookProfile;
  readonly state: EndpointState;
  /** Facts after this one. */
  readonly place: number;
  /** Messages at most. */
  readonly limit: number;
}

export interface NewMessage {
  readonly id: string;
  readonly delivery: StoredDelivery;
}

export interface ReadMessages {
  readonly messages: readonly NewMessage[];
  /** Everything up to here was looked at. */
  readonly reached: number;
  readonly state: EndpointState;
  readonly isGap: boolean;
}

const pageFacts = 100;

/** Makes messages of the facts that an endpoint is to be told. */
export class MessageReader {
  readonly #parts: ReaderParts;

  constructor(parts: ReaderParts) {
    this.#parts = parts;
  }

  async read(request: ReadRequest): Promise<ReadMessages> {
    const { endpoint, settings, place, limit } = request;
    const { owner, job } = endpoint;
    const page = await this.#parts.store.facts({
      owner,
      after: place,
      limit: pageFacts,
      ...(job === undefined ? {} : { jobId: job }),
    });
    const messages: NewMessage[] = [];
    let { state } = request;
    if (page.trimmed) {
      if (job !== undefined) state = await this.#afterGap(owner, job, state);
      else if (asksFor(request, 'webhook.gap'))
        messages.push(this.#gap(request, page.facts[0], page.reached));
    }
    let reached = page.trimmed ? Math.max(place, (page.facts[0]?.seq ?? 0) - 1) : place;
    for (const fact of page.facts) {
      if (state.skip !== undefined && fact.seq > state.skip.from) break;
      if (messages.length >= limit) return { messages, reached, state, isGap: page.trimmed };
      if (isTold(request, endpoint, settings, fact)) {
        const message = await this.#message(request, fact);
        if (message !== undefined) messages.push(message);
      }
      reached = fact.seq;
      if (job !== undefined && endsJob(fact.type)) state = { ...state, ended: true };
    }
    const { skip, ...rest } = state;
    if (skip !== undefined && page.reached >= skip.from) {
      return { messages, reached: Math.max(skip.to, reached), state: rest, isGap: page.trimmed };
    }
    return { messages, reached: Math.max(reached, page.reached), state, isGap: page.trimmed };
  }

  async #message({ endpoint, settings, profile }: ReadRequest, fact: Fact): Promise<NewMessage | undefined> {
    const { clock, cursorOf } = this.#parts;
    const cursor = cursorOf(fact.seq);
    const id = messageId(endpoint, cursor);
    const { payload: form, context } = settings;
    const payload = await profile.payload({
      fact,
      cursor,
      id,
      owner: endpoint.owner,
      payload: form,
      ...(context === undefined ? {} : { context }),
    });
    return payload && { id, delivery: newDelivery(payload.type, payload.body, clock()) };
  }

  #gap({ endpoint, place }: ReadRequest, first: Fact | undefined, reached: number): NewMessage {
    const { clock, cursorOf } = this.#parts;
    const now = clock();
    const until = first === undefined ? reached : first.seq - 1;
    const data = JSON.stringify({ webhook_id: endpoint.id, after: cursorOf(place), until: cursorOf(until) });
    const type = 'webhook.gap';
    return {
      id: messageId(endpoint, `gap ${cursorOf(place)}`),
      delivery: newDelivery(type, bodyOf(type, now, data), now),
    };
  }

  /** The fact that ended the job may be among those that are gone. */
  async #afterGap(owner: string, job: string, state: EndpointState): Promise<EndpointState> {
    const found = await this.#parts.store.get(owner, job);
    return found === undefined || found.completedAt !== undefined ? { ...state, ended: true } : state;
  }
}

export function newDelivery(type: string, body: string, now: number): StoredDelivery {
  return { type, body, createdAt: now, status: 'waiting', failures: 0, attempts: 0, lastAttempts: [] };
}

/** The same for the same endpoint and place, whenever it is read: a receiver knows a message that comes twice by it. */
export function messageId({ owner, id }: Pick<Endpoint, 'owner' | 'id'>, what: string): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([owner, id, what]))
    .digest('base64url');
  return `msg_${digest.slice(0, 27)}`;
}

export function asksFor(
  { settings: { events }, profile }: Pick<ReadRequest, 'settings' | 'profile'>,
  type: string,
): boolean {
  return (events ?? profile.defaultEvents).includes(type);
}

/** Whether an endpoint wants to be told of a fact of its owner. */
export function isTold(
  request: Pick<ReadRequest, 'settings' | 'profile'>,
  { job }: Pick<Endpoint, 'job'>,
  { tags, kinds, groups }: EndpointSettings,
  fact: Fact,
): boolean {
  if (!asksFor(request, fact.type)) return false;
  if (job !== undefined) return fact.jobId === job;
  // A group has neither tags nor a kind.
  if (tags !== undefined && !tags.some((tag) => fact.tags?.includes(tag))) return false;
  if (kinds !== undefined && !kinds.includes(fact.kind)) return false;
  return groups === undefined || (fact.group !== undefined && groups.includes(fact.group));
}
