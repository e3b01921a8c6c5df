import type { FetchGuard } from '../fetch/fetch-guard.js';
import { FairLine } from '../shares/fair-line.js';
import type { WebhookMeters } from './meters.js';
import type { WebhookProfile } from './profile.js';
import { nextAttemptAt, retryAfterMs } from './schedule.js';
import {
  type Attempt,
  answerMaxBytes,
  type EndpointSettings,
  keptAttempts,
  type StoredDelivery,
  secretsAt,
} from './stored.js';

export interface SenderParts {
  readonly guard: Pick<FetchGuard, 'send'>;
  readonly meters: WebhookMeters;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly random: () => number;
}

export interface Sending {
  readonly owner: string;
  /** Of the message. */
  readonly id: string;
  readonly delivery: StoredDelivery;
  readonly settings: EndpointSettings;
  readonly profile: WebhookProfile;
  readonly signal: AbortSignal;
}

export interface Sent {
  readonly delivery: StoredDelivery;
  /** When the next attempt is due. */
  readonly dueAt?: number;
  readonly outcome: 'delivered' | 'failed' | 'gone';
}

/** Messages on their way at one time, of everybody and of one owner. */
export const sendingLimits = { total: 256, perOwner: 32 } as const;
const maxWaiting = 100_000;

/**
 * Makes attempts. Those of one owner leave places for others, and of those who wait the owner goes next whose last turn
 * is the longest ago; an endpoint that does not answer holds its own places alone.
 */
export class Sender {
  readonly line = new FairLine({ places: () => sendingLimits.total, maxWaiting });
  readonly #parts: SenderParts;
  readonly #owners = new Map<string, { readonly line: FairLine; inside: number }>();
  #sending = 0;

  constructor(parts: SenderParts) {
    this.#parts = parts;
  }

  /** Messages on their way. */
  get sending(): number {
    return this.#sending;
  }

  /** One attempt, with what follows from it; undefined when the signal fired, or the line is full: nothing was sent. */
  async send(sending: Sending): Promise<Sent | undefined> {
    const { owner, signal } = sending;
    const own = this.#owners.get(owner) ?? {
      line: new FairLine({ places: () => sendingLimits.perOwner, maxWaiting }),
      inside: 0,
    };
    this.#owners.set(owner, own);
    own.inside += 1;
    try {
      const turn = await own.line.enter(owner, signal);
      if (turn.type !== 'in') return undefined;
      try {
        const place = await this.line.enter(owner, signal);
        if (place.type !== 'in') return undefined;
        this.#sending += 1;
        try {
          return await this.#attempt(sending);
        } finally {
          this.#sending -= 1;
          place.leave();
        }
      } finally {
        turn.leave();
      }
    } finally {
      own.inside -= 1;
      if (own.inside === 0) this.#owners.delete(owner);
    }
  }

  async #attempt({ id, delivery, settings, profile, signal }: Sending): Promise<Sent | undefined> {
    const { guard, meters, clock } = this.#parts;
    const at = clock();
    const { type, body } = delivery;
    const headers = profile.headers({
      id,
      type,
      body,
      timestamp: Math.floor(at / 1000),
      secrets: secretsAt(settings, at),
    });
    const begun = performance.now();
    const answer = await guard.send(settings.url, {
      headers,
      body,
      timeoutMs: profile.timeoutMs,
      answerMaxBytes,
      signal,
    });
    if (signal.aborted) return undefined;
    const ms = Math.round(performance.now() - begun);
    const attempt: Attempt = answer.ok
      ? { at, ms, status: answer.status, ...(answer.body === '' ? {} : { answer: answer.body }) }
      : { at, ms, error: answer.message };
    const isDelivered = answer.ok && answer.status >= 200 && answer.status < 300;
    meters.attempted(isDelivered, ms);
    if (isDelivered) return { outcome: 'delivered', delivery: after(delivery, attempt, 'delivered') };
    const isGone = profile.endsOnGone && answer.ok && answer.status === 410;
    const asked = answer.ok ? retryAfterMs(answer.retryAfter, clock()) : undefined;
    return this.#failed(delivery, attempt, profile, isGone, asked);
  }

  #failed(
    delivery: StoredDelivery,
    attempt: Attempt,
    { schedule }: WebhookProfile,
    isGone: boolean,
    asked: number | undefined,
  ): Sent {
    const { clock, random, meters } = this.#parts;
    const lastAt = clock();
    const firstAt = delivery.firstFailedAt ?? lastAt;
    const failures = { count: delivery.failures + 1, firstAt, lastAt };
    const dueAt = isGone
      ? undefined
      : nextAttemptAt(
          schedule,
          asked === undefined ? failures : { ...failures, retryAfterMs: asked },
          random,
        );
    const failed = {
      ...after(delivery, attempt, dueAt === undefined ? 'failed' : 'waiting'),
      failures: failures.count,
      firstFailedAt: firstAt,
    };
    const outcome = isGone ? 'gone' : 'failed';
    if (dueAt !== undefined) return { outcome, dueAt, delivery: { ...failed, delayMs: dueAt - lastAt } };
    meters.gaveUp();
    return { outcome, delivery: failed };
  }
}

function after(delivery: StoredDelivery, attempt: Attempt, status: StoredDelivery['status']): StoredDelivery {
  const { delayMs: _, ...rest } = delivery;
  return {
    ...rest,
    status,
    attempts: delivery.attempts + 1,
    lastAttempts: [...delivery.lastAttempts, attempt].slice(-keptAttempts),
  };
}
