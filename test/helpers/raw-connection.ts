import { connect, type Socket } from 'node:net';

/** An HTTP/1.1 answer as it came over a socket. */
export interface RawAnswer {
  readonly status: number;
  /** By lower-case name; the last one wins. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** A connection on which a test says what it wants, HTTP or not, and hears every answer in turn. */
export interface RawConnection {
  send(bytes: string | Uint8Array): void;
  /** The next answer; rejects when the connection ends before it is whole. */
  next(): Promise<RawAnswer>;
  /** Resolves when the other side has closed. */
  readonly closed: Promise<void>;
  destroy(): void;
}

export async function openRaw(port: number): Promise<RawConnection> {
  const socket = connect(port, '127.0.0.1');
  socket.setNoDelay(true);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return new Connection(socket);
}

class Connection implements RawConnection {
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #over = false;
  #wake = (): void => undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    // A reset is one way to be closed; what was heard before it counts.
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      const over = () => {
        this.#over = true;
        this.#wake();
        resolve();
      };
      socket.once('end', over);
      socket.once('close', over);
    });
  }

  send(bytes: string | Uint8Array): void {
    this.#socket.write(bytes);
  }

  async next(): Promise<RawAnswer> {
    for (;;) {
      const taken = takeAnswer(this.#received);
      if (taken !== undefined) {
        this.#received = Buffer.from(taken.rest);
        return taken.answer;
      }
      if (this.#over) throw new Error(`The connection ended after: ${this.#received.toString('latin1')}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/** Answers of this server have a `Content-Length`, or no body at all, or chunks. */
function takeAnswer(bytes: Buffer): { answer: RawAnswer; rest: Buffer } | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [first = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1]);
  const headers = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const start = end + 4;
  if (headers.get('transfer-encoding') === 'chunked') {
    const last = bytes.indexOf('0\r\n\r\n', start);
    if (last === -1) return undefined;
    return {
      answer: { status, headers, body: bytes.toString('utf8', start, last) },
      rest: bytes.subarray(last + 5),
    };
  }
  const length = Number(headers.get('content-length') ?? 0);
  if (bytes.length < start + length) return undefined;
  const body = bytes.toString('utf8', start, start + length);
  return { answer: { status, headers, body }, rest: bytes.subarray(start + length) };
}
