import { randomBytes } from 'node:crypto';
import { nanoid } from 'nanoid';
import type { Endpoint, Endpoints } from '../engine/endpoints.js';
import type { Store } from '../engine/engine.js';
import { isPlaceOf } from '../engine/lives.js';
import type { JobWebhook } from '../jobs/job-webhook.js';
import { parseCursor } from '../protocol/cursor.js';
import { type Problem, problem, wrongMember } from '../protocol/problem.js';
import { secretDefect } from '../protocol/webhook-secret.js';
import { changed, type EndpointChange } from './endpoint-change.js';
import { keptDeliveries, keptMs } from './endpoint-run.js';
import { newDelivery } from './message-reader.js';
import type { WebhookProfiles } from './profile.js';
import type { Sender } from './sender.js';
import { newSecret } from './signature.js';
import { bodyOf, standard } from './standard.js';
import {
  deliveryOf,
  type EndpointSettings,
  newState,
  type StoredDelivery,
  settingsOf,
  stateOf,
} from './stored.js';

export type WebhookAnswer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: Problem };

export interface WebhooksParts {
  readonly endpoints: Endpoints;
  readonly store: Pick<Store, 'log' | 'facts'>;
  readonly profiles: WebhookProfiles;
  readonly sender: Sender;
  readonly clock: () => number;
  /** Refuses an address without asking the network; undefined when it may be tried. */
  readonly checkAddress: (url: string) => string | undefined;
  /** Of the log that this process follows. */
  readonly position: () => number;
  /** Whoever sends is to look. */
  readonly nudge: () => void;
}

export interface ListedDelivery {
  readonly id: string;
  readonly n: number;
  readonly dueAt?: number;
  readonly delivery: StoredDelivery;
}

/** Endpoints of one owner. */
export const maxEndpoints = 100;
const maxSecrets = 3;
const tries = 5;

/** Endpoints and deliveries, as callers see and change them. On every node; one of them sends. */
export class Webhooks {
  readonly #parts: WebhooksParts;
  readonly #closing = new AbortController();

  constructor(parts: WebhooksParts) {
    this.#parts = parts;
  }

  /** Test deliveries that are on their way are given up. Safe twice. */
  close(): void {
    this.#closing.abort();
  }

  /** What the value of an address, of events and of a profile must be; undefined when they may be stored. */
  defectOf({ url, profile = 'standard', events }: EndpointChange): Problem | undefined {
    const known = this.#parts.profiles.get(profile);
    if (known === undefined) return wrongMember('/profile', 'must be a profile that this server has');
    const refusal = url === undefined ? undefined : this.#parts.checkAddress(url);
    if (refusal !== undefined) return wrongMember('/url', refusal);
    const stray = events?.findIndex((event) => !known.events.includes(event)) ?? -1;
    return stray < 0
      ? undefined
      : wrongMember(`/events/${stray}`, `must be one of: ${known.events.join(', ')}`);
  }

  async create(
    owner: string,
    change: EndpointChange & { readonly url: string },
  ): Promise<WebhookAnswer<{ readonly endpoint: Endpoint; readonly secret: string }>> {
    const { endpoints, clock, store, nudge } = this.#parts;
    const defect = this.defectOf(change);
    if (defect !== undefined) return { ok: false, problem: defect };
    const secret = change.secret ?? newSecret(randomBytes);
    const settings = changed(
      { url: change.url, profile: 'standard', payload: 'whole', enabled: true, secrets: [{ secret }] },
      change,
    );
    const endpoint = {
      owner,
      id: `wh_${nanoid(20)}`,
      createdAt: clock(),
      open: settings.enabled,
      place: (await store.log()).last,
      value: JSON.stringify(settings),
      state: JSON.stringify(newState),
    };
    const put = await endpoints.put({ ...endpoint, expected: 0, maxPerOwner: maxEndpoints });
    if (put.type !== 'stored') return { ok: false, problem: refusalOf(put.type) };
    nudge();
    return { ok: true, value: { endpoint: { ...endpoint, change: put.change }, secret } };
  }

  /** The endpoint of a job that is about to be made. It is there before the job, or the job is not made. */
  async createForJob(owner: string, jobId: string, { url, ...change }: JobWebhook): Promise<void> {
    const { endpoints, clock, position, nudge } = this.#parts;
    const { secret } = change;
    const settings = changed(
      {
        url,
        profile: 'standard',
        payload: 'whole',
        enabled: true,
        secrets: secret === undefined ? [] : [{ secret }],
      },
      change,
    );
    await endpoints.put({
      owner,
      id: jobId,
      job: jobId,
      createdAt: clock(),
      open: true,
      place: position(),
      value: JSON.stringify(settings),
      state: JSON.stringify(newState),
      maxPerOwner: maxEndpoints,
    });
    nudge();
  }

