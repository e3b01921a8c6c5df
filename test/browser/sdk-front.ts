import { readFile } from 'node:fs/promises';
import {
  createServer,
  type IncomingMessage,
  request as requestOf,
  type Server,
  type ServerResponse,
} from 'node:http';
import { connect, type Socket } from 'node:net';
import { extname } from 'node:path';

/** What a network may keep from getting through. */
export type Blocked = 'websocket' | 'sse' | 'all';

/**
 * What stands before a server: it adds the pages of this folder, counts streams, and lets through what a test wants.
 * The server's own rules of origin hold for it, since `Host` stays as it is.
 */
export interface Front {
  /** Without a slash at the end. */
  readonly url: string;
  readonly blocked: Set<Blocked>;
  /** By path, below `/pages/`: text of pages that are no files of this folder. */
  readonly pages: Map<string, string>;
  /** WebSockets and event streams that are open now. */
  readonly open: number;
  /** Of each kind, since the start. */
  readonly opened: { websocket: number; sse: number };
  /** Addresses and subprotocols of everything that was asked for. */
  readonly seen: { readonly url: string; readonly protocol: string }[];
  /** Resolves when `open` is this. */
  untilOpen(count: number): Promise<void>;
  /** Resolves when a page asks for `/pages/held`, which is not answered until `release`. */
  untilHeld(): Promise<void>;
  release(): void;
  /** Ends every connection, those of requests too. */
  cutAll(): void;
  close(): Promise<void>;
}

const folder = new URL('pages/', import.meta.url);
const types: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript' };

export async function openFront(target: number): Promise<Front> {
  const streams = new Set<object>();
  const sockets = new Set<Socket>();
  const waiting = new Set<() => void>();
  let held: ServerResponse | undefined;
  const blocked = new Set<Blocked>();
  const opened = { websocket: 0, sse: 0 };
  const seen: { url: string; protocol: string }[] = [];
  const pages = new Map<string, string>();
  const changed = () => {
    for (const look of waiting) look();
  };
  const begin = (kind: keyof typeof opened, stream: object) => {
    opened[kind] += 1;
    streams.add(stream);
    changed();
  };
  const end = (stream: object) => {
    streams.delete(stream);
    changed();
  };
  const until = (holds: () => boolean) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!holds()) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  const note = ({ url = '', headers }: IncomingMessage) =>
    seen.push({ url, protocol: headers['sec-websocket-protocol'] ?? '' });

  const server: Server = createServer((request, response) => {
    note(request);
    const { url = '', method, headers } = request;
    if (url === '/pages/held') {
      held = response;
      changed();
      return;
    }
    if (url.startsWith('/pages/')) {
      void sendPage(url, pages, response);
      return;
    }
    const sse = /event-stream/.test(headers.accept ?? '');
    if (blocked.has('all') || (sse && blocked.has('sse'))) {
      if (blocked.has('all')) request.socket.destroy();
      else response.writeHead(403).end();
      return;
    }
    const up = requestOf({ port: target, host: '127.0.0.1', path: url, method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      response.flushHeaders();
      answer.pipe(response);
      if (/event-stream/.test(answer.headers['content-type'] ?? '')) begin('sse', response);
    });
    up.on('error', () => response.destroy());
    response.on('close', () => {
      end(response);
      up.destroy();
    });
    request.pipe(up);
  });
  server.on('upgrade', (request: IncomingMessage, client: Socket, head: Buffer) => {
    note(request);
    if (blocked.size > 0) {
      client.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      return;
    }
    const up = connect(target, '127.0.0.1', () => {
      const { rawHeaders } = request;
      const lines = rawHeaders.flatMap((name, at) =>
        at % 2 === 0 ? [`${name}: ${rawHeaders[at + 1]}`] : [],
      );
      up.write([`GET ${request.url} HTTP/1.1`, ...lines, '', ''].join('\r\n'));
      up.write(head);
      up.once('data', (bytes) => {
        if (String(bytes).startsWith('HTTP/1.1 101')) begin('websocket', client);
      });
      up.pipe(client);
      client.pipe(up);
    });
    up.on('error', () => client.destroy()).on('close', () => client.destroy());
    client
      .on('error', () => up.destroy())
      .on('close', () => {
        up.destroy();
        end(client);
      });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('A port was awaited');
  const cutAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${address.port}`,
    blocked,
    pages,
    opened,
    seen,
    get open() {
      return streams.size;
    },
    untilOpen: (count) => until(() => streams.size === count),
    untilHeld: () => until(() => held !== undefined),
    release() {
      held?.end();
      held = undefined;
    },
    cutAll,
    async close() {
      cutAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function sendPage(
  url: string,
  pages: ReadonlyMap<string, string>,
  response: ServerResponse,
): Promise<void> {
  const { pathname } = new URL(url, 'http://front');
  try {
    const page = pages.get(pathname) ?? (await readFile(new URL(pathname.slice('/pages/'.length), folder)));
    response.writeHead(200, { 'content-type': types[extname(pathname)] ?? 'text/plain' }).end(page);
  } catch {
    response.writeHead(404).end();
  }
}
