import type { Endpoint, Endpoints } from '../engine/endpoints.js';
import type { Fact, Store } from '../engine/engine.js';
import type { Follower } from '../follow/follower.js';
import { EndpointRun, keptDeliveries, keptMs, type RunParts, type WebhookLog } from './endpoint-run.js';
import { asksFor, MessageReader, messageId, newDelivery } from './message-reader.js';
import type { WebhookCounts, WebhookMeters } from './meters.js';
import type { WebhookProfiles } from './profile.js';
import type { Sender } from './sender.js';
import { bodyOf } from './standard.js';
import type { EndpointSettings, EndpointState } from './stored.js';

export interface DelivererParts {
  readonly endpoints: Endpoints;
  readonly store: Pick<Store, 'facts' | 'get' | 'hold'>;
  readonly follower: Pick<Follower, 'follow' | 'onFact' | 'onLost' | 'position'>;
  readonly profiles: WebhookProfiles;
  readonly sender: Sender;
  readonly meters: WebhookMeters;
  readonly log: WebhookLog;
  readonly clock: () => number;
  /** The cursor of a place in the log. */
  readonly cursorOf: (seq: number) => string;
  /** Names this process, which beats under this name. */
  readonly worker: string;
  /** No other process works on the engine: whatever changes is told by `nudge`. */
  readonly exclusive: boolean;
}

/** How often a process of several asks whether it is to send, and what has changed. */
const lookMs = 1_000;
/** The same where it is alone, and nothing is expected. */
const lonelyLookMs = 30_000;
/** Places that move without a message become durable so often. */
const keepPlacesMs = 30_000;
const pageEndpoints = 500;
/** When the server ends, what is on its way has so long. */
const closeGraceMs = 1_000;

/**
 * Sends webhooks. Of the processes of one service one does so at a time: it holds the duty, follows the log, and has one
 * run for each endpoint that is open. It reads an endpoint's facts from the store, so that one which does not answer
 * costs no memory.
 */
export class Deliverer {
  readonly #parts: DelivererParts;
  readonly #runParts: RunParts;
  readonly #runs = new Map<string, EndpointRun>();
  readonly #owners = new Map<string, Set<EndpointRun>>();
  readonly #jobs = new Map<string, EndpointRun>();
  readonly #follows = new Map<EndpointRun, () => void>();
  readonly #unsubscribe: readonly (() => void)[];
  #isOnDuty = false;
  #change = 0;
  #isClosed = false;
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  #timer: NodeJS.Timeout | undefined;
  #placeTimer: NodeJS.Timeout | undefined;
  #hasFailed = false;

  constructor(parts: DelivererParts) {
    this.#parts = parts;
    this.#runParts = {
      ...parts,
      reader: new MessageReader(parts),
      turningOff: (endpoint, settings, state) => this.#turningOff(endpoint, settings, state),
      onClosed: (run) => this.#forget(run),
    };
    this.#unsubscribe = [
      parts.follower.onFact((fact) => this.#heard(fact)),
      parts.follower.onLost(() => {
        for (const run of this.#runs.values()) run.changed();
      }),
    ];
  }

