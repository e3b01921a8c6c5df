import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** What somebody on the way does to a client's connections: what companies' proxies and virus scanners are known for. */
export interface Obstacles {
  /** A request to upgrade is answered with this status, or never (`swallowed`). Default: it goes through. */
  readonly upgrade?: number | 'swallowed';
  /**
   * Of an event stream: `body` is held back until the server has ended it, `all` is the head, too. Default: bytes go
   * through as they come.
   */
  readonly eventStream?: 'body' | 'all';
  /** Every connection of a client ends that long after it began, in milliseconds, and not before something got through. */
  readonly lifeMs?: number;
}

/** An HTTP proxy between clients and a server on this machine. */
export interface Middlebox {
  readonly url: string;
  /** Of the connections that come from now on. */
  obstacles: Obstacles;
  /** Connections that there were. */
  readonly connections: number;
  /** Resolves when there were so many. */
  connected(count: number): Promise<void>;
  close(): Promise<void>;
}

/** @param withheld called for each connection from which the client gets nothing */
export async function openMiddlebox(
  target: number,
  given: Obstacles = {},
  withheld: () => void = () => undefined,
): Promise<Middlebox> {
  const sockets = new Set<Duplex>();
  let obstacles = given;
  let connections = 0;
  const counted = new EventEmitter();
  const server = createServer((asked, answer) => forward(target, asked, answer, () => obstacles, withheld));
  server.keepAliveTimeout = 60_000;
  server.on('connection', (socket: Socket) => {
    connections += 1;
    counted.emit('connection');
    sockets.add(socket);
    const { lifeMs } = obstacles;
    // On a busy machine nothing would ever get through otherwise.
    const age = () => socket.bytesWritten > 0 && socket.resetAndDestroy();
    const end = lifeMs === undefined ? undefined : setInterval(age, lifeMs);
    socket
      .on('error', () => undefined)
      .once('close', () => {
        clearInterval(end);
        sockets.delete(socket);
      });
  });
  server.on('upgrade', (asked: IncomingMessage, socket: Duplex, head: Buffer) => {
    const { upgrade } = obstacles;
    if (upgrade === undefined) tunnel(target, asked, socket, head);
    else if (upgrade === 'swallowed') withheld();
    else socket.end(`HTTP/1.1 ${upgrade} No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('A port was awaited');
  return {
    url: `http://127.0.0.1:${address.port}`,
    get obstacles() {
      return obstacles;
    },
    set obstacles(next) {
      obstacles = next;
    },
    get connections() {
      return connections;
    },
    async connected(count) {
      while (connections < count) await once(counted, 'connection');
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function forward(
  port: number,
  asked: IncomingMessage,
  answer: ServerResponse,
  obstacles: () => Obstacles,
  withheld: () => void,
): void {
  const { method, url, headers } = asked;
  const onward = request({ host: '127.0.0.1', port, method, path: url, headers, agent: false }, (got) => {
    const { statusCode = 502, rawHeaders } = got;
    const isStream = /^text\/event-stream/.test(got.headers['content-type'] ?? '');
    const held = isStream ? obstacles().eventStream : undefined;
    answer.writeHead(
      statusCode,
      rawHeaders.filter((_, index) => !isHop(rawHeaders[index - (index % 2)])),
    );
    if (held !== 'all') answer.flushHeaders();
    if (held === undefined) got.pipe(answer);
    else {
      const chunks: Buffer[] = [];
      withheld();
      got
        .on('data', (bytes: Buffer) => chunks.push(bytes))
        .on('end', () => answer.end(Buffer.concat(chunks)));
    }
    got.on('error', () => answer.destroy());
  });
  onward.on('error', () => answer.destroy());
  answer.on('close', () => onward.destroy());
  asked.pipe(onward);
}

function isHop(name = ''): boolean {
  return /^(connection|keep-alive|transfer-encoding)$/i.test(name);
}

function tunnel(port: number, asked: IncomingMessage, socket: Duplex, head: Buffer): void {
  const onward = connect(port, '127.0.0.1');
  const lines = [`${asked.method} ${asked.url} HTTP/1.1`];
  for (let index = 0; index + 1 < asked.rawHeaders.length; index += 2)
    lines.push(`${asked.rawHeaders[index]}: ${asked.rawHeaders[index + 1]}`);
  onward.write(`${lines.join('\r\n')}\r\n\r\n`);
  onward.write(head);
  socket.pipe(onward).pipe(socket);
  onward.on('error', () => undefined).on('close', () => socket.destroy());
  socket.on('error', () => undefined).on('close', () => onward.destroy());
}
