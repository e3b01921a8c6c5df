import type { TSchema } from 'typebox';
import { pointerPart } from '../../protocol/json-pointer.js';
import { subprotocol } from '../../protocol/messages.js';
import { clientMessages, serverMessages, sseEvents } from './stream-schemas.js';

/** The stream as AsyncAPI 3.1, made from the schemas of its messages. */
export function asyncApiOf(version: string): object {
  const messages = {
    ...messagesOf('client', clientMessages),
    ...messagesOf('server', serverMessages),
    ...messagesOf('sse', sseEvents),
  };
  const refs = (prefix: string, schemas: Readonly<Record<string, TSchema>>) =>
    Object.fromEntries(
      Object.keys(schemas).map((name) => [name, { $ref: `#/components/messages/${keyOf(prefix, name)}` }]),
    );
  const operation = (
    action: 'send' | 'receive',
    channel: string,
    summary: string,
    description: string,
    names: readonly string[],
  ) => ({
    action,
    channel: { $ref: `#/channels/${channel}` },
    summary,
    description,
    messages: names.map((name) => ({ $ref: `#/channels/${channel}/messages/${pointerPart(name)}` })),
  });
  return {
    asyncapi: '3.1.0',
    info: {
      title: 'Inkwire stream',
      version,
      description: 'Status and progress of jobs. The rules of the conversation are in docs/PROTOCOL.md.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
      contact: { name: 'Whoever runs this server' },
      tags: [{ name: 'events', description: 'What happens to jobs, as it happens' }],
    },
    servers,
    defaultContentType: 'application/json',
    channels: {
      stream: {
        address: '/api/v1/stream',
        title: `WebSocket, subprotocol ${subprotocol}`,
        bindings: { ws: { method: 'GET', query: ticketQuery } },
        messages: {
          ...Object.fromEntries(
            Object.entries(refs('client', clientMessages)).map(([name, ref]) => [`client.${name}`, ref]),
          ),
          ...Object.fromEntries(
            Object.entries(refs('server', serverMessages)).map(([name, ref]) => [`server.${name}`, ref]),
          ),
        },
      },
      jobEvents: {
        address: '/api/v1/jobs/{id}/events',
        title: 'Server-Sent Events of one job',
        parameters: { id: { description: 'Id of a job' } },
        messages: refs('sse', sseEvents),
      },
      events: {
        address: '/api/v1/events',
        title: 'Server-Sent Events of some topics; with Accept: application/json long-poll',
        messages: refs('sse', sseEvents),
      },
    },
    operations: {
      speak: operation(
        'receive',
        'stream',
        'What a client says',
        'Any number of subscriptions, each with topics, a place to go on from, and a pace.',
        Object.keys(clientMessages).map((name) => `client.${name}`),
      ),
      push: operation(
        'send',
        'stream',
        'What the server says',
        'Snapshots and facts of each subscription in order, progress as it is now, and when to come back.',
        Object.keys(serverMessages).map((name) => `server.${name}`),
      ),
      followJob: operation(
        'send',
        'jobEvents',
        'Everything that happens to a job',
        'Begins with a snapshot and ends after the terminal event.',
        Object.keys(sseEvents),
      ),
      followTopics: operation(
        'send',
        'events',
        'Everything that happens in some topics',
        'Begins with a snapshot, or goes on after a cursor.',
        Object.keys(sseEvents),
      ),
    },
    components: { messages },
  };
}

const servers = {
  ws: {
    host: 'localhost:8080',
    protocol: 'ws',
    description: 'Where it listens by default',
    security: [{ type: 'http', scheme: 'bearer', description: 'An API key, or a ticket in the address' }],
  },
};

const ticketQuery = {
  type: 'object',
  properties: { ticket: { type: 'string', description: 'From POST /api/v1/tickets, for browsers' } },
};

function messagesOf(prefix: string, schemas: Readonly<Record<string, TSchema>>) {
  return Object.fromEntries(
    Object.entries(schemas).map(([name, payload]) => [
      keyOf(prefix, name),
      { name, payload: withoutIds(payload) },
    ]),
  );
}

/** Component names are letters, digits, `.`, `-` and `_`. */
function keyOf(prefix: string, name: string): string {
  return `${prefix}.${name}`;
}

/** `$id`s would have to be unique; here each payload stands whole. */
function withoutIds(schema: TSchema): unknown {
  return JSON.parse(JSON.stringify(schema, (key, value: unknown) => (key === '$id' ? undefined : value)));
}
