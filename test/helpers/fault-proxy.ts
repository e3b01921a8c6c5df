import { EventEmitter, once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** What becomes of the bytes of a server on one connection, by their offset. */
export interface Fault {
  /** The connection is cut, both ways, before the byte with this offset. */
  readonly cutAt?: number;
  /** Nothing more gets through from this offset on, and the connection stays: until `resume` or a cut. */
  readonly stallAt?: number;
  /** Pieces of at most so many bytes, each in a turn of its own. */
  readonly splitBytes?: number;
  /** Sees whole pieces and may change them: for a network that lies. */
  readonly change?: (bytes: Buffer) => Buffer;
}

/** TCP between a client and a server, with faults on the way to the client. */
export interface FaultProxy {
  readonly url: string;
  readonly port: number;
  /** Of the connections that come from now on, in order; without an entry there is no fault. */
  faults: (connection: number) => Fault;
  /** How many there were. */
  readonly connections: number;
  /** Bytes of the server that have gone to the client of the newest connection. */
  readonly passed: number;
  cutAll(): void;
  /** Resolves when bytes are held back by a `stallAt`. */
  untilStalled(): Promise<void>;
  /** Lets what is stalled go on. */
  resume(): void;
  close(): Promise<void>;
}

export async function openFaultProxy(target: number): Promise<FaultProxy> {
  const pipes = new Set<Pipe>();
  let newest: Pipe | undefined;
  let connections = 0;
  const stalls = new EventEmitter();
  const proxy = {
    faults: (_connection: number): Fault => ({}),
  };
  const server = createServer((client) => {
    const pipe = new Pipe(client, connect(target, '127.0.0.1'), proxy.faults(connections), () =>
      stalls.emit('stalled'),
    );
    connections += 1;
    newest = pipe;
    pipes.add(pipe);
    client.once('close', () => pipes.delete(pipe));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('A port was awaited');
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    get faults() {
      return proxy.faults;
    },
    set faults(faults) {
      proxy.faults = faults;
    },
    get connections() {
      return connections;
    },
    get passed() {
      return newest?.passed ?? 0;
    },
    cutAll() {
      for (const pipe of pipes) pipe.cut();
    },
    async untilStalled() {
      while (![...pipes].some(({ isStalled }) => isStalled)) await once(stalls, 'stalled');
    },
    resume() {
      for (const pipe of pipes) pipe.resume();
    },
    async close() {
      for (const pipe of pipes) pipe.cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

class Pipe {
  passed = 0;
  isStalled = false;
  readonly #client: Socket;
  readonly #server: Socket;
  #fault: Fault;
  readonly #stalled: () => void;
  #waiting: Buffer[] = [];
  #busy = false;
  /** By the server. */
  #ended = false;

  constructor(client: Socket, server: Socket, fault: Fault, stalled: () => void) {
    this.#stalled = stalled;
    this.#client = client;
    this.#server = server;
    this.#fault = fault;
    client.setNoDelay(true);
    client.on('error', () => undefined).on('close', () => server.destroy());
    server.on('error', () => undefined).on('close', () => this.#end());
    client.pipe(server);
    server.on('data', (bytes: Buffer) => {
      this.#waiting.push(fault.change?.(bytes) ?? bytes);
      void this.#pump();
    });
  }

  cut(): void {
    this.#client.resetAndDestroy();
    this.#server.destroy();
  }

  resume(): void {
    const { stallAt: _stall, ...rest } = this.#fault;
    this.#fault = rest;
    this.isStalled = false;
    void this.#pump();
  }

  /** What the server said before it ended goes first. */
  #end(): void {
    this.#ended = true;
    if (this.#waiting.length === 0 && !this.#busy) this.#client.end();
  }

  async #pump(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (let bytes = this.#waiting.shift(); bytes !== undefined; bytes = this.#waiting.shift()) {
      const rest = await this.#pass(bytes);
      if (rest === undefined) continue;
      if (rest.length > 0) this.#waiting.unshift(rest);
      break;
    }
    this.#busy = false;
    if (this.#ended) this.#end();
  }

  /** @returns what was held back; undefined when everything went */
  async #pass(bytes: Buffer): Promise<Buffer | undefined> {
    const { cutAt, stallAt, splitBytes } = this.#fault;
    const end = Math.min(cutAt ?? Number.POSITIVE_INFINITY, stallAt ?? Number.POSITIVE_INFINITY);
    const allowed = bytes.subarray(0, Math.max(0, Math.min(bytes.length, end - this.passed)));
    const step = splitBytes ?? Math.max(1, allowed.length);
    for (let offset = 0; offset < allowed.length; offset += step) {
      const piece = allowed.subarray(offset, offset + step);
      await new Promise<void>((resolve) => this.#client.write(piece, () => resolve()));
      this.passed += piece.length;
      if (splitBytes !== undefined) await new Promise((resolve) => setImmediate(resolve));
    }
    if (allowed.length === bytes.length) return undefined;
    if (cutAt !== undefined && this.passed >= cutAt) {
      // What was let through arrives; nothing after it does.
      this.#client.end();
      this.#server.destroy();
      this.#waiting = [];
      return Buffer.alloc(0);
    }
    this.isStalled = true;
    this.#stalled();
    return bytes.subarray(allowed.length);
  }
}
