import type { Wire } from '../../src/gateway/frame.js';
import type { Sink, Subscriber } from '../../src/gateway/subscriber.js';
import type { CloseReason } from '../../src/protocol/close-codes.js';
import { SseDecoder } from './sse-decoder.js';

/** A message of the server in one form for both wires: that of the WebSocket. */
export type Message = Readonly<Record<string, unknown>> & { readonly type: string };

/**
 * A socket that a test fills and drains. While it is full nothing arrives: what was written waits, and is lost when the
 * connection is cut, as bytes under way are.
 */
export class FakeSink implements Sink {
  readonly wire: Wire;
  /** What has arrived. */
  readonly messages: Message[] = [];
  readonly onMessage: (message: Message) => void;
  closed: { readonly reason: CloseReason; readonly retryMs?: number } | undefined;
  subscriber: Subscriber | undefined;
  writes = 0;
  #waiting: Buffer[] = [];
  #full = false;
  readonly #decoder = new SseDecoder();

  constructor(wire: Wire, onMessage: (message: Message) => void = () => undefined) {
    this.wire = wire;
    this.onMessage = onMessage;
  }

  get waitingBytes(): number {
    return this.#waiting.reduce((sum, { length }) => sum + length, 0);
  }

  get unsent(): number {
    return this.waitingBytes;
  }

  get isFull(): boolean {
    return this.#full;
  }

  write(bytes: Buffer): boolean {
    this.writes += 1;
    if (this.closed !== undefined) return true;
    if (this.#full) this.#waiting.push(Buffer.from(bytes));
    else this.#arrive(bytes);
    return !this.#full;
  }

  close(reason: CloseReason, retryMs?: number): void {
    this.closed ??= { reason, ...(retryMs === undefined ? {} : { retryMs }) };
  }

  fill(): void {
    this.#full = true;
  }

  /** Takes at most so many writes of those that wait; tells the subscriber only when everything is taken. */
  drain(writes = Number.POSITIVE_INFINITY): void {
    for (const bytes of this.#waiting.splice(0, writes)) this.#arrive(bytes);
    if (this.#waiting.length > 0) return;
    this.#full = false;
    this.subscriber?.drained();
  }

  /** A chunk has gone, and never arrives. */
  dropOne(): void {
    this.#waiting.shift();
  }

  of(type: string): readonly Message[] {
    return this.messages.filter((message) => message.type === type);
  }

  /** Ids of the facts that have arrived, in order. */
  get ids(): readonly string[] {
    return this.of('event').map(({ event }) => String((event as { id: string }).id));
  }

  #arrive(bytes: Buffer): void {
    const messages = this.wire === 'ws' ? [...readFrames(bytes)] : this.#decoder.push(bytes).map(fromSse);
    for (const message of messages) {
      if (message === undefined) continue;
      this.messages.push(message);
      this.onMessage(message);
    }
  }
}

/** Unmasked text messages, each in one frame. */
export function* readFrames(bytes: Buffer): Generator<Message> {
  let offset = 0;
  while (offset < bytes.length) {
    if (bytes[offset] !== 0x81) throw new Error(`No text frame at ${offset}: ${bytes[offset]}`);
    let length = bytes[offset + 1] ?? 0;
    offset += 2;
    if (length === 126) {
      length = bytes.readUInt16BE(offset);
      offset += 2;
    } else if (length === 127) {
      length = Number(bytes.readBigUInt64BE(offset));
      offset += 8;
    }
    yield JSON.parse(bytes.toString('utf8', offset, offset + length));
    offset += length;
  }
}

/** An SSE event as the message of a WebSocket; undefined for what has none (`retry` alone). */
export function fromSse(event: { event: string; id?: string; data?: string }): Message | undefined {
  if (event.data === undefined) return undefined;
  const members = JSON.parse(event.data);
  if (event.event === 'job.progress') return { type: 'progress', progress: members };
  if (/^(job|group)\./.test(event.event)) {
    if (members.id !== event.id || members.type !== event.event) {
      throw new Error(`id and event must be those of the data: ${JSON.stringify(event)}`);
    }
    return { type: 'event', event: members };
  }
  return { type: event.event, ...members };
}
