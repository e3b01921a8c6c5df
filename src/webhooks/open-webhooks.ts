import type { Registry } from 'prom-client';
import type { Engine } from '../engine/engine.js';
import type { FetchGuard } from '../fetch/fetch-guard.js';
import type { Follower } from '../follow/follower.js';
import { formatCursor } from '../protocol/cursor.js';
import { Deliverer } from './deliverer.js';
import type { WebhookLog } from './endpoint-run.js';
import { WebhookMeters } from './meters.js';
import { type WebhookProfile, WebhookProfiles } from './profile.js';
import { Sender } from './sender.js';
import { standard } from './standard.js';
import { Webhooks } from './webhooks.js';

export interface OpenWebhooksParts {
  readonly engine: Engine;
  readonly follower: Follower;
  readonly guard: FetchGuard;
  readonly registry: Registry;
  readonly log: WebhookLog;
  readonly clock: () => number;
  readonly random: () => number;
  readonly worker: string;
}

export interface OpenedWebhooks {
  readonly webhooks: Webhooks;
  readonly profiles: WebhookProfiles;
  readonly deliverer: Deliverer;
  readonly sender: Sender;
  readonly cursorOf: (seq: number) => string;
  /** Of the dialects; before the deliverer starts. */
  add(profiles: readonly WebhookProfile[]): void;
  close(): Promise<void>;
}

/** All of webhooks over an engine. The deliverer begins when it is started. */
export function openWebhooks(parts: OpenWebhooksParts): OpenedWebhooks {
  const { engine, follower, guard, registry } = parts;
  const cursorOf = (seq: number): string => formatCursor(follower.positionAt(seq));
  const nothing = { active: 0, failing: 0, waiting: 0, sending: 0 };
  let deliverer: Deliverer | undefined;
  const meters = new WebhookMeters(registry, () => deliverer?.counts ?? nothing);
  const profiles = new WebhookProfiles([standard]);
  const shared = { ...parts, endpoints: engine.endpoints, store: engine.store, profiles, meters, cursorOf };
  const sender = new Sender(shared);
  const made = new Deliverer({ ...shared, sender, exclusive: engine.capabilities.exclusive });
  deliverer = made;
  const webhooks = new Webhooks({
    ...shared,
    sender,
    checkAddress: (url) => guard.check(url)?.message,
    position: () => follower.position.seq,
    nudge: () => made.nudge(),
  });
  return {
    webhooks,
    profiles,
    deliverer: made,
    sender,
    cursorOf,
    add: (more) => profiles.add(more),
    async close() {
      webhooks.close();
      await made.close();
    },
  };
}
