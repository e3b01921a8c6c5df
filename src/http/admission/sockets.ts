import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Countdown } from '../../countdown.js';
import { type Problem, problem } from '../../protocol/problem.js';
import {
  pathOf,
  type RawRefusal,
  type Refusal,
  type RefusalWriter,
  rawAnswer,
} from '../reply/problem-reply.js';
import { requestIdOf } from '../reply/request-id.js';
import type { Check } from './admission.js';
import { networkOf } from './client-address.js';

/** What happens before a request exists: too many connections, and messages that are not HTTP. */

export interface ConnectionLimit {
  /** Open at one time from one address; 0 is no limit. */
  readonly perIp: number;
  /** Addresses (of proxies) that stand for many callers. */
  readonly exempt: (address: string) => boolean;
  /**
   * Milliseconds for a connection that is one too many to send its first request; past it, the connection is refused
   * without one.
   */
  readonly patienceMs: number;
}

/** Why nothing is done for the requests of a connection: it is one too many. */
export type ExcessOf = (socket: Duplex) => Problem | undefined;

/** Excess connections of all addresses together; further ones are refused before their first request. */
const maxExcess = 256;

/**
 * Counts connections. The server reads the first request of one too many, within `patienceMs`, before it refuses it:
 * the answer depends on the client, since an EventSource must get its reconnect time in a stream of its own (P-34).
 */
export function limitConnections(
  server: Server,
  { perIp, exempt, patienceMs }: ConnectionLimit,
  write: RefusalWriter,
): ExcessOf {
  const open = new Map<string, number>();
  const counted = new WeakSet<Socket>();
  const excess = new Map<Duplex, Countdown>();
  const tooMany = problem('ip-rate-exceeded', `There may be ${perIp} connections from one address.`, {
    retryAfter: 1,
  });
  server.on('connection', (socket: Socket) => {
    const { remoteAddress } = socket;
    // One whose offer of an upgrade was ignored comes back to the server.
    if (remoteAddress === undefined || perIp === 0 || exempt(remoteAddress) || counted.has(socket)) return;
    counted.add(socket);
    const address = networkOf(remoteAddress);
    const count = (open.get(address) ?? 0) + 1;
    open.set(address, count);
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
    if (count <= perIp) return;
    if (excess.size >= maxExcess) {
      endWith(socket, refusalText(write, tooMany));
      return;
    }
    const timer = new Countdown(patienceMs, () => endWith(socket, refusalText(write, tooMany)));
    excess.set(socket, timer);
    socket.once('close', () => {
      timer.clear();
      excess.delete(socket);
    });
  });
  return (socket) => {
    const timer = excess.get(socket);
    if (timer === undefined) return undefined;
    timer.clear();
    return tooMany;
  };
}

/** The connection ends with its first answer. */
export function createConnectionCheck(excessOf: ExcessOf): Check {
  return (request, reply) => {
    const excess = excessOf(request.raw.socket);
    if (excess !== undefined) reply.header('connection', 'close');
    return excess;
  };
}

/** Functions that close connections which Node would wait for, or not close, when the server closes. */
export interface LastConnections {
  /** Those without a request so far, which browsers open in advance: Node counts them as busy. */
  closeSilent(): void;
  /** All, with those that have gone on as WebSockets or are about to: they are Node's no more. */
  closeAll(): void;
}

export function trackConnections(server: Server): LastConnections {
  const silent = new Set<Socket>();
  const upgraded = new Set<Socket>();
  const known = new WeakSet<Socket>();
  server.on('connection', (socket: Socket) => {
    silent.add(socket);
    upgraded.delete(socket);
    // One whose offer of an upgrade was ignored comes back to the server, with each of its requests.
    if (known.has(socket)) return;
    known.add(socket);
    socket.once('close', () => {
      silent.delete(socket);
      upgraded.delete(socket);
    });
  });
  server.on('request', (request: IncomingMessage) => silent.delete(request.socket));
  server.on('upgrade', ({ socket }: IncomingMessage) => {
    silent.delete(socket);
    if (!socket.destroyed) upgraded.add(socket);
  });
  const close = (sockets: ReadonlySet<Socket>): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    closeSilent: () => close(silent),
    closeAll() {
      server.closeAllConnections();
      close(upgraded);
    },
  };
}

/**
 * When a connection closes, Node tells the answer that it was writing there, and none of those that wait for their turn behind
 * it (pipelining): what they hold would be held for ever.
 */
