import { Type } from 'typebox';
import { groupShape } from '../../protocol/names.js';
import type { Issue } from '../../render/kind.js';
import type { JobOptions } from '../service.js';
import { descriptionSchemas, readDescription } from './job-description.js';
import { jobWebhookSchema, readJobWebhook } from './job-webhook.js';

const yearSeconds = 366 * 24 * 3600;

/** For OpenAPI; `readJobOptions` checks the same bounds. */
export const jobOptionsSchema = Type.Object({
  kind: Type.Optional(Type.String({ description: 'What to do; `document` when left out' })),
  ...descriptionSchemas,
  group: Type.Optional(
    Type.String({
      pattern: groupShape.source,
      description: 'Counts and events for jobs that belong together',
    }),
  ),
  priority: Type.Optional(
    Type.Integer({ minimum: -10, maximum: 10, description: 'Higher first, among your own jobs' }),
  ),
  expires_in: Type.Optional(
    Type.Integer({ minimum: 60, maximum: yearSeconds, description: 'Seconds that the result is kept' }),
  ),
  timeout: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 3600, description: 'Seconds that an attempt may run' }),
  ),
  wait_timeout: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: yearSeconds,
      description: 'Seconds that the job may wait to be started',
    }),
  ),
  max_attempts: Type.Optional(Type.Integer({ minimum: 1, maximum: 10 })),
  webhook: jobWebhookSchema,
});

export function readJobOptions(
  body: Readonly<Record<string, unknown>>,
):
  | { readonly ok: true; readonly options: JobOptions }
  | { readonly ok: false; readonly issues: readonly Issue[] } {
  const issues: Issue[] = [];
  const integer = (name: string, minimum: number, maximum: number): number | undefined => {
    const value = body[name];
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= minimum && value <= maximum)
      return value;
    issues.push({ pointer: `/${name}`, message: `must be an integer from ${minimum} to ${maximum}` });
    return undefined;
  };
  const seconds = (name: string, minimum: number, maximum: number): number | undefined => {
    const value = integer(name, minimum, maximum);
    return value === undefined ? undefined : value * 1000;
  };
  const group = body.group;
  if (group !== undefined && (typeof group !== 'string' || !groupShape.test(group))) {
    issues.push({
      pointer: '/group',
      message: 'must be 1 to 128 letters, digits or ._:- and begin with a letter or digit',
    });
  }
  const webhook = readJobWebhook(body.webhook, issues);
  const options = {
    description: readDescription(body, issues),
    ...(typeof group === 'string' ? { group } : {}),
    priority: integer('priority', -10, 10) ?? 0,
    ...defined('resultTtlMs', seconds('expires_in', 60, yearSeconds)),
    ...defined('runTimeoutMs', seconds('timeout', 1, 3600)),
    ...defined('waitTimeoutMs', seconds('wait_timeout', 1, yearSeconds)),
    ...defined('maxAttempts', integer('max_attempts', 1, 10)),
    ...(webhook === undefined ? {} : { webhook }),
  };
  return issues.length === 0 ? { ok: true, options } : { ok: false, issues };
}

function defined<Name extends string>(name: Name, value: number | undefined): Partial<Record<Name, number>> {
  return value === undefined ? {} : ({ [name]: value } as Record<Name, number>);
}
