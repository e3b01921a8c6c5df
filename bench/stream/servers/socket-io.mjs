import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { PeerEvents } from '../event.mjs';
import { listen, serve } from './publisher.mjs';

/** socket.io as its documentation shows a broadcast: a room, WebSocket alone, no compression (both are its defaults). */
const http = createServer();
const io = new Server(http, { transports: ['websocket'], serveClient: false });
io.on('connection', (socket) => {
  void socket.join('jobs');
  socket.emit('live');
});

const events = new PeerEvents();

serve({
  port: await listen(http),
  publish(count) {
    for (let index = 0; index < count; index += 1) io.to('jobs').emit('event', events.next());
  },
});
