import type { Endpoint, Endpoints, NewDelivery } from '../engine/endpoints.js';
import type { Fact, Store } from '../engine/engine.js';
import type { LogFields } from '../log-fields.js';
import { endsJob } from '../protocol/fact.js';
import { healthAfter, isFailing } from './endpoint-health.js';
import { isTold, type MessageReader, type NewMessage, type ReadMessages } from './message-reader.js';
import type { WebhookMeters } from './meters.js';
import type { WebhookProfile, WebhookProfiles } from './profile.js';
import type { Sender, Sent } from './sender.js';
import {
  deliveryOf,
  type EndpointSettings,
  type EndpointState,
  newState,
  settingsOf,
  stateOf,
} from './stored.js';

export interface WebhookLog {
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

export interface RunParts {
  readonly endpoints: Endpoints;
  readonly store: Pick<Store, 'get'>;
  readonly profiles: WebhookProfiles;
  readonly reader: MessageReader;
  readonly sender: Sender;
  readonly meters: WebhookMeters;
  readonly log: WebhookLog;
  readonly clock: () => number;
  /** Before the endpoint is turned off: tells the owner's others. */
  readonly turningOff: (
    endpoint: Endpoint,
    settings: EndpointSettings,
    state: EndpointState,
  ) => Promise<void>;
  /** There is nothing to do for it any more. */
  readonly onClosed: (run: EndpointRun) => void;
}

/** Deliveries of one endpoint that may wait to be tried again; then it takes nothing new. */
export const maxWaiting = 100;
/** Messages to one endpoint at one time. */
const maxWidth = 8;
/** Finished deliveries that are kept for people to see, and for how long. */
export const keptDeliveries = 200;
export const keptMs = 7 * 24 * 3_600_000;
/** After the store, or this machine, has failed. */
const faultPauseMs = 2_000;
const fullPauseMs = 1_000;
/** No timer is longer: what waits for hours is looked at anew. */
const longestTimerMs = 600_000;
/** A job that was to come with its endpoint is there by then, or never. */
const orphanMs = 600_000;

/**
 * Sends to one endpoint: reads the log from its place on, makes some attempts side by side, and settles what came of them
 * together with the new place. What was sent and not settled is sent again, under the same id.
 */
export class EndpointRun {
  readonly owner: string;
  readonly id: string;
  readonly job: string | undefined;
  readonly #parts: RunParts;
  readonly #abort = new AbortController();
  #endpoint: Endpoint | undefined;
  #settings: EndpointSettings | undefined;
  #profile: WebhookProfile | undefined;
  #state: EndpointState = newState;
  /** When each delivery that waits is due. */
  #waiting = new Map<string, number>();
  /** Facts up to here need no message; the store may know of fewer. */
  #place = 0;
  /** The last fact that was heard of, and the last one that may be to be told. */
  #heard: number;
  #target: number;
  #width = 1;
  #isStale = true;
  #isOrphan: boolean;
  #working: Promise<void> | undefined;
  #again = false;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param heard the last fact of the log that was handed out
   * @param isOld the endpoint was there before this process: a job's may have no job
   */
  constructor(parts: RunParts, { owner, id, job }: Endpoint, heard: number, isOld: boolean) {
    this.#parts = parts;
    this.owner = owner;
    this.id = id;
    this.job = job;
    this.#heard = heard;
    this.#target = heard;
    this.#isOrphan = isOld && job !== undefined;
  }

