import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { PeerEvents } from '../event.mjs';
import { listen, serve } from './publisher.mjs';

/**
 * `ws` as most programs use it: the event is made into text once, then sent to each socket (`loop`). Or with the frame made
 * once, too, and written to the sockets themselves (`shared`).
 */

const [mode = 'loop'] = process.argv.slice(2);
const http = createServer();
const server = new WebSocketServer({ server: http, perMessageDeflate: false });
/** @type {Map<import('ws').WebSocket, import('node:stream').Duplex>} */
const open = new Map();
server.on('connection', (ws, request) => {
  open.set(ws, request.socket);
  ws.on('message', () => undefined);
  ws.on('error', () => undefined);
  ws.on('close', () => open.delete(ws));
  ws.send('{"type":"live"}');
});

const events = new PeerEvents();

/** @param {number} count */
function publish(count) {
  for (let index = 0; index < count; index += 1) {
    const text = JSON.stringify({ type: 'event', event: events.next() });
    if (mode === 'loop') for (const ws of open.keys()) ws.send(text);
    else {
      const frame = frameOf(text);
      for (const socket of open.values()) socket.write(frame);
    }
  }
}

/** @param {string} text of 126 to 65,535 bytes */
function frameOf(text) {
  const length = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(4 + length);
  frame[0] = 0x81;
  frame[1] = 126;
  frame.writeUInt16BE(length, 2);
  frame.write(text, 4);
  return frame;
}

serve({ port: await listen(http), publish });