export function closeWaitingAnswers(server: Server): void {
  const waiting = new WeakMap<Socket, Set<ServerResponse>>();
  const waitingOn = (socket: Socket): Set<ServerResponse> => {
    const known = waiting.get(socket);
    if (known !== undefined) return known;
    // One listener, however many requests come on the connection.
    const answers = new Set<ServerResponse>();
    waiting.set(socket, answers);
    socket.once('close', () => {
      for (const answer of answers) {
        // Node closes the one that has the socket, and one that is out.
        if (answer.socket !== null || answer.writableFinished) continue;
        answer.destroy();
        answer.emit('close');
      }
    });
    return answers;
  };
  server.on('request', ({ socket }: IncomingMessage, answer: ServerResponse) => {
    if (answer.socket !== null) return;
    const answers = waitingOn(socket);
    answers.add(answer);
    answer.once('close', () => answers.delete(answer));
  });
}

/**
 * Node looks at its connections before it reads what has arrived while the process stood: it would end requests that are
 * on their way, and idle connections whose next request has come. Each gets the time again.
 * @param stoodMs how long the process stood of late
 */
export function forgiveStandstills(server: Server, stoodMs: () => number): void {
  for (const name of ['headersTimeout', 'requestTimeout'] as const) {
    let ms = server[name];
    Object.defineProperty(server, name, {
      configurable: true,
      // Node asks for it at each look; 0 is no limit.
      get: () => (ms > 0 ? ms + stoodMs() : 0),
      set: (given: number) => {
        ms = given;
      },
    });
  }
  const forgiven = new WeakMap<Socket, number>();
  server.on('timeout', (socket: Socket) => {
    const ms = stoodMs();
    if (ms <= (forgiven.get(socket) ?? 0)) {
      socket.destroy();
      return;
    }
    forgiven.set(socket, ms);
    socket.setTimeout(server.keepAliveTimeout);
  });
}

/** For `clientError`: answers in turn, after what the same connection asked before. */
export function createClientErrorAnswer(
  write: RefusalWriter,
): (error: NodeJS.ErrnoException, socket: Socket) => void {
  /** Node tells of the same defect with all that comes behind it. */
  const waiting = new WeakSet<Socket>();
  return function answer(error, socket) {
    if (waiting.has(socket)) return;
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const current = answerOn(socket);
    if (current !== undefined && !current.writableFinished && current.req.complete) {
      // What is broken or late comes after a whole request, which is still being answered.
      waiting.add(socket);
      current.once('close', () => {
        waiting.delete(socket);
        answer(error, socket);
      });
      return;
    }
    // The path of a request whose body is late or broken is known.
    const path = current?.req.complete === false ? pathOf(current.req.url) : undefined;
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
      // What goes on is the answer to the one that is late.
      if (current?.headersSent) socket.destroy();
      else endWith(socket, refusalText(write, slow, path));
      return;
    }
    if (current?.headersSent && !current.writableFinished) socket.destroy();
    else endWith(socket, refusalText(write, refusalOf(error), path));
  };
}

/** `Expect` with anything but `100-continue`. */
export function createExpectationAnswer(
  write: RefusalWriter,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    response.shouldKeepAlive = false;
    if (response.socket !== null)
      endWith(response.socket, refusalText(write, unexpected, pathOf(request.url)));
  };
}

const slow: RawRefusal = {
  status: 408,
  title: 'Request Timeout',
  detail: 'The request did not arrive in time.',
};

const unexpected: RawRefusal = {
  status: 417,
  title: 'Expectation Failed',
  detail: 'Only 100-continue can be expected.',
};

function refusalOf(error: NodeJS.ErrnoException) {
  if (error.code === 'HPE_HEADER_OVERFLOW') {
    return problem('headers-too-large', 'The request line and header fields are too long.');
  }
  if (error.code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') {
    return problem('payload-too-large', 'The chunk extensions are too long.');
  }
  return problem('malformed-request', 'This is not valid HTTP/1.1.');
}

/** @param path of the request, where it is known */
function refusalText(write: RefusalWriter, refusal: Refusal, path?: string): string {
  return rawAnswer(write(refusal, { id: requestIdOf({}), path }));
}

/**
 * The last word on a socket. It would stay open, and Node look after it no more, until the peer closes its side as
 * well.
 */
function endWith(socket: Duplex, text: string): void {
  socket.end(text, () => socket.destroy());
}

/** The answer that Node is writing to a socket; it keeps it in a property that has no other way to it. */
export function answerOn(socket: Duplex): ServerResponse | undefined {
  const { _httpMessage } = socket as Duplex & { _httpMessage?: ServerResponse | null };
  return _httpMessage ?? undefined;
}
