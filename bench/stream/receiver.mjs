import { connect } from 'node:net';
import { nowMs } from './clock.mjs';

/**
 * One receiving connection on a bare socket. It counts events by their frames and looks into as few of them as it can, so
 * that it is not what is measured. What is shorter than `eventBytes` is no event.
 *
 * @typedef {object} Opening
 * @property {string} group name by which the connections are ordered about
 * @property {number} port
 * @property {'ws' | 'sse'} wire
 * @property {number} count
 * @property {string} request the head of the handshake; `%` stands for the connection's variant
 * @property {string} [first] text message that a WebSocket says first
 * @property {readonly string[]} [variants] one for each connection
 * @property {string} [live] a short message that holds this says that events will come; without it the handshake does
 * @property {boolean} [check] reads every message and proves the order of the events, and of each job's `rev`; progress is
 *   counted apart (WebSocket alone)
 * @property {number} [atOnce] handshakes that are under way together
 */

const eventBytes = 350;
/** All sockets read into the same memory: nothing is kept of it. */
const shared = Buffer.allocUnsafe(256 * 1024);
const delimiter = Buffer.from('\n\n');

export class Receiver {
  events = 0;
  bytes = 0;
  isLive = false;
  /** @type {number | undefined} the WebSocket's close code, or 0 for an end without one */
  closed;
  /** How it was told to come back. */
  bye = false;
  /** @type {{ last: number, defects: number, resets: number, progress: number } | undefined} */
  order;
  /** @type {Map<string, number>} */
  #revs = new Map();
  /** @type {Float64Array | undefined} when each event came */
  times;
  opening;
  /** @type {import('node:net').Socket} */
  socket;
  #head = '';
  #open = false;
  #onOpen;
  // WebSocket
  #left = 0;
  #length = 0;
  #opcode = 0;
  /** @type {Buffer[] | undefined} */
  #kept;
  #carry = Buffer.alloc(10);
  #carried = 0;
  // SSE
  #since = 0;
  #endsOpen = false;
  #text = '';

  /**
   * @param {Opening} opening
   * @param {string} variant
   * @param {(error?: Error) => void} onOpen
   */
  constructor(opening, variant, onOpen) {
    this.opening = opening;
    this.#onOpen = onOpen;
    if (opening.check) this.order = { last: 0, defects: 0, resets: 0, progress: 0 };
    this.socket = connect({
      port: opening.port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: shared,
        callback: (length, buffer) => {
          this.#take(Buffer.from(buffer.buffer, buffer.byteOffset, length));
          return true;
        },
      },
    });
    this.socket.write(opening.request.replace('%', variant));
    this.variant = variant;
    this.socket.on('error', (error) => this.#onOpen(error));
    this.socket.on('close', () => {
      this.closed ??= 0;
      this.#onOpen(new Error(`Closed: ${this.#head.slice(0, 300)}`));
    });
  }

  /** @param {string | Buffer} payload */
  say(payload, opcode = 1) {
    const body = Buffer.from(payload);
    const header =
      body.length < 126
        ? [0x80 | opcode, 0x80 | body.length]
        : [0x80 | opcode, 0xfe, body.length >> 8, body.length & 255];
    // Masked with zeros: the text stays as it is.
    this.socket.write(Buffer.concat([Buffer.from([...header, 0, 0, 0, 0]), body]));
  }

  /** @param {Buffer} chunk */
  #take(chunk) {
    this.bytes += chunk.length;
    if (this.#open) {
      if (this.opening.wire === 'ws') this.#frames(chunk, 0);
      else this.#stream(chunk);
      return;
    }
    this.#head += chunk.latin1Slice();
    const end = this.#head.indexOf('\r\n\r\n');
    if (end === -1) return;
    const status = this.#head.slice(9, 12);
    const rest = Buffer.from(this.#head.slice(end + 4), 'latin1');
    if (status !== '101' && status !== '200') {
      this.#onOpen(new Error(this.#head.slice(0, 500)));
      return;
    }
    this.#head = '';
    this.#open = true;
    if (this.opening.first !== undefined) this.say(this.opening.first.replace('%', this.variant));
    if (this.opening.live === undefined) this.isLive = true;
    this.#onOpen();
    if (rest.length > 0) this.#take(rest);
  }

