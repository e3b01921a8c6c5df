import WebSocket from 'ws';
import type { StreamEvent } from '../../protocol/event.js';
import { subprotocol } from '../../protocol/messages.js';

/** One connection of a transport: hands on facts from a cursor on, until it is cut or ends by itself. */
export type Follow = (options: {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly topic: string;
  readonly after: string;
  readonly onEvent: (event: StreamEvent) => void;
  /** Cuts the connection, wherever it is. */
  readonly cut: AbortSignal;
}) => Promise<void>;

const followSse: Follow = async ({ url, headers, topic, after, onEvent, cut }) => {
  const query = new URLSearchParams({ topic, progress_ms: '0' });
  const response = await fetch(`${url}/api/v1/events?${query}`, {
    headers: { ...headers, accept: 'text/event-stream', 'last-event-id': after },
    signal: cut,
  });
  if (!response.ok || response.body === null) throw new Error(`HTTP ${response.status}`);
  let text = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map(
        block
          .split('\n')
          .map((line): [string, string] => [
            line.slice(0, line.indexOf(':')),
            line.slice(line.indexOf(':') + 2),
          ]),
      );
      const isFact = fields.has('id') && /^(job|group)\./.test(fields.get('event') ?? '');
      if (isFact) onEvent(JSON.parse(fields.get('data') ?? '') as StreamEvent);
    }
  }
};

/** Few enough to get through where connections are cut after some kilobytes. */
const pollLimit = 4;

const followPolling: Follow = async ({ url, headers, topic, after, onEvent, cut }) => {
  let cursor = after;
  while (!cut.aborted) {
    const query = new URLSearchParams({ topic, after: cursor, wait: '5', limit: String(pollLimit) });
    const response = await fetch(`${url}/api/v1/events?${query}`, {
      headers: { ...headers, accept: 'application/json' },
      signal: cut,
    });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    const { data } = (await response.json()) as { data: { events: StreamEvent[]; cursor: string } };
    for (const event of data.events) onEvent(event);
    cursor = data.cursor;
  }
};

const followWebSocket: Follow = ({ url, headers, topic, after, onEvent, cut }) =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/api/v1/stream`, [subprotocol], { headers });
    const stop = (): void => socket.terminate();
    cut.addEventListener('abort', stop, { once: true });
    socket.on('open', () => {
      socket.send(
        JSON.stringify({ type: 'subscribe', id: 'verify', topics: [topic], after, progress_ms: 0 }),
      );
    });
    socket.on('message', (data) => {
      // What arrives after the cut belongs to the next connection.
      if (cut.aborted) return;
      const message = JSON.parse(data.toString()) as { type: string; event?: StreamEvent };
      if (message.type === 'event' && message.event !== undefined) onEvent(message.event);
    });
    socket.on('error', (error) => (cut.aborted ? resolve() : reject(error)));
    socket.on('close', () => resolve());
  });

export const followers: Readonly<Record<string, Follow>> = {
  websocket: followWebSocket,
  sse: followSse,
  'long-poll': followPolling,
};
