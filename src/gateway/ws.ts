import type { Duplex } from 'node:stream';
import { type RawData, type ServerOptions, WebSocket } from 'ws';
import { Countdown } from '../countdown.js';
import { type CloseReason, closeCodes } from '../protocol/close-codes.js';
import { readClientMessage, streamLimits, subprotocol } from '../protocol/messages.js';
import { type Problem, problem, wrongMember } from '../protocol/problem.js';
import { controlBytes } from './control.js';
import type { Gateway, StreamCaller } from './gateway.js';
import { lingerMs } from './sse-sink.js';
import type { Sink, Subscriber } from './subscriber.js';
import { unsentBytes } from './unsent-bytes.js';

interface PingLimits {
  readonly pingMs: number;
  /** A peer that has not answered a ping by then is gone. */
  readonly pongMs: number;
}

export interface WsOptions extends PingLimits {
  readonly gateway: Gateway;
  /** Makes the members of a problem as HTTP sends them. */
  readonly describe: (refusal: Problem) => object;
}

const maxMistakes = 10;
/** Room for the 1,000 subscriptions that a socket may have, all at once, and for what goes with them (P-50). */
const maxMessages = 1_200;
const messageWindowMs = 10_000;

/**
 * Knows its protocol session, so that all sockets share their listeners: closures for each would be a good part of the
 * memory of an idle connection.
 */
class StreamSocket extends WebSocket {
  conversation?: ProtocolSession;
}

/** How `ws` has to shake hands and read frames for this transport. */
export const streamServerOptions: ServerOptions = {
  WebSocket: StreamSocket,
  clientTracking: false,
  perMessageDeflate: false,
  maxPayload: streamLimits.messageBytes,
  // Pings count as messages do, and are answered here: the library would cut a peer with 60 at once, without a word.
  autoPong: false,
  handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false),
};

/**
 * The WebSocket transport: frames in, bytes out. `ws` parses incoming frames; an outgoing frame is made once for all
 * subscribers.
 */
export class WsTransport {
  readonly #options: WsOptions;

  constructor(options: WsOptions) {
    this.#options = options;
  }

