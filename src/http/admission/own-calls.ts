import type { IncomingMessage, Server } from 'node:http';
import { type Duplex, duplexPair } from 'node:stream';
import type { Caller } from '../../access/keys.js';

/** Of the server itself: no owner can be called so (`ownerShape`). */
const caller: Caller = { owner: '@server', keyId: '@server', scopes: ['render'] };

/**
 * Requests that the server makes of itself, through all that a caller's go through but the network and the keys: the
 * connection is a pair of streams in memory, which nobody else can hold an end of.
 */
export class OwnCalls {
  readonly #server: Server;
  readonly #connections = new WeakSet<Duplex>();

  constructor(server: Server) {
    this.#server = server;
  }

  /** Undefined for a request that came over the network. */
  callerOf({ socket }: IncomingMessage): Caller | undefined {
    return this.#connections.has(socket) ? caller : undefined;
  }

  /**
   * Posts JSON to a path of its own.
   * @returns the status of the answer, all of which was read; undefined where `signal` came first, or the server
   *   does not listen
   */
  async post(path: string, json: Uint8Array, signal: AbortSignal): Promise<number | undefined> {
    if (signal.aborted || !this.#server.listening) return undefined;
    const [own, served] = duplexPair();
    this.#connections.add(served);
    // The end of one is not told to the other.
    const leave = (): void => {
      own.destroy();
      served.destroy();
    };
    signal.addEventListener('abort', leave, { once: true });
    try {
      this.#server.emit('connection', served);
      own.write(
        `POST ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${json.length}\r\n\r\n`,
      );
      own.write(json);
      let head: Uint8Array | undefined;
      for await (const chunk of own) head ??= Buffer.from(chunk);
      const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(String(head ?? '')) ?? [];
      return status === undefined ? undefined : Number(status);
    } catch {
      return undefined;
    } finally {
      signal.removeEventListener('abort', leave);
      leave();
    }
  }
}
