import { connect, type Socket } from 'node:net';

/** A frame of the server, or word that the connection has ended. */
export type RawFrame =
  | { readonly opcode: number; readonly fin: boolean; readonly payload: Buffer }
  | { readonly opcode: 'end' };

/** A WebSocket of which every bit is the test's: frames that no library would send. */
export class RawWebSocket {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => undefined;
  /** Status of the handshake. */
  readonly status: number;

  private constructor(socket: Socket, status: number, rest: Buffer) {
    this.#socket = socket;
    this.status = status;
    this.#received = rest;
    socket.on('data', (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      this.#wake();
    });
    socket.on('close', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  static async open(
    port: number,
    token: string,
    headers: readonly string[] = [],
    subprotocol = 'inkwire.v1',
  ): Promise<RawWebSocket> {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(
      [
        'GET /api/v1/stream HTTP/1.1',
        `Host: 127.0.0.1:${port}`,
        'Upgrade: websocket',
        'Connection: Upgrade',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        'Sec-WebSocket-Version: 13',
        `Sec-WebSocket-Protocol: ${subprotocol}`,
        `Authorization: Bearer ${token}`,
        ...headers,
        '',
        '',
      ].join('\r\n'),
    );
    let head = Buffer.alloc(0);
    for await (const bytes of socket.iterator({ destroyOnReturn: false })) {
      head = Buffer.concat([head, bytes as Buffer]);
      if (head.includes('\r\n\r\n')) break;
    }
    const end = head.indexOf('\r\n\r\n') + 4;
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head.toString('latin1'))?.[1]);
    return new RawWebSocket(socket, status, Buffer.from(head.subarray(end)));
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  resume(): void {
    this.#socket.resume();
  }

  pause(): void {
    this.#socket.pause();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  async next(): Promise<RawFrame> {
    for (;;) {
      const frame = this.#take();
      if (frame !== undefined) return frame;
      if (this.#ended) return { opcode: 'end' };
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The next text message, as JSON. */
  async message(): Promise<Record<string, unknown>> {
    const frame = await this.next();
    if (frame.opcode !== 1) throw new Error(`No text: ${JSON.stringify(frame)}`);
    return JSON.parse(frame.payload.toString());
  }

  /** Passes over messages until the server closes; the code in its close frame, or undefined without one. */
  async closeCode(): Promise<number | undefined> {
    for (;;) {
      const frame = await this.next();
      if (frame.opcode === 'end') return undefined;
      if (frame.opcode === 8) return frame.payload.length < 2 ? 1005 : frame.payload.readUInt16BE(0);
    }
  }

  #take(): RawFrame | undefined {
    const bytes = this.#received;
    if (bytes.length < 2) return undefined;
    let length = (bytes[1] ?? 0) & 0x7f;
    let start = 2;
    if (length === 126) {
      if (bytes.length < 4) return undefined;
      length = bytes.readUInt16BE(2);
      start = 4;
    } else if (length === 127) {
      if (bytes.length < 10) return undefined;
      length = Number(bytes.readBigUInt64BE(2));
      start = 10;
    }
    if (bytes.length < start + length) return undefined;
    this.#received = Buffer.from(bytes.subarray(start + length));
    const [first = 0] = bytes;
    return {
      opcode: first & 0x0f,
      fin: (first & 0x80) !== 0,
      payload: Buffer.from(bytes.subarray(start, start + length)),
    };
  }
}

export interface FrameShape {
  readonly opcode?: number;
  readonly fin?: boolean;
  /** RSV1 is 4, RSV2 is 2, RSV3 is 1. */
  readonly rsv?: number;
  readonly masked?: boolean;
  /** What the header says; otherwise the true length. */
  readonly claims?: bigint;
}

/** A frame as a client sends it (masked, text, whole) but for what is said. */
export function rawFrame(payload: string | Uint8Array, shape: FrameShape = {}): Buffer {
  const { opcode = 1, fin = true, rsv = 0, masked = true, claims } = shape;
  const body = Buffer.from(payload as Uint8Array);
  const mask = Buffer.from([1, 2, 3, 4]);
  const length = claims ?? BigInt(body.length);
  const size = length < 126n ? 0 : length < 65_536n ? 2 : 8;
  const header = Buffer.alloc(2 + size);
  header[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  header[1] = (masked ? 0x80 : 0) | (size === 0 ? Number(length) : size === 2 ? 126 : 127);
  if (size === 2) header.writeUInt16BE(Number(length), 2);
  if (size === 8) header.writeBigUInt64BE(length, 2);
  if (!masked) return Buffer.concat([header, body]);
  for (let index = 0; index < body.length; index += 1) {
    body[index] = (body[index] ?? 0) ^ (mask[index % 4] ?? 0);
  }
  return Buffer.concat([header, mask, body]);
}
