import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { answerOn } from './sockets.js';

/** Offers to go on with another protocol than HTTP/1.1. Node takes their connections out of its server. */

/**
 * For Node from 22.21 and 24.9 on: an offer of another protocol that comes with a body is an ordinary request, as is one
 * in HTTP/1.0, which has to be ignored (RFC 9110, 7.8). Node 25 and later read that body themselves and hand the socket out beside it, so that the request could not be given back whole.
 * Earlier ones do not know the option, and hand the body out with the socket.
 */
export const upgradeTaking = {
  shouldUpgradeCallback: ({ headers, httpVersion }: IncomingMessage): boolean =>
    httpVersion !== '1.0' &&
    headers['transfer-encoding'] === undefined &&
    Number(headers['content-length'] ?? 0) === 0,
};

/**
 * Passes handshakes of WebSockets on, as `upgrade` events of `handshakes`. Every other offer is ignored, and what was
 * asked is served: also a WebSocket's that has a body, or is for an address without one.
 * @param takesHandshakes whether there is a WebSocket at this URL
 */
export function sortUpgrades(
  server: Server,
  handshakes: Server,
  takesHandshakes: (url: string) => boolean,
): void {
  const pass = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const earlier = answerOn(socket);
    // A request that came before on the same connection is answered first.
    if (earlier !== undefined) earlier.once('close', () => pass(request, socket, head));
    else if (socket.destroyed) return;
    // Nobody listens while the server closes.
    else if (!handshakes.emit('upgrade', request, socket, head))
      serveWithoutUpgrade(server, request, socket, head);
  };
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const { headers, url = '/' } = request;
    const isHandshake =
      headers.upgrade?.toLowerCase() === 'websocket' && upgradeTaking.shouldUpgradeCallback(request);
    if (!isHandshake || !takesHandshakes(url)) {
      serveWithoutUpgrade(server, request, socket, head);
      return;
    }
    // Node listens no more: an error without a listener would end the process.
    socket.on('error', ignore);
    pass(request, socket, head);
  });
}

/**
 * An offer to speak something else (`h2c`, as Java's client and `curl --http2` make with every request) may be ignored
 * (RFC 9110, 7.8). Node has taken the connection out of its server by then: it goes back with the same request, less
 * the offer.
 */
function serveWithoutUpgrade(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index] ?? '';
    if (!offered.test(name)) lines.push(`${name}: ${request.rawHeaders[index + 1]}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit('connection', socket);
}

const offered = /^(upgrade|http2-settings|connection)$/i;

function ignore(): void {}
