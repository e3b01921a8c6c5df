import { Type } from 'typebox';
import type { JobWebhook } from '../../jobs/job-webhook.js';
import { factTypes } from '../../protocol/fact.js';
import { isObject } from '../../protocol/is-object.js';
import { secretDefect } from '../../protocol/webhook-secret.js';
import type { Issue } from '../../render/kind.js';

const url = Type.String({ format: 'uri', maxLength: 2_048 });
/** What a job can be told of; what comes after its end is for endpoints of the owner. */
const events = factTypes.filter((type) => type.startsWith('job.') && !/expired|deleted/.test(type));
const members = ['url', 'secret', 'events', 'payload'];

/** For OpenAPI; `readJobWebhook` checks the same. */
export const jobWebhookSchema = Type.Optional(
  Type.Unsafe<string | object>({
    anyOf: [
      url,
      Type.Object({
        url,
        secret: Type.Optional(Type.String({ description: 'Signs the messages (Standard Webhooks)' })),
        events: Type.Optional(Type.Array(Type.Unsafe<string>({ type: 'string', enum: events }))),
        payload: Type.Optional(Type.Unsafe<string>({ type: 'string', enum: ['whole', 'reference'] })),
      }),
    ],
    description: 'Is told of the events of this job: its end, unless `events` says otherwise',
  }),
);

/** The address is judged with those of the inputs. */
export function readJobWebhook(value: unknown, issues: Issue[]): JobWebhook | undefined {
  if (value === undefined) return undefined;
  const refuse = (pointer: string, message: string): void => {
    issues.push({ pointer: `/webhook${pointer}`, message });
  };
  const given = typeof value === 'string' ? { url: value } : value;
  if (!isObject(given)) {
    refuse('', 'must be an address, or an object with one as url');
    return undefined;
  }
  if (typeof given.url !== 'string' || given.url.length > 2_048) {
    refuse('/url', 'must be an address of at most 2048 characters');
    return undefined;
  }
  for (const name of Object.keys(given)
    .filter((one) => !members.includes(one))
    .slice(0, 5)) {
    refuse(
      '',
      `has the member ${JSON.stringify(name.slice(0, 64))}, which is none of: ${members.join(', ')}`,
    );
  }
  const { secret, payload, events: asked } = given;
  const defect =
    secret === undefined ? undefined : typeof secret === 'string' ? secretDefect(secret) : 'must be a string';
  if (defect !== undefined) refuse('/secret', defect);
  if (payload !== undefined && payload !== 'whole' && payload !== 'reference')
    refuse('/payload', 'must be "whole" or "reference"');
  const isList = Array.isArray(asked) && asked.length > 0 && asked.every((one) => events.includes(one));
  if (asked !== undefined && !isList) refuse('/events', `must be some of: ${events.join(', ')}`);
  return {
    url: given.url,
    ...(typeof secret === 'string' ? { secret } : {}),
    ...(payload === 'whole' || payload === 'reference' ? { payload } : {}),
    ...(isList ? { events: [...new Set<string>(asked)] } : {}),
  };
}
