import { createHmac, randomBytes } from 'node:crypto';

/** Bytes of the key in a secret, as Standard Webhooks bounds them. */
export const secretBytes = { min: 24, max: 64 } as const;
const prefix = 'whsec_';

/** A new secret of Standard Webhooks. */
export function newSecret(random: (bytes: number) => Buffer = randomBytes): string {
  return `${prefix}${random(32).toString('base64')}`;
}

/** Why a text is no secret of Standard Webhooks, or undefined. */
export function secretDefect(secret: string): string | undefined {
  const encoded = secret.startsWith(prefix) ? secret.slice(prefix.length) : undefined;
  const key = encoded === undefined ? undefined : Buffer.from(encoded, 'base64');
  const isWhole = key !== undefined && key.toString('base64') === encoded;
  if (isWhole && key.length >= secretBytes.min && key.length <= secretBytes.max) return undefined;
  return `must be "${prefix}" and ${secretBytes.min} to ${secretBytes.max} bytes in base64`;
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
      const key = Buffer.from(secret.slice(prefix.length), 'base64');
      return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
    })
    .join(' ');
}
