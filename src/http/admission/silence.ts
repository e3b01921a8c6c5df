import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { Counter, type Registry } from 'prom-client';
import { answerOn } from './sockets.js';

export interface SilenceLimits {
  /** For as long a peer may send or take next to nothing. */
  readonly silentMs: number;
  /** In that time a body has to bring, or an answer be taken by, so many bytes. */
  readonly leastBytes: number;
}

type Door = 'body' | 'answer';

/** What a connection was waited for when it was last looked at. */
interface Wait {
  readonly door: Door;
  /** Of the message that is waited for: another one begins anew. */
  readonly message: object;
  /** Bytes that had come, or gone, when the wait began. */
  bytes: number;
  ms: number;
}

const lookMs = 1_000;

/**
 * Ends connections whose peer is gone or moves next to nothing: a body that brings less than a few bytes a second (408), and an answer of
 * which less is taken, be it a download, a document or a stream that has ended. Streams that go on are the gateway's (P-43).
 * Looks now and then at all connections, so that a request costs nothing.
 */
export class SilenceWatch {
  readonly #server: Server;
  readonly #limits: SilenceLimits;
  readonly #ended: Counter<'door'> | undefined;
  readonly #sockets = new Set<Socket>();
  readonly #known = new WeakSet<Socket>();
  readonly #waits = new WeakMap<Socket, Wait>();
  #timer: NodeJS.Timeout | undefined;
  #lookedAt = 0;

  constructor(server: Server, limits: SilenceLimits, registry?: Registry) {
    this.#server = server;
    this.#limits = limits;
    if (registry !== undefined) this.#ended = silentPeers(registry);
    server.on('connection', (socket: Socket) => this.#add(socket));
    server.on('close', () => this.close());
  }

  /**
   * Looks at every connection once.
   * @param elapsedMs since the look before
   */
  look(elapsedMs: number): void {
    for (const socket of this.#sockets) {
      const wait = this.#waitOf(socket);
      if (wait === undefined) this.#waits.delete(socket);
      else if (this.#isOver(socket, wait, elapsedMs)) this.#end(socket, wait.door);
    }
  }

  /** Safe twice. */
  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #add(socket: Socket): void {
    this.#sockets.add(socket);
    if (this.#timer === undefined) {
      this.#lookedAt = performance.now();
      this.#timer = setInterval(() => this.#lookNow(), lookMs).unref();
    }
    if (this.#known.has(socket)) return;
    this.#known.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  /** After the process stood still, peers have had no chance to be heard: that time does not count. */
  #lookNow(): void {
    const now = performance.now();
    this.look(Math.min(now - this.#lookedAt, 2 * lookMs));
    this.#lookedAt = now;
  }

  /** Undefined where it is not the peer that is waited for. */
  #waitOf(socket: Socket): Wait | undefined {
    const answer = answerOn(socket);
    if (answer === undefined) return undefined;
    const { req: request } = answer;
    const taken = takenBytes(socket);
    if (taken === undefined) return undefined;
    const isStream = String(answer.getHeader('content-type')).startsWith('text/event-stream');
    if (isStream && !answer.writableEnded) return undefined;
    const pending = answer.writableLength + socket.writableLength;
    if (pending > 0) return { door: 'answer', message: answer, bytes: taken, ms: 0 };
    // What has come and is not read yet waits for us.
    if (request.complete || answer.headersSent || request.readableLength > 0) return undefined;
    return { door: 'body', message: request, bytes: socket.bytesRead, ms: 0 };
  }

  #isOver(socket: Socket, now: Wait, elapsedMs: number): boolean {
    const before = this.#waits.get(socket);
    if (before?.message !== now.message || now.bytes - before.bytes >= this.#limits.leastBytes) {
      this.#waits.set(socket, now);
      return false;
    }
    before.ms += elapsedMs;
    return before.ms >= this.#limits.silentMs;
  }

  #end(socket: Socket, door: Door): void {
    this.#ended?.inc({ door });
    this.#waits.delete(socket);
    if (door === 'answer') socket.destroy();
    // As Node does it for a request that is late as a whole.
    else this.#server.emit('clientError', new BodyTooSlow('The body came too slowly'), socket);
  }
}

class BodyTooSlow extends Error {
  readonly code = 'ERR_HTTP_REQUEST_TIMEOUT';
}

/** Bytes that the system has taken of all that was written; it grows as the peer takes some. */
function takenBytes(socket: Socket): number | undefined {
  // There is no other way to know what waits below Node's own buffers.
  const { _handle: handle } = socket as Socket & {
    readonly _handle?: { readonly bytesWritten: number; readonly writeQueueSize: number } | null;
  };
  return handle === undefined || handle === null ? undefined : handle.bytesWritten - handle.writeQueueSize;
}

function silentPeers(registry: Registry): Counter<'door'> {
  const counter = new Counter({
    name: 'inkwire_http_silent_peers_total',
    help: 'Connections that were ended because their peer sent or took nothing for too long',
    labelNames: ['door'],
    registers: [registry],
  });
  for (const door of ['body', 'answer'] satisfies Door[]) counter.inc({ door }, 0);
  return counter;
}
