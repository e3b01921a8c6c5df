import { describe, expect, it } from 'vitest';
import { asyncApiOf } from '../../src/http/docs/asyncapi.js';
import { clientMessages, serverMessages, sseEvents } from '../../src/http/docs/stream-schemas.js';
import { factTypes } from '../../src/protocol/fact.js';

/** Follows a JSON pointer with its `$ref`s. */
function at(document: object, pointer: string): unknown {
  const parts = pointer
    .replace(/^#\//, '')
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  return parts.reduce<unknown>((value, part) => (value as Readonly<Record<string, unknown>>)[part], document);
}

describe('/asyncapi.json', () => {
  const document = asyncApiOf('1.2.3');

  it('describes the three channels and every message of them', () => {
    expect(document).toMatchObject({ asyncapi: '3.1.0', info: { version: '1.2.3' } });
    const channels = at(document, '#/channels') as Record<string, { address: string; messages: object }>;
    expect(Object.values(channels).map(({ address }) => address)).toEqual([
      '/api/v1/stream',
      '/api/v1/jobs/{id}/events',
      '/api/v1/events',
    ]);
    expect(Object.keys(channels.stream?.messages ?? {})).toEqual([
      ...Object.keys(clientMessages).map((name) => `client.${name}`),
      ...Object.keys(serverMessages).map((name) => `server.${name}`),
    ]);
    expect(Object.keys(channels.events?.messages ?? {})).toEqual(Object.keys(sseEvents));
    for (const type of factTypes) expect(Object.keys(sseEvents)).toContain(type);
  });

  it('has no reference that leads nowhere', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(
      ([, pointer]) => pointer ?? '',
    );
    expect(references.length).toBeGreaterThan(60);
    for (const pointer of references) expect(at(document, pointer), pointer).toBeTypeOf('object');
  });

  it('names operations whose messages belong to their channel', () => {
    const operations = at(document, '#/operations') as Record<
      string,
      { channel: { $ref: string }; messages: { $ref: string }[] }
    >;
    for (const { channel, messages } of Object.values(operations)) {
      expect(messages.length).toBeGreaterThan(2);
      for (const { $ref } of messages) expect($ref.startsWith(`${channel.$ref}/messages/`)).toBe(true);
    }
  });
});
