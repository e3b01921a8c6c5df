import { connect } from 'node:net';

/**
 * HTTP/1.1 over one kept connection, one request at a time. Bare sockets: on two cores every microsecond that the load
 * generator takes is missing in the server.
 *
 * @typedef {{ status: number, head: string, body: Buffer }} Answer
 */

export class Connection {
  /** @type {import('node:net').Socket | undefined} */
  #socket;
  /** @type {Buffer[]} */
  #chunks = [];
  /** @type {{ resolve: (answer: Answer) => void, reject: (error: Error) => void } | undefined} */
  #waiting;
  #port;
  #fields;

  /**
   * @param {number} port on 127.0.0.1
   * @param {string | undefined} token
   */
  constructor(port, token) {
    this.#port = port;
    const authorization = token === undefined ? '' : `Authorization: Bearer ${token}\r\n`;
    this.#fields = `Host: 127.0.0.1:${port}\r\n${authorization}`;
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {{ body?: string | Buffer, fields?: string }} [more] `fields`: header lines, each with its CRLF
   * @returns {Promise<Answer>} rejects when the connection ends first
   */
  request(method, path, { body, fields = '' } = {}) {
    const entity =
      body === undefined
        ? ''
        : `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
    const head = `${method} ${path} HTTP/1.1\r\n${this.#fields}${fields}${entity}\r\n`;
    const socket = this.#open();
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      if (typeof body === 'string') socket.write(head + body);
      else {
        socket.cork();
        socket.write(head);
        if (body !== undefined) socket.write(body);
        socket.uncork();
      }
    });
  }

  close() {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  #open() {
    if (this.#socket !== undefined) return this.#socket;
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    this.#socket = socket;
    this.#chunks = [];
    /** @param {Error} error */
    const end = (error) => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#waiting?.reject(error);
      this.#waiting = undefined;
    };
    socket.on('error', end);
    socket.on('close', () => end(new Error('The connection ended before the answer')));
    socket.on('data', (chunk) => this.#take(chunk));
    return socket;
  }

  /** @param {Buffer} chunk */
  #take(chunk) {
    this.#chunks.push(chunk);
    const all = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    const end = all.indexOf('\r\n\r\n');
    if (end === -1) return;
    const head = all.latin1Slice(0, end);
    const status = Number(head.slice(9, 12));
    const length = status === 204 || status === 304 ? 0 : lengthOf(head);
    const body = all.subarray(end + 4);
    if (body.length < length) {
      this.#chunks = [all];
      return;
    }
    this.#chunks = [];
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (/\r\nconnection: close/i.test(head)) this.close();
    waiting?.resolve({ status, head, body });
  }
}

/** @param {string} head */
function lengthOf(head) {
  const [, length] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? [];
  if (length === undefined) throw new Error(`An answer without Content-Length:\n${head}`);
  return Number(length);
}

/**
 * The `data` of an envelope; throws for any status but 2xx.
 * @param {Answer} answer
 * @returns {any}
 */
export function dataOf({ status, body }) {
  if (status < 200 || status > 299) throw new Error(`${status}: ${body.toString('utf8').slice(0, 500)}`);
  return JSON.parse(body.toString('utf8')).data;
}
