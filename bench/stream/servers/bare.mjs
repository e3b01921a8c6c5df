import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { listen, serve } from './publisher.mjs';

/** Connections that are only held: the least that Node needs for a WebSocket, or for an answer that never ends. */

const [wire = 'ws'] = process.argv.slice(2);
const http = createServer((_request, response) => {
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
  });
  response.write('event: live\ndata: {}\n\n');
});
if (wire === 'ws') {
  const server = new WebSocketServer({ server: http, perMessageDeflate: false });
  server.on('connection', (ws) => {
    ws.on('message', () => ws.send('{"type":"live"}'));
    ws.on('error', () => undefined);
  });
}

serve({ port: await listen(http), publish: () => undefined });