  /** After this process has said that it is there. */
  start(): void {
    this.#placeTimer = setInterval(() => {
      for (const run of this.#runs.values()) this.#try(() => run.keepPlace());
    }, keepPlacesMs).unref();
    this.nudge();
  }

  /** Something has changed that this process knows of. */
  nudge(): void {
    if (this.#isClosed) return;
    if (this.#looking !== undefined) {
      this.#lookAgain = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#looking = this.#try(() => this.#look()).finally(() => {
      this.#looking = undefined;
      if (this.#isClosed) return;
      if (this.#lookAgain) {
        this.#lookAgain = false;
        this.nudge();
        return;
      }
      const isLonely = this.#parts.exclusive && this.#isOnDuty && !this.#hasFailed;
      this.#timer = setTimeout(() => this.nudge(), isLonely ? lonelyLookMs : lookMs).unref();
    });
  }

  get counts(): WebhookCounts {
    const runs = [...this.#runs.values()];
    const failing = runs.filter((run) => run.isFailing).length;
    return {
      active: runs.length - failing,
      failing,
      waiting: runs.reduce((sum, run) => sum + run.waiting, 0),
      sending: this.#parts.sender.sending,
    };
  }

  /** What is on its way may end, for a moment. Safe twice. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#placeTimer);
    for (const end of this.#unsubscribe) end();
    const runs = [...this.#runs.values()];
    let grace: NodeJS.Timeout | undefined;
    const over = new Promise<void>((resolve) => {
      grace = setTimeout(resolve, closeGraceMs);
    });
    await Promise.race([Promise.all(runs.map((run) => run.idle)), over]);
    clearTimeout(grace);
    for (const run of runs) await this.#try(() => run.keepPlace());
    await Promise.all([...runs.map((run) => run.close()), this.#looking]);
    this.#runs.clear();
  }

  #heard(fact: Fact): void {
    for (const run of this.#owners.get(fact.owner) ?? []) run.heard(fact);
    this.#jobs.get(fact.jobId)?.heard(fact);
  }

  async #look(): Promise<void> {
    const { store, worker, clock, endpoints } = this.#parts;
    const isOnDuty = await store.hold('webhooks', worker, clock());
    if (!isOnDuty) {
      if (this.#isOnDuty) await this.#leave();
      return;
    }
    const isNew = !this.#isOnDuty;
    this.#isOnDuty = true;
    for (let more = true; more && !this.#isClosed; ) {
      const changed = await endpoints.changed({ after: this.#change, onlyOpen: isNew, limit: pageEndpoints });
      for (const endpoint of changed) this.#changed(endpoint, isNew);
      this.#change = changed.at(-1)?.change ?? this.#change;
      more = changed.length === pageEndpoints;
    }
  }

  #changed(endpoint: Endpoint, isOld: boolean): void {
    const key = keyOf(endpoint);
    const known = this.#runs.get(key);
    if (known !== undefined) {
      known.changed();
      return;
    }
    if (!endpoint.open || this.#isClosed) return;
    const run = new EndpointRun(this.#runParts, endpoint, this.#parts.follower.position.seq, isOld);
    this.#runs.set(key, run);
    this.#follows.set(run, this.#parts.follower.follow(endpoint.owner));
    if (endpoint.job !== undefined) this.#jobs.set(endpoint.job, run);
    else {
      const own = this.#owners.get(endpoint.owner) ?? new Set();
      this.#owners.set(endpoint.owner, own.add(run));
    }
    run.wake();
  }

  #forget(run: EndpointRun): void {
    const key = keyOf(run);
    if (this.#runs.get(key) !== run) return;
    this.#runs.delete(key);
    this.#follows.get(run)?.();
    this.#follows.delete(run);
    if (run.job !== undefined) this.#jobs.delete(run.job);
    const own = this.#owners.get(run.owner);
    own?.delete(run);
    if (own?.size === 0) this.#owners.delete(run.owner);
  }

  /** Another process sends from now on. */
  async #leave(): Promise<void> {
    this.#isOnDuty = false;
    this.#change = 0;
    const runs = [...this.#runs.values()];
    for (const run of runs) this.#forget(run);
    await Promise.all(runs.map((run) => run.close()));
  }

  async #turningOff(endpoint: Endpoint, settings: EndpointSettings, state: EndpointState): Promise<void> {
    const { log, meters, endpoints, clock } = this.#parts;
    const { off } = state;
    if (off === undefined) return;
    const fields = { owner: endpoint.owner, webhook_id: endpoint.id, reason: off.reason };
    log.warn(fields, 'a webhook was turned off');
    meters.turnedOff(off.reason);
    const type = 'webhook.disabled';
    const about = {
      webhook_id: endpoint.id,
      url: settings.url,
      reason: off.reason,
      at: new Date(off.at).toISOString(),
    };
    for (const run of [...(this.#owners.get(endpoint.owner) ?? [])]) {
      const { settings: theirs, profile } = run;
      if (run.id === endpoint.id || theirs === undefined || profile === undefined) continue;
      if (!asksFor({ settings: theirs, profile }, type)) continue;
      const now = clock();
      const delivery = newDelivery(type, bodyOf(type, now, JSON.stringify(about)), now);
      const id = messageId(run, `${endpoint.id} off ${off.at}`);
      const value = JSON.stringify(delivery);
      const place = { owner: run.owner, id: run.id };
      const deliveries = [{ id, dueAt: now, keptUntil: now + keptMs, value }];
      await endpoints.settle({ ...place, deliveries, keep: keptDeliveries });
      run.changed();
    }
  }

  async #try(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#hasFailed = false;
    } catch (error) {
      if (!this.#hasFailed) this.#parts.log.error({ err: error }, 'webhooks could not be looked after');
      this.#hasFailed = true;
    }
  }
}

function keyOf({ owner, id }: { readonly owner: string; readonly id: string }): string {
  return JSON.stringify([owner, id]);
}