  /** The endpoint of a job that is about to be made from another one: as that one's, where it had one. */
  async createAgain(owner: string, formerId: string, jobId: string): Promise<boolean> {
    const former = await this.get(owner, formerId);
    if (former === undefined) return false;
    const { secrets, url, ...rest } = settingsOf(former);
    const [first] = secrets;
    await this.createForJob(owner, jobId, {
      ...rest,
      url,
      ...(first === undefined ? {} : { secret: first.secret }),
    });
    return true;
  }

  remove(owner: string, id: string): Promise<boolean> {
    const { endpoints, nudge } = this.#parts;
    return endpoints.remove({ owner, id }).finally(nudge);
  }

  get(owner: string, id: string): Promise<Endpoint | undefined> {
    return this.#parts.endpoints.get({ owner, id });
  }

  list(owner: string, after: string | undefined, limit: number): Promise<readonly Endpoint[]> {
    return this.#parts.endpoints.list({ owner, limit, ...(after === undefined ? {} : { after }) });
  }

  /** @param expected the change that the caller has seen */
  async change(
    owner: string,
    id: string,
    change: EndpointChange,
    expected?: number,
  ): Promise<WebhookAnswer<Endpoint>> {
    return this.#put(owner, id, expected, (settings) => {
      const profile = change.profile ?? settings.profile;
      const defect = this.defectOf({ ...change, profile });
      return defect === undefined
        ? { ok: true, value: changed(settings, change) }
        : { ok: false, problem: defect };
    });
  }

  /** A new secret; those from before sign beside it for so long. */
  async rotate(
    owner: string,
    id: string,
    secret: string | undefined,
    overlapMs: number,
  ): Promise<WebhookAnswer<{ readonly endpoint: Endpoint; readonly secret: string }>> {
    const made = secret ?? newSecret(randomBytes);
    const now = this.#parts.clock();
    const put = await this.#put(owner, id, undefined, (settings) => {
      const defect = settings.profile === standard.name ? secretDefect(made) : undefined;
      if (defect !== undefined) return { ok: false, problem: wrongMember('/secret', defect) };
      const until = now + overlapMs;
      const former = settings.secrets
        .map(({ secret: old, until: end = until }) => ({ secret: old, until: Math.min(end, until) }))
        .filter((one) => one.until > now && one.secret !== made)
        .slice(0, maxSecrets - 1);
      return { ok: true, value: { ...settings, secrets: [{ secret: made }, ...former] } };
    });
    return put.ok ? { ok: true, value: { endpoint: put.value, secret: made } } : put;
  }

  /** Sends a message now, once, whatever state the endpoint is in. */
  async test(owner: string, id: string): Promise<WebhookAnswer<ListedDelivery>> {
    const { endpoints, sender, profiles, clock } = this.#parts;
    const endpoint = await this.get(owner, id);
    if (endpoint === undefined) return { ok: false, problem: noWebhook() };
    const settings = settingsOf(endpoint);
    const profile = profiles.get(settings.profile);
    if (profile === undefined) return { ok: false, problem: noWebhook() };
    const now = clock();
    const type = 'webhook.test';
    const delivery = newDelivery(type, bodyOf(type, now, JSON.stringify({ webhook_id: id })), now);
    const message = `msg_${nanoid(27)}`;
    const { signal } = this.#closing;
    const once = { ...profile, schedule: { ...profile.schedule, delaysMs: [] } };
    const sent = await sender.send({ owner, id: message, delivery, settings, profile: once, signal });
    if (sent === undefined) {
      const detail = 'Too many webhooks are on their way; test this one again in a moment.';
      return { ok: false, problem: problem('queue-full', detail, { retryAfter: 2 }) };
    }
    const stored = { id: message, keptUntil: clock() + keptMs, value: JSON.stringify(sent.delivery) };
    await endpoints.settle({ owner, id, deliveries: [stored], keep: keptDeliveries });
    const listed = await endpoints.delivery({ owner, id }, message);
    return { ok: true, value: { id: message, n: listed?.n ?? 0, delivery: sent.delivery } };
  }

  async delivery(owner: string, id: string, message: string): Promise<ListedDelivery | undefined> {
    const found = await this.#parts.endpoints.delivery({ owner, id }, message);
    return found && { ...found, delivery: deliveryOf(found) };
  }

  /** Newest first. */
  async deliveries(
    owner: string,
    id: string,
    filter: { readonly waiting?: boolean; readonly before?: number; readonly limit: number },
  ): Promise<readonly ListedDelivery[]> {
    const found = await this.#parts.endpoints.deliveries({ owner, id, ...filter });
    return found.map((one) => ({ ...one, delivery: deliveryOf(one) }));
  }

  /** Sends one message again, as if it had never been sent; it has the same id. */
  async replay(owner: string, id: string, message: string): Promise<WebhookAnswer<ListedDelivery>> {
    const { endpoints, clock, nudge } = this.#parts;
    const endpoint = await this.get(owner, id);
    const found = await endpoints.delivery({ owner, id }, message);
    if (endpoint === undefined || found === undefined) return { ok: false, problem: noWebhook() };
    if (!endpoint.open && endpoint.job === undefined) return { ok: false, problem: isOff() };
    const { firstFailedAt: _, delayMs: __, ...before } = deliveryOf(found);
    const delivery: StoredDelivery = { ...before, status: 'waiting', failures: 0 };
    const now = clock();
    const again = { id: message, dueAt: now, keptUntil: now + keptMs, value: JSON.stringify(delivery) };
    await endpoints.settle({ owner, id, open: true, deliveries: [again], keep: keptDeliveries, tell: true });
    nudge();
    return { ok: true, value: { id: message, n: found.n, dueAt: now, delivery } };
  }

  /** Sends everything again that came after a place, up to another one or to the end. */
  async replayRange(
    owner: string,
    id: string,
    range: { readonly after: string | number; readonly until?: number },
  ): Promise<WebhookAnswer<{ readonly from: number }>> {
    const { endpoints, store, nudge } = this.#parts;
    for (let at = 0; at < tries; at += 1) {
      const endpoint = await this.get(owner, id);
      if (endpoint === undefined || endpoint.job !== undefined) return { ok: false, problem: noWebhook() };
      if (!endpoint.open) return { ok: false, problem: isOff() };
      const log = await store.log();
      const cursor = typeof range.after === 'string' ? parseCursor(range.after) : undefined;
      if (typeof range.after === 'string' && (cursor === undefined || !isPlaceOf(log, cursor))) {
        return { ok: false, problem: wrongMember('/after', 'must be a cursor of this server') };
      }
      const wanted = cursor?.seq ?? (await this.#placeAt(owner, Number(range.after), log));
      const from = Math.max(Math.min(wanted, endpoint.place), log.trimmedTo);
      const until = range.until === undefined ? undefined : await this.#placeAt(owner, range.until, log);
      const { skip: _, ...state } = stateOf(endpoint);
      const skip =
        until === undefined || until >= endpoint.place ? {} : { skip: { from: until, to: endpoint.place } };
      const settled = await endpoints.settle({
        owner,
        id,
        place: { from: endpoint.place, to: from },
        state: JSON.stringify({ ...state, ...skip }),
        deliveries: [],
        keep: keptDeliveries,
        tell: true,
      });
      if (settled === 'moved') continue;
      nudge();
      return { ok: true, value: { from } };
    }
    return {
      ok: false,
      problem: problem('queue-full', 'The webhook is busy; ask again.', { retryAfter: 1 }),
    };
  }

  /** The last place whose facts of the owner are older than a time. */
  async #placeAt(
    owner: string,
    time: number,
    { last, trimmedTo }: { readonly last: number; readonly trimmedTo: number },
  ): Promise<number> {
    let low = trimmedTo;
    let high = last;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const [next] = (await this.#parts.store.facts({ owner, after: middle, limit: 1 })).facts;
      if (next === undefined || next.at >= time) high = middle;
      else low = next.seq;
    }
    return low;
  }

  async #put(
    owner: string,
    id: string,
    expected: number | undefined,
    change: (settings: EndpointSettings) => WebhookAnswer<EndpointSettings>,
  ): Promise<WebhookAnswer<Endpoint>> {
    const { endpoints, nudge } = this.#parts;
    for (let at = 0; at < tries; at += 1) {
      const found = await this.get(owner, id);
      if (found === undefined) return { ok: false, problem: noWebhook() };
      if (expected !== undefined && found.change !== expected) break;
      const settings = change(settingsOf(found));
      if (!settings.ok) return settings;
      const before = stateOf(found);
      // Whoever turns it on has mended it, and what it missed is sent.
      const { off: _, ...rest } = before;
      const isBack = settings.value.enabled && before.off !== undefined;
      const state = isBack ? { ...rest, ...newState, failingMs: 0 } : before;
      const endpoint = {
        ...found,
        open: found.job === undefined ? settings.value.enabled : found.open,
        value: JSON.stringify(settings.value),
        state: JSON.stringify(state),
      };
      const put = await endpoints.put({ ...endpoint, expected: found.change, maxPerOwner: maxEndpoints });
      if (put.type === 'conflict') continue;
      if (put.type !== 'stored') return { ok: false, problem: refusalOf(put.type) };
      nudge();
      return { ok: true, value: { ...endpoint, change: put.change } };
    }
    return { ok: false, problem: refusalOf('conflict') };
  }
}

export function noWebhook(): Problem {
  return problem('not-found', 'There is no such webhook or delivery.');
}

function isOff(): Problem {
  return problem('webhook-off', 'The webhook is off; turn it on with {"enabled": true} first.');
}

function refusalOf(type: 'conflict' | 'full' | 'too-large'): Problem {
  if (type === 'full') {
    return problem('webhooks-full', `There are ${maxEndpoints} webhooks already; remove one first.`);
  }
  return type === 'conflict'
    ? problem('precondition-failed', 'The webhook was changed meanwhile; read it and change it again.')
    : wrongMember('', 'is longer than the store takes');
}