  get isFailing(): boolean {
    return isFailing(this.#state);
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** As it was loaded last; undefined before. */
  get settings(): EndpointSettings | undefined {
    return this.#settings;
  }

  get profile(): WebhookProfile | undefined {
    return this.#profile;
  }

  /** A fact of the owner, or of the job. */
  heard(fact: Fact): void {
    const isCaughtUp = this.#working === undefined && !this.#isStale && this.#place >= this.#heard;
    this.#heard = fact.seq;
    if (isCaughtUp && !this.#concerns(fact)) {
      this.#place = fact.seq;
      return;
    }
    this.#target = fact.seq;
    this.wake();
  }

  /** Others have changed it, or its deliveries. */
  changed(): void {
    this.#isStale = true;
    this.wake();
  }

  wake(): void {
    if (this.#abort.signal.aborted) return;
    if (this.#working !== undefined) {
      this.#again = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#working = this.#work().finally(() => {
      this.#working = undefined;
      if (this.#again) {
        this.#again = false;
        this.wake();
      }
    });
  }

  /** Makes the place durable that it has in memory. */
  async keepPlace(): Promise<void> {
    const { endpoints } = this.#parts;
    const before = this.#endpoint?.place;
    const to = this.#place;
    if (before === undefined || this.#working !== undefined || this.#isStale || to <= before) return;
    const place = { from: before, to };
    const outcome = await endpoints.settle({ ...this.#name, place, deliveries: [], keep: keptDeliveries });
    if (outcome !== 'settled') this.changed();
    else if (this.#endpoint?.place === before) this.#endpoint = { ...this.#endpoint, place: to };
  }

  /** What is on its way is given up, and sent again by whoever sends next. Safe twice. */
  async close(): Promise<void> {
    this.#abort.abort();
    clearTimeout(this.#timer);
    await this.#working;
  }

  /** Settles when nothing is on its way. */
  get idle(): Promise<void> {
    return this.#working ?? Promise.resolve();
  }

  get #name(): { readonly owner: string; readonly id: string } {
    return { owner: this.owner, id: this.id };
  }

  #concerns(fact: Fact): boolean {
    if (this.job !== undefined && endsJob(fact.type)) return true;
    if (this.#endpoint === undefined || this.#settings === undefined || this.#profile === undefined)
      return true;
    return isTold({ settings: this.#settings, profile: this.#profile }, this.#endpoint, this.#settings, fact);
  }

  async #work(): Promise<void> {
    const { log, clock } = this.#parts;
    try {
      while (!this.#abort.signal.aborted && (await this.#step()));
      const [next] = [...this.#waiting.values()].sort((a, b) => a - b);
      if (next !== undefined) this.#wakeIn(next - clock());
    } catch (error) {
      log.error({ webhook_id: this.id, err: error }, 'a webhook could not be sent');
      this.#isStale = true;
      this.#wakeIn(faultPauseMs);
    }
  }

  #wakeIn(ms: number): void {
    if (this.#abort.signal.aborted) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.wake(), Math.min(Math.max(1, ms), longestTimerMs)).unref();
  }

  #closed(): void {
    this.#abort.abort();
    this.#waiting.clear();
    this.#parts.onClosed(this);
  }

  /** Some attempts; false when there is nothing to do now. */
  async #step(): Promise<boolean> {
    if (this.#isStale && !(await this.#load())) return false;
    const { clock, endpoints } = this.#parts;
    const settings = this.#settings;
    const profile = this.#profile;
    if (settings === undefined || profile === undefined) return false;
    const now = clock();
    const width = this.isFailing ? 1 : this.#width;
    const due = [...this.#waiting].filter(([, at]) => at <= now).slice(0, width);
    const stored = await Promise.all(due.map(([id]) => endpoints.delivery(this.#name, id)));
    for (const [at, [id]] of due.entries()) if (stored[at]?.dueAt === undefined) this.#waiting.delete(id);
    const again = stored.flatMap((one) =>
      one?.dueAt === undefined ? [] : [{ id: one.id, delivery: deliveryOf(one) }],
    );
    const read = await this.#read(width - again.length, settings, profile);
    const messages = [...again, ...(read?.messages ?? [])];
    if (read === undefined && messages.length === 0) return due.length > 0 || (await this.#rest());
    const { signal } = this.#abort;
    const sent = await Promise.all(
      messages.map((message) =>
        this.#parts.sender.send({ ...message, owner: this.owner, settings, profile, signal }),
      ),
    );
    if (signal.aborted) return false;
    await this.#settle(messages, sent, read);
    return true;
  }

  /** As the store has it; false when there is nothing to do for it. */
  async #load(): Promise<boolean> {
    const { endpoints, profiles, clock } = this.#parts;
    this.#isStale = false;
    const endpoint = await endpoints.get(this.#name);
    if (endpoint === undefined || !endpoint.open) {
      this.#closed();
      return false;
    }
    const deliveries = await endpoints.deliveries({ ...this.#name, waiting: true, limit: 2 * maxWaiting });
    const now = clock();
    this.#endpoint = endpoint;
    this.#settings = settingsOf(endpoint);
    this.#state = stateOf(endpoint);
    this.#profile = profiles.get(this.#settings.profile);
    this.#place = endpoint.place;
    // What came while it was not loaded, or a range that is sent again.
    this.#target = Math.max(this.#target, this.#heard);
    this.#waiting = new Map(
      deliveries
        .map((one) => ({ id: one.id, dueAt: one.dueAt ?? now, delayMs: deliveryOf(one).delayMs ?? 0 }))
        .reverse()
        // The date may have been set since: nothing waits for longer than it was to.
        .map(({ id, dueAt, delayMs }) => [id, Math.min(dueAt, now + delayMs)]),
    );
    return true;
  }

  /** What an endpoint does that has nothing to do: one whose job never came goes. */
  async #rest(): Promise<false> {
    const { store, endpoints, clock } = this.#parts;
    if (!this.#isOrphan || this.job === undefined || this.#endpoint === undefined) return false;
    const left = this.#endpoint.createdAt + orphanMs - clock();
    if ((await store.get(this.owner, this.job)) !== undefined) this.#isOrphan = false;
    else if (left > 0) this.#wakeIn(Math.min(left, orphanMs));
    else {
      await endpoints.remove(this.#name);
      this.#closed();
    }
    return false;
  }

  async #read(
    limit: number,
    settings: EndpointSettings,
    profile: WebhookProfile,
  ): Promise<ReadMessages | undefined> {
    const isFull = this.#waiting.size + limit > maxWaiting;
    const isProbing = this.isFailing && this.#waiting.size > 0;
    if (limit <= 0 || isFull || isProbing || this.#place >= this.#target || this.#endpoint === undefined) {
      return undefined;
    }
    const read = await this.#parts.reader.read({
      endpoint: this.#endpoint,
      settings,
      profile,
      state: this.#state,
      place: this.#place,
      limit,
    });
    if (read.isGap) {
      this.#parts.meters.gap();
      const fields = { owner: this.owner, webhook_id: this.id };
      this.#parts.log.warn(fields, 'facts were removed before a webhook was told of them');
    }
    // The log is shorter than it was said to be; the next fact tells more.
    if (read.reached <= this.#place) this.#target = this.#place;
    return read;
  }

  async #settle(
    messages: readonly NewMessage[],
    sent: readonly (Sent | undefined)[],
    read: ReadMessages | undefined,
  ): Promise<void> {
    const { endpoints, clock } = this.#parts;
    const endpoint = this.#endpoint;
    if (endpoint === undefined) return;
    const now = clock();
    const outcomes = sent.flatMap((one) => one ?? []);
    const state = healthAfter(read?.state ?? this.#state, outcomes, now);
    const deliveries = messages.flatMap((message, at): NewDelivery[] => {
      const one = sent[at];
      const value = JSON.stringify(one?.delivery ?? message.delivery);
      const keptUntil = now + keptMs;
      // Too many wait, and nothing was sent: its turn comes soon.
      if (one === undefined) return [{ id: message.id, dueAt: now + fullPauseMs, keptUntil, value }];
      return [{ id: message.id, keptUntil, value, ...(one.dueAt === undefined ? {} : { dueAt: one.dueAt }) }];
    });
    const waiting = new Map(this.#waiting);
    for (const { id, dueAt } of deliveries) {
      if (dueAt === undefined) waiting.delete(id);
      else waiting.set(id, dueAt);
    }
    const isOff = state.off !== undefined;
    const isDone = state.ended === true && waiting.size === 0;
    if (isOff && this.#settings !== undefined) await this.#parts.turningOff(endpoint, this.#settings, state);
    const to = read?.reached ?? this.#place;
    const outcome = await endpoints.settle({
      ...this.#name,
      ...(to > endpoint.place ? { place: { from: endpoint.place, to } } : {}),
      ...(isOff || isDone ? { open: false } : {}),
      ...(this.job !== undefined && (isOff || isDone) ? { keptUntil: now + keptMs } : {}),
      state: JSON.stringify(state),
      deliveries,
      keep: keptDeliveries,
    });
    if (outcome === 'moved') this.#isStale = true;
    else if (outcome === 'not-found' || isOff || isDone) this.#closed();
    else {
      this.#endpoint = { ...endpoint, place: Math.max(to, endpoint.place) };
      this.#place = to;
      this.#took(outcomes, state, waiting, now);
    }
  }

  #took(outcomes: readonly Sent[], state: EndpointState, waiting: Map<string, number>, now: number): void {
    const isBack = this.#state.failures > 0 && state.failures === 0;
    // It answers again: what waited for hours need not wait longer.
    if (isBack) for (const id of waiting.keys()) waiting.set(id, now);
    this.#waiting = waiting;
    this.#state = state;
    const isWell = outcomes.every(({ outcome }) => outcome === 'delivered');
    if (outcomes.length > 0) this.#width = isWell ? Math.min(maxWidth, 2 * this.#width) : 1;
  }
}
