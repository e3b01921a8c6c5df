import { type FactType, factTypes } from '../protocol/fact.js';
import { type Payload, payloadMaxLength, type Told, type WebhookProfile } from './profile.js';
import { standardSignature } from './signature.js';

/** Events that the server sends of itself, which are no facts of the log. */
export const serverEvents = [
  /** A message that somebody asked for, to see whether it arrives. */
  'webhook.test',
  /** Another endpoint of the same owner was turned off. */
  'webhook.disabled',
  /** Facts were removed from the log before they could be sent to this endpoint. */
  'webhook.gap',
] as const;

const minute = 60_000;
const hour = 60 * minute;

const defaultEvents: readonly FactType[] = [
  'job.completed',
  'job.failed',
  'job.cancelled',
  'group.completed',
];

/** The server's own webhooks, by Standard Webhooks 1.0. */
export const standard: WebhookProfile = {
  name: 'standard',
  events: [...factTypes, ...serverEvents],
  defaultEvents: [...defaultEvents, 'webhook.test', 'webhook.gap'],
  schedule: {
    // More than a day, so that a receiver which fails on a Friday evening is there again on Saturday.
    delaysMs: [
      5_000,
      30_000,
      2 * minute,
      10 * minute,
      30 * minute,
      hour,
      2 * hour,
      4 * hour,
      8 * hour,
      12 * hour,
    ],
    from: 'last-failure',
    jitter: 0.2,
    retryAfterMaxMs: 12 * hour,
  },
  timeoutMs: 15_000,
  endsOnGone: true,
  payload: factPayload,
  headers({ id, timestamp, body, secrets }) {
    return {
      'content-type': 'application/json',
      'user-agent': 'inkwire',
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      // A job's endpoint may have no secret.
      ...(secrets.length === 0
        ? {}
        : { 'webhook-signature': standardSignature({ id, timestamp, body }, secrets) }),
    };
  },
};

function factPayload({ fact, cursor, payload }: Told): Payload {
  const { type, at, record } = fact;
  const member = type === 'group.completed' ? 'group' : 'job';
  // A group's record is short, and there is nothing else to fetch.
  const isWhole = payload === 'whole' || member === 'group';
  const data = `{"cursor":"${cursor}","${member}":${isWhole && record.length < payloadMaxLength - 1024 ? record : referenceOf(record)}}`;
  return { type, body: bodyOf(type, at, data) };
}

/** @param data JSON text */
export function bodyOf(type: string, at: number, data: string): string {
  return `{"type":"${type}","timestamp":"${new Date(at).toISOString()}","data":${data}}`;
}

const referenceMembers = ['job_id', 'status', 'kind', 'rev', 'group', 'reference'] as const;

function referenceOf(record: string): string {
  const job: Record<string, unknown> = JSON.parse(record);
  const known = referenceMembers.filter((name) => job[name] !== undefined).map((name) => [name, job[name]]);
  return JSON.stringify({ ...Object.fromEntries(known), url: `/api/v1/jobs/${String(job.job_id)}` });
}
