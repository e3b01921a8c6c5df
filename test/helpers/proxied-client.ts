import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTls } from 'node:tls';
import { Agent, fetch as fetchThrough } from 'undici';
import { type ClientOptions, WebSocket } from 'ws';
import { Inkwire, type InkwireOptions, type TransportName } from '../../client/sdk/node.js';
import type { RealProxy } from './real-proxy.js';
import { SseDecoder } from './sse-decoder.js';

/** Clients that trust the certificate of a proxy, each speaking a given HTTP. */

export interface ProxiedOptions {
  readonly key: string;
  readonly transports?: readonly TransportName[];
  /** Requests over HTTP/2; a WebSocket is one of HTTP/1.1 in any case. Default: HTTP/1.1. */
  readonly http2?: boolean;
  /** Address to come from; 127.0.0.0/8 is all this machine. */
  readonly from?: string;
  /** Sent with everything. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The SDK through a proxy. `close` of the client leaves nothing open. */
export function proxiedClient(proxy: RealProxy, options: ProxiedOptions): Inkwire {
  const { key, transports, http2 = false, from, headers } = options;
  const local = from === undefined ? {} : { localAddress: from };
  const dispatcher = new Agent({ connect: { ca: proxy.certificate }, allowH2: http2, ...local });
  const through = (address: string, init: RequestInit) =>
    fetchThrough(address, {
      // The same thing under two names of its types.
      ...(init as unknown as Parameters<typeof fetchThrough>[1]),
      headers: { ...(init.headers as Record<string, string>), ...headers },
      dispatcher,
    });
  class TrustingWebSocket extends WebSocket {
    constructor(address: string, protocols: string[]) {
      const given: ClientOptions = {
        ca: proxy.certificate,
        ...local,
        ...(headers && { headers: { ...headers } }),
      };
      super(address, protocols, given);
    }
  }
  return new Inkwire({
    url: proxy.url,
    key,
    ...(transports === undefined ? {} : { transports }),
    fetch: through as unknown as NonNullable<InkwireOptions['fetch']>,
    WebSocket: TrustingWebSocket,
  });
}

/** What an event stream brought so far. */
export class StreamReading {
  readonly events: { readonly event: string; readonly data: string }[] = [];
  ended = false;
  readonly #waiting = new Set<() => void>();
  readonly #decoder = new SseDecoder();

  push(bytes: Buffer): void {
    for (const { event, data } of this.#decoder.push(bytes))
      if (data !== undefined) this.events.push({ event, data });
    this.#wake();
  }

  end(): void {
    this.ended = true;
    this.#wake();
  }

  count(event: string): number {
    return this.events.filter((one) => one.event === event).length;
  }

  /** Resolves when it holds; rejects when the stream has ended and it does not. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.ended) throw new Error(`The stream ended after ${this.events.length} events`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}

/** An event stream over HTTP/2 by Node's own client. */
export function readOverHttp2(proxy: RealProxy, path: string, key: string) {
  const session = connectHttp2(proxy.url, { ca: proxy.certificate });
  const reading = new StreamReading();
  const stream = session.request({
    ':path': path,
    authorization: `Bearer ${key}`,
    accept: 'text/event-stream',
  });
  stream.on('data', (bytes: Buffer) => reading.push(bytes));
  stream.on('error', () => reading.end()).on('close', () => reading.end());
  session.on('error', () => reading.end());
  return { reading, close: () => session.destroy() };
}

/** An event stream by curl, over the HTTP that is asked for. */
export function readByCurl(proxy: RealProxy, path: string, key: string, version: '--http1.1' | '--http2') {
  const args = ['-sN', version, '--insecure', '-H', `Authorization: Bearer ${key}`];
  const child: ChildProcess = spawn('curl', [
    ...args,
    '-w',
    '%{stderr}%{http_version}',
    `${proxy.url}${path}`,
  ]);
  const reading = new StreamReading();
  let spoken = '';
  const closed = once(child, 'close');
  child.stdout?.on('data', (bytes: Buffer) => reading.push(bytes)).on('end', () => reading.end());
  child.stderr?.on('data', (bytes: Buffer) => {
    spoken += bytes.toString();
  });
  return {
    reading,
    /** Which HTTP it was, once the stream has ended. */
    async version(): Promise<string> {
      await closed;
      return spoken;
    },
    close: () => child.kill(),
  };
}

/** What the proxy chooses of the protocols that a browser offers. */
export async function chosenProtocol(proxy: RealProxy): Promise<string | false | null> {
  const socket = connectTls({
    port: proxy.port,
    ca: proxy.certificate,
    ALPNProtocols: ['h2', 'http/1.1'],
    servername: 'localhost',
  });
  await once(socket, 'secureConnect');
  const { alpnProtocol } = socket;
  socket.destroy();
  return alpnProtocol;
}
