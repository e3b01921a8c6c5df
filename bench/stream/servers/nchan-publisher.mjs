import { connect } from 'node:net';
import { PeerEvents } from '../event.mjs';
import { serve } from './publisher.mjs';

/** Publishes to nginx over one kept connection; the requests of one turn go out together. */
const socket = connect({ port: Number(process.argv[2]), host: '127.0.0.1', noDelay: true });
socket.on('data', () => undefined);
const events = new PeerEvents();

serve({
  port: Number(process.argv[2]),
  publish(count) {
    let requests = '';
    for (let index = 0; index < count; index += 1) {
      const text = JSON.stringify({ type: 'event', event: events.next() });
      requests += `POST /publish HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
    }
    socket.write(requests);
  },
});
