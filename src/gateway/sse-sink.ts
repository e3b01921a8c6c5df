import type { ServerResponse } from 'node:http';
import { Countdown } from '../countdown.js';
import { type CloseReason, closeCodes } from '../protocol/close-codes.js';
import { controlBytes } from './control.js';
import type { Sink } from './subscriber.js';
import { unsentBytes } from './unsent-bytes.js';

/** Milliseconds until a browser's next connection where nothing else was said. */
export const sseRetryMs = 2_000;

/** Head of every event stream (P-35). */
export const sseHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
} as const;

/**
 * Begins an event stream that ends with its connection. In chunks, Node would hand the socket three buffers for each
 * write, which takes a third more CPU where events come singly. The stream needs no other mark of its end, since every
 * client drops an event that was cut off. Node answers clients of HTTP/1.0 in this way by itself; nginx is one by
 * default.
 */
export function writeSseHead(response: ServerResponse): void {
  // Node then sends neither this field nor chunks.
  response.removeHeader('transfer-encoding');
  response.writeHead(200, { ...sseHeaders, connection: 'close' });
}

/** How long a client may still take the bytes that wait for it after the server has ended its connection. */
export const lingerMs = 5_000;

/** An event stream as a sink: bytes into the answer of a request. */
export class SseSink implements Sink {
  readonly wire = 'sse';
  readonly #response: ServerResponse;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  get waitingBytes(): number {
    return this.#response.writableLength;
  }

  get unsent(): number {
    return this.#response.writableLength + unsentBytes(this.#response.socket);
  }

  write(bytes: Buffer): boolean {
    if (this.#response.writableEnded || this.#response.destroyed) return true;
    return bytes.length === 0 || this.#response.write(bytes);
  }

  close(reason: CloseReason, retryMs?: number): void {
    const response = this.#response;
    if (response.destroyed) return;
    const { comeBack } = closeCodes[reason];
    if (!response.writableEnded) {
      if (comeBack && retryMs !== undefined) response.write(byeBytes(retryMs));
      response.end();
    }
    // The client takes no bytes, so it would not take the end either, which may have been written long ago.
    if (reason === 'stuck') response.destroy();
    // A stream that ended normally stays until the client has taken it; any other one is cut after a while.
    if (reason === 'stuck' || reason === 'normal') return;
    const cut = new Countdown(lingerMs, () => response.destroy());
    response.once('close', () => cut.clear());
  }
}

/** The `bye` that asks a client to reconnect later; an EventSource understands `retry`. */
export function byeBytes(retryMs: number): Buffer {
  return controlBytes('sse', { type: 'bye', reconnect: true, retry_ms: retryMs });
}