  /**
   * Serves a WebSocket that has just been opened, for a caller that was admitted.
   * @param ws of a server with `streamServerOptions`, without listeners
   * @param socket that it was opened on
   */
  open(ws: WebSocket, socket: Duplex, caller: StreamCaller): void {
    if (!(ws instanceof StreamSocket))
      throw new Error('The WebSocket was opened without streamServerOptions');
    const { gateway } = this.#options;
    // Before anything else: an error event without a listener would end the process.
    ws.on('error', ignore);
    const sink = new WsSink(ws, socket, this.#options);
    const subscriber = gateway.connect(sink, caller);
    if (subscriber === undefined) {
      endWith(ws, 'overloaded', gateway.connections.retryMs());
      return;
    }
    ws.conversation = new ProtocolSession(subscriber, sink, this.#options);
    socket.on('drain', () => subscriber.drained());
    ws.on('message', heard).on('ping', pinged).on('pong', answered).on('close', left);
  }
}

function heard(this: StreamSocket, data: RawData, isBinary: boolean): void {
  this.conversation?.hear(data, isBinary);
}

function pinged(this: StreamSocket, data: Buffer): void {
  if (this.conversation?.count() === true) this.pong(data);
}

function answered(this: StreamSocket): void {
  this.conversation?.answered();
}

function left(this: StreamSocket): void {
  this.conversation?.end();
}

class WsSink implements Sink {
  readonly wire = 'ws';
  readonly #ws: WebSocket;
  readonly #socket: Duplex;
  readonly #limits: PingLimits;
  /** `performance.now()` of the next ping. */
  #pingAt: number;
  /** `performance.now()`; undefined while no ping waits for its answer. */
  #answerBy: number | undefined;

  constructor(ws: WebSocket, socket: Duplex, limits: PingLimits) {
    this.#ws = ws;
    this.#socket = socket;
    this.#limits = limits;
    this.#pingAt = performance.now() + limits.pingMs;
  }

  get waitingBytes(): number {
    return this.#socket.writableLength;
  }

  get unsent(): number {
    return unsentBytes(this.#socket);
  }

  /** Writes whole frames to the socket itself: the library would frame each message for each subscriber anew. */
  write(bytes: Buffer): boolean {
    if (this.#ws.readyState !== this.#ws.OPEN) return true;
    return this.#socket.write(bytes);
  }

  /** Called in place of a timer for each connection, of which there are many. */
  checkLiveness(now: number, isFull: boolean): void {
    // A ping waits behind the bytes that the peer has yet to read: bytes that it takes show that it is there (P-43).
    if (isFull) this.#answerBy = undefined;
    else if (this.#answerBy !== undefined && now > this.#answerBy) this.#ws.terminate();
    else if (now >= this.#pingAt) {
      this.#pingAt = now + this.#limits.pingMs;
      this.#answerBy = now + this.#limits.pongMs;
      this.#ws.ping();
    }
  }

  postpone(ms: number): void {
    this.#pingAt += ms;
    if (this.#answerBy !== undefined) this.#answerBy += ms;
  }

  /** Notes that the peer has answered. */
  answered(): void {
    this.#answerBy = undefined;
  }

  close(reason: CloseReason, retryMs?: number): void {
    endWith(this.#ws, reason, retryMs);
    // The peer reads nothing: a closing handshake would wait for ever.
    if (reason === 'stuck') this.#ws.terminate();
  }
}

function endWith(ws: WebSocket, reason: CloseReason, retryMs: number | undefined): void {
  const { code, reason: text, comeBack } = closeCodes[reason];
  if (comeBack && retryMs !== undefined && ws.readyState === ws.OPEN) {
    ws.send(JSON.stringify({ type: 'bye', reconnect: true, retry_ms: retryMs }));
  }
  ws.close(code, text);
  // A peer that reads nothing never answers the close.
  const cut = new Countdown(lingerMs, () => ws.terminate());
  ws.once('close', () => cut.clear());
}

/** Handles the messages of the client on one socket. */
class ProtocolSession {
  readonly #subscriber: Subscriber;
  readonly #sink: WsSink;
  readonly #gateway: Gateway;
  readonly #describe: (refusal: Problem) => object;
  #mistakes = 0;
  #messages = 0;
  #windowEnds = 0;

  constructor(subscriber: Subscriber, sink: WsSink, { gateway, describe }: WsOptions) {
    this.#subscriber = subscriber;
    this.#sink = sink;
    this.#gateway = gateway;
    this.#describe = describe;
  }

  hear(data: RawData, isBinary: boolean): void {
    if (isBinary) {
      this.#gateway.connections.end(this.#subscriber, 'binary');
      return;
    }
    if (this.#subscriber.isClosed) return;
    if (!this.count()) return;
    const read = readClientMessage(data.toString());
    if (!read.ok) {
      this.#mistake(wrongMember(read.pointer, read.message), read.id);
      return;
    }
    const message = read.value;
    switch (message.type) {
      case 'ping':
        this.#say({ type: 'pong', ...(message.n === undefined ? {} : { n: message.n }) });
        return;
      case 'unsubscribe':
        if (!this.#gateway.unsubscribe(this.#subscriber, message.id)) {
          this.#refuse(problem('not-found', `There is no subscription ${message.id}`), message.id);
        }
        return;
      case 'subscribe':
        this.#gateway
          .subscribe(this.#subscriber, message.id, message.filter)
          .then((refusal) => refusal && this.#refuse(refusal, message.id))
          .catch(() =>
            this.#refuse(problem('storage-unavailable', 'Try the subscription again'), message.id),
          );
    }
  }

  /** Counts a message or a ping, which it also answers. False when there are too many: it then closes the socket. */
  count(): boolean {
    const now = performance.now();
    if (now > this.#windowEnds) {
      this.#windowEnds = now + messageWindowMs;
      this.#messages = 0;
    }
    this.#messages += 1;
    if (this.#messages <= maxMessages) return true;
    this.#gateway.connections.end(this.#subscriber, 'tooFast');
    return false;
  }

  /** To a ping of ours. */
  answered(): void {
    this.#sink.answered();
  }

  /** The socket has closed. */
  end(): void {
    this.#gateway.connections.remove(this.#subscriber);
  }

  #mistake(refusal: Problem, id: string | undefined): void {
    this.#mistakes += 1;
    this.#refuse(refusal, id);
    if (this.#mistakes >= maxMistakes) this.#gateway.connections.end(this.#subscriber, 'protocol');
  }

  #refuse(refusal: Problem, id: string | undefined): void {
    this.#say({ type: 'error', ...(id === undefined ? {} : { id }), problem: this.#describe(refusal) });
  }

  #say(message: Parameters<typeof controlBytes>[1]): void {
    if (!this.#subscriber.isClosed) this.#subscriber.send(controlBytes('ws', message), performance.now());
  }
}

function ignore(): void {}
