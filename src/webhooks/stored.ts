import type { Delivery, Endpoint } from '../engine/endpoints.js';
import type { PayloadForm } from './profile.js';

/** What an endpoint is, as its `value` keeps it. */
export interface EndpointSettings {
  readonly url: string;
  /** Name of its profile. */
  readonly profile: string;
  readonly payload: PayloadForm;
  /** Left out: those of the profile. */
  readonly events?: readonly string[];
  /** Any of these; left out, all. */
  readonly tags?: readonly string[];
  readonly kinds?: readonly string[];
  readonly groups?: readonly string[];
  readonly description?: string;
  readonly enabled: boolean;
  /** Newest first. `until`: one that was replaced signs beside the new one until then. */
  readonly secrets: readonly { readonly secret: string; readonly until?: number }[];
  /** JSON text for the profile. */
  readonly context?: string;
}

export const offReasons = ['gone', 'failing'] as const;
export type OffReason = (typeof offReasons)[number];

/** What the deliverer knows of an endpoint, as its `state` keeps it. */
export interface EndpointState {
  /** Attempts that failed since the last success. */
  readonly failures: number;
  /** Of the first and of the latest of them. */
  readonly failingSince?: number;
  readonly lastFailedAt?: number;
  /** Elapsed time from the first to the latest, however the date was set meanwhile. */
  readonly failingMs?: number;
  readonly lastSuccessAt?: number;
  readonly off?: { readonly reason: OffReason; readonly at: number };
  /** Of a job's endpoint: nothing more will be told. */
  readonly ended?: boolean;
  /** A range is sent again up to `from`; what comes then, up to `to`, was done before. */
  readonly skip?: { readonly from: number; readonly to: number };
}

export const newState: EndpointState = { failures: 0 };

export interface Attempt {
  readonly at: number;
  readonly ms: number;
  /** Of the answer. */
  readonly status?: number;
  /** The beginning of its body. */
  readonly answer?: string;
  /** Why there was no answer. */
  readonly error?: string;
}

export type DeliveryStatus = 'waiting' | 'delivered' | 'failed';

/** A message to an endpoint, as the `value` of a delivery keeps it. */
export interface StoredDelivery {
  readonly type: string;
  readonly body: string;
  readonly createdAt: number;
  readonly status: DeliveryStatus;
  /** Since it was sent first, or replayed. */
  readonly failures: number;
  readonly firstFailedAt?: number;
  /** How long it was to wait from its last attempt on: a date that was set since delays it by no more. */
  readonly delayMs?: number;
  /** All that there were, and the last ones of them. */
  readonly attempts: number;
  readonly lastAttempts: readonly Attempt[];
}

/** Attempts that a delivery remembers, and characters of each answer. */
export const keptAttempts = 12;
export const answerMaxBytes = 1_024;

/** Trusts the store: the texts are written by `JSON.stringify` of these shapes. */
export function settingsOf({ value }: Pick<Endpoint, 'value'>): EndpointSettings {
  return JSON.parse(value) as EndpointSettings;
}

export function stateOf({ state }: Pick<Endpoint, 'state'>): EndpointState {
  return JSON.parse(state) as EndpointState;
}

export function deliveryOf({ value }: Pick<Delivery, 'value'>): StoredDelivery {
  return JSON.parse(value) as StoredDelivery;
}

/** The secrets that hold at a time. */
export function secretsAt({ secrets }: EndpointSettings, now: number): readonly string[] {
  return secrets.filter(({ until = Number.POSITIVE_INFINITY }) => until > now).map(({ secret }) => secret);
}
