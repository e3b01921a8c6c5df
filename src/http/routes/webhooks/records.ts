import type { Endpoint } from '../../../engine/endpoints.js';
import type { DeliveryRecord, WebhookRecord } from '../../../protocol/webhook-record.js';
import { isFailing } from '../../../webhooks/endpoint-health.js';
import type { WebhookProfiles } from '../../../webhooks/profile.js';
import { settingsOf, stateOf } from '../../../webhooks/stored.js';
import type { ListedDelivery } from '../../../webhooks/webhooks.js';

const iso = (ms: number): string => new Date(ms).toISOString();

/** An endpoint as answers show it: without its secrets. */
export function webhookRecord(
  endpoint: Endpoint,
  profiles: WebhookProfiles,
  cursorOf: (seq: number) => string,
): WebhookRecord {
  const { secrets, context: _, profile, events, enabled, ...settings } = settingsOf(endpoint);
  const state = stateOf(endpoint);
  const { off, failures, failingSince, lastSuccessAt } = state;
  const status = off !== undefined ? 'off' : !enabled ? 'paused' : isFailing(state) ? 'failing' : 'active';
  return {
    id: endpoint.id,
    status,
    created_at: iso(endpoint.createdAt),
    ...settings,
    profile,
    enabled,
    events: events ?? profiles.get(profile)?.defaultEvents ?? [],
    ...(endpoint.job === undefined ? {} : { job_id: endpoint.job }),
    cursor: cursorOf(endpoint.place),
    failures,
    ...(failingSince === undefined ? {} : { failing_since: iso(failingSince) }),
    ...(lastSuccessAt === undefined ? {} : { last_success_at: iso(lastSuccessAt) }),
    ...(off === undefined ? {} : { off: { reason: off.reason, at: iso(off.at) } }),
    secrets: secrets.map(({ secret, until }) => ({
      hint: `${secret.slice(0, secret.startsWith('whsec_') ? 10 : 2)}…`,
      ...(until === undefined ? {} : { until: iso(until) }),
    })),
  };
}

export function deliveryRecord({ id, dueAt, delivery }: ListedDelivery, isWhole: boolean): DeliveryRecord {
  const { type, status, createdAt, attempts, lastAttempts, body } = delivery;
  const last = lastAttempts.at(-1);
  const listed = {
    id,
    type,
    status,
    created_at: iso(createdAt),
    ...(dueAt === undefined ? {} : { due_at: iso(dueAt) }),
    attempts,
    ...(last?.status === undefined ? {} : { last_status: last.status }),
    ...(last?.error === undefined ? {} : { last_error: last.error }),
  };
  if (!isWhole) return listed;
  const tries = lastAttempts.map(({ at, ms, ...rest }) => ({ at: iso(at), duration_ms: ms, ...rest }));
  return { ...listed, body, tries };
}
