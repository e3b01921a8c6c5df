import { createHmac, randomBytes } from 'node:crypto';
import { secretPrefix } from '../protocol/webhook-secret.js';

/** A new secret of Standard Webhooks. */
export function newSecret(random: (bytes: number) => Buffer = randomBytes): string {
  return `${secretPrefix}${random(32).toString('base64')}`;
}

export interface Signed {
  readonly id: string;
  /** Seconds since 1970. */
  readonly timestamp: number;
  readonly body: string;
}

/** `webhook-signature` of Standard Webhooks: one signature for each secret that holds. */
export function standardSignature({ id, timestamp, body }: Signed, secrets: readonly string[]): string {
  return secrets
    .map((secret) => {
      const key = Buffer.from(secret.slice(secretPrefix.length), 'base64');
      return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
    })
    .join(' ');
}
