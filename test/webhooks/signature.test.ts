import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { secretDefect } from '../../src/protocol/webhook-secret.js';
import { newSecret } from '../../src/webhooks/signature.js';
import { standard } from '../../src/webhooks/standard.js';

const sign = (
  id: string,
  body: string,
  secrets: readonly string[],
  timestamp = Math.floor(Date.now() / 1000),
) => standard.headers({ id, body, timestamp, secrets, type: 'job.completed' });

describe('signatures of Standard Webhooks', () => {
  it('are accepted by the public package, whatever the text, with either of two secrets', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.uuid(), (value, id) => {
        const [one, two] = [newSecret(), newSecret()];
        const body = JSON.stringify({ value, more: '\u{1f514} ключ' });
        const headers = sign(`msg_${id}`, body, [one, two]);
        for (const secret of [one, two])
          expect(new Webhook(secret).verify(body, { ...headers })).toEqual(JSON.parse(body));
        expect(() => new Webhook(newSecret()).verify(body, { ...headers })).toThrow();
        expect(() => new Webhook(one).verify(`${body} `, { ...headers })).toThrow();
      }),
      { numRuns: 100 },
    );
  });

  it('are those of the package, and of no other time or message', () => {
    const secret = newSecret();
    const at = new Date(1_800_000_000_000);
    const headers = sign('msg_1', '{}', [secret], at.getTime() / 1000);
    expect(headers['webhook-signature']).toBe(new Webhook(secret).sign('msg_1', at, '{}'));
    const now = sign('msg_1', '{}', [secret]);
    expect(() => new Webhook(secret).verify('{}', { ...now, 'webhook-id': 'msg_2' })).toThrow();
    expect(() => new Webhook(secret).verify('{}', { ...headers })).toThrow(/too (old|new)/);
  });

  it('take secrets of 24 to 64 bytes in base64', () => {
    const of = (bytes: number) => `whsec_${Buffer.alloc(bytes, 7).toString('base64')}`;
    expect([24, 32, 64].map((bytes) => secretDefect(of(bytes)))).toEqual([undefined, undefined, undefined]);
    for (const wrong of [of(23), of(65), of(32).slice(6), 'whsec_', `${of(32)}!`, 'whsec_?']) {
      expect(secretDefect(wrong), wrong).toContain('whsec_');
    }
    expect(secretDefect(newSecret())).toBeUndefined();
  });

  it.each([
    ['=', 400_000],
    ['A', 8_000_000],
  ])('refuse a secret of very many %s at once', (sign, count) => {
    expect(secretDefect(`whsec_${sign.repeat(count)}!`)).toContain('whsec_');
  });
});
