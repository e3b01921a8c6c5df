import { Registry } from 'prom-client';
import { vi } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import { openMemoryEngine } from '../../src/engine/memory/memory-engine.js';
import type { FetchGuard } from '../../src/fetch/fetch-guard.js';
import { refuseFetch } from '../../src/fetch/fetch-refusal.js';
import type { SendOrder, SentAnswer } from '../../src/fetch/fetch-send.js';
import { Follower } from '../../src/follow/follower.js';
import type { Job } from '../../src/jobs/job.js';
import { formatCursor } from '../../src/protocol/cursor.js';
import { Deliverer } from '../../src/webhooks/deliverer.js';
import { WebhookMeters } from '../../src/webhooks/meters.js';
import { type WebhookProfile, WebhookProfiles } from '../../src/webhooks/profile.js';
import { Sender } from '../../src/webhooks/sender.js';
import { standard } from '../../src/webhooks/standard.js';
import { Webhooks } from '../../src/webhooks/webhooks.js';
import { aJob, aSubmission } from '../contracts/jobs-at-hand.js';

export interface Received {
  readonly url: string;
  readonly at: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: {
    readonly type: string;
    readonly data: { readonly cursor?: string; readonly job?: object };
  };
  readonly text: string;
  /** How long the sender waits for an answer. */
  readonly timeoutMs: number;
}

/** What a receiver answers: a status, or an answer. */
export type Receiver = (
  message: Received,
) => number | Partial<SentAnswer> | Promise<number | Partial<SentAnswer>>;

export interface WebhookRig {
  readonly engine: Engine;
  readonly webhooks: Webhooks;
  readonly received: Received[];
  readonly lines: string[];
  readonly registry: Registry;
  receiver: Receiver;
  deliverer(): Deliverer;
  /** Submits a job and cancels it: two facts. */
  job(change?: Partial<Job>): Promise<Job>;
  /** @param resultOf the job whose result it has */
  submit(change?: Partial<Job>, resultOf?: string): Promise<Job>;
  cancel(job: Job): Promise<void>;
  create(change?: object, owner?: string): Promise<{ readonly id: string; readonly secret: string }>;
  /** Lets time pass, and what comes of it happen. */
  pass(ms: number): Promise<void>;
  /** As when the process ends without a word and another one starts. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** The deliverer over the memory engine, with the time of the test and a network that is a function. */
export async function openRig(given: readonly WebhookProfile[] = []): Promise<WebhookRig> {
  const engine = await openMemoryEngine({ fairness: { maxRunningPerOwner: 100, weights: {} } });
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  const clock = Date.now;
  const { store, endpoints, bus } = engine;
  const received: Received[] = [];
  const lines: string[] = [];
  const log = {
    warn: (_: unknown, message: string) => void lines.push(message),
    error: (_: unknown, message: string) => void lines.push(message),
  };
  const profiles = new WebhookProfiles([standard, ...given]);
  let registry = new Registry();
  const guard: Pick<FetchGuard, 'send'> = {
    async send(url: string, { headers, body, signal, timeoutMs }: SendOrder) {
      const message = { url, at: clock(), headers, text: body, body: JSON.parse(body), timeoutMs };
      received.push(message);
      const given = rig.receiver(message);
      let quit = (): void => undefined;
      const cancelled = new Promise<undefined>((resolve) => {
        quit = () => resolve(undefined);
        signal?.addEventListener('abort', quit);
      });
      const answer = await Promise.race([given, cancelled]);
      signal?.removeEventListener('abort', quit);
      if (answer === undefined) return refuseFetch('cancelled', 'the request was given up');
      if (answer === 0) return refuseFetch('network', 'the connection failed (ECONNREFUSED)');
      return {
        ok: true,
        body: '',
        status: 200,
        ...(typeof answer === 'number' ? { status: answer } : answer),
      };
    },
  };
  const open = async () => {
    registry = new Registry();
    const follower = new Follower({ store, bus, clock, onError: (error) => lines.push(String(error)) });
    await follower.open();
    const cursorOf = (seq: number): string => formatCursor(follower.positionAt(seq));
    let deliverer: Deliverer | undefined;
    const nothing = { active: 0, failing: 0, waiting: 0, sending: 0 };
    const meters = new WebhookMeters(registry, () => deliverer?.counts ?? nothing);
    const sender = new Sender({ guard, meters, clock, random: () => 0 });
    deliverer = new Deliverer({
      endpoints,
      store,
      follower,
      profiles,
      sender,
      meters,
      log,
      clock,
      cursorOf,
      worker: 'w',
      exclusive: true,
    });
    const webhooks = new Webhooks({
      endpoints,
      store,
      profiles,
      sender,
      clock,
      checkAddress: (url) => (url.startsWith('http') ? undefined : 'must be an address'),
      position: () => follower.position.seq,
      nudge: () => deliverer?.nudge(),
    });
    await store.beat('w', clock() + 1e12, clock());
    await follower.start();
    deliverer.start();
    return { follower, deliverer, webhooks };
  };
  let parts = await open();
  const rig: WebhookRig = {
    engine,
    get webhooks() {
      return parts.webhooks;
    },
    get registry() {
      return registry;
    },
    received,
    lines,
    receiver: () => 204,
    deliverer: () => parts.deliverer,
    async submit(change = {}, resultOf) {
      const submission = aSubmission(aJob({ createdAt: clock(), ...change }));
      const outcome = await store.submit(resultOf === undefined ? submission : { ...submission, resultOf });
      if (outcome.type !== 'created') throw new Error(outcome.type);
      return outcome.job;
    },
    async cancel({ id }) {
      await store.apply(id, { type: 'cancel' }, clock());
    },
    async job(change) {
      const job = await rig.submit(change);
      await rig.cancel(job);
      return job;
    },
    async create(change = {}, owner = 'alice') {
      const made = await parts.webhooks.create(owner, { url: 'https://a.example/', ...change });
      if (!made.ok) throw new Error(made.problem.detail);
      await rig.pass(1);
      return { id: made.value.endpoint.id, secret: made.value.secret };
    },
    async pass(ms) {
      await vi.advanceTimersByTimeAsync(ms);
    },
    async restart() {
      // Nothing that it still does is settled: its promises never come to anything.
      parts.follower.close();
      void parts.deliverer.close();
      await vi.advanceTimersByTimeAsync(2_000);
      parts = await open();
      await rig.pass(1);
    },
    async close() {
      parts.follower.close();
      const closing = parts.deliverer.close();
      await vi.advanceTimersByTimeAsync(2_000);
      await closing;
      vi.useRealTimers();
      await engine.close();
    },
  };
  await rig.pass(1);
  return rig;
}