  #event() {
    if (this.times !== undefined && this.events < this.times.length) this.times[this.events] = nowMs();
    this.events += 1;
  }

  /**
   * @param {Buffer} chunk
   * @param {number} from
   */
  #frames(chunk, from) {
    let at = from;
    while (at < chunk.length) {
      if (this.#left > 0) {
        const step = Math.min(this.#left, chunk.length - at);
        if (this.#kept !== undefined) this.#kept.push(Buffer.from(chunk.subarray(at, at + step)));
        at += step;
        this.#left -= step;
        if (this.#left === 0) this.#frame();
        continue;
      }
      if (this.#carried === 0 && chunk.length - at >= 10) at += this.#header(chunk, at);
      else {
        this.#carry[this.#carried] = chunk[at] ?? 0;
        this.#carried += 1;
        at += 1;
        const second = (this.#carry[1] ?? 0) & 127;
        const needs = this.#carried < 2 || second < 126 ? 2 : second === 126 ? 4 : 10;
        if (this.#carried < needs) continue;
        this.#carried = 0;
        this.#header(this.#carry, 0);
      }
      if (this.#left === 0) this.#frame();
    }
  }

  /**
   * @param {Buffer} bytes
   * @param {number} at
   * @returns {number} its length
   */
  #header(bytes, at) {
    this.#opcode = (bytes[at] ?? 0) & 15;
    const short = (bytes[at + 1] ?? 0) & 127;
    this.#length =
      short < 126
        ? short
        : short === 126
          ? bytes.readUInt16BE(at + 2)
          : Number(bytes.readBigUInt64BE(at + 2));
    this.#left = this.#length;
    const isEvent = this.#length >= eventBytes && this.#opcode === 1;
    this.#kept = isEvent && this.order === undefined ? undefined : [];
    return short < 126 ? 2 : short === 126 ? 4 : 10;
  }

  #frame() {
    if (this.#length >= eventBytes && this.#opcode === 1) {
      if (this.order === undefined || this.#prove(JSON.parse(Buffer.concat(this.#kept ?? []).toString())))
        this.#event();
      return;
    }
    const payload = Buffer.concat(this.#kept ?? []);
    if (this.#opcode === 9) this.say(payload, 10);
    else if (this.#opcode === 8) {
      this.closed = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
      this.socket.end();
    } else this.#short(payload.toString());
  }

  /** @param {string} text */
  #short(text) {
    const { live } = this.opening;
    if (live !== undefined && text.includes(live)) this.isLive = true;
    if (text.includes('"type":"reset"') && this.order !== undefined) this.order.resets += 1;
    if (text.includes('"type":"bye"')) this.bye = true;
    // The heartbeat of Engine.IO.
    if (text === '2') this.say('3');
  }

  /**
   * Each event has to come after the one before it, with the job's next `rev`.
   * @param {any} message
   * @returns {boolean} whether it is an event
   */
  #prove({ type, event }) {
    const order = this.order;
    if (order === undefined) return false;
    if (type === 'progress') {
      order.progress += 1;
      return false;
    }
    const [, sequence = ''] = /^[a-f0-9]+-([a-z0-9]+)(?:\.[a-z0-9]+)?$/.exec(event.id) ?? [];
    const seq = Number.parseInt(sequence, 36);
    const { job_id: id, rev } = event.job;
    const before = this.#revs.get(id);
    if (!(seq > order.last) || (before !== undefined && rev !== before + 1)) order.defects += 1;
    this.#revs.set(id, rev);
    order.last = seq;
    return true;
  }

  /** @param {Buffer} chunk */
  #stream(chunk) {
    if (!this.isLive) {
      this.#text += chunk.latin1Slice();
      if (this.#text.includes(this.opening.live ?? '')) {
        this.isLive = true;
        this.#text = '';
      }
    }
    let at = 0;
    if (this.#endsOpen && chunk[0] === 10) {
      this.#block(this.#since);
      at = 1;
    }
    for (;;) {
      const end = chunk.indexOf(delimiter, at);
      if (end === -1) break;
      this.#block(this.#since + end - at);
      at = end + 2;
    }
    this.#since += chunk.length - at;
    this.#endsOpen = at < chunk.length && chunk[chunk.length - 1] === 10;
  }

  /** @param {number} length */
  #block(length) {
    this.#since = 0;
    if (length >= eventBytes) this.#event();
  }
}
