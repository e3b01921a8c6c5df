import { createServer } from 'node:http';
import { createChannel, createSession } from 'better-sse';
import { PeerEvents } from '../event.mjs';
import { listen, serve } from './publisher.mjs';

/** better-sse as its documentation shows it: a channel whose sessions get each broadcast. */
const channel = createChannel();
const http = createServer(async (request, response) => {
  const session = await createSession(request, response);
  channel.register(session);
  session.push({}, 'live');
});

const events = new PeerEvents();

serve({
  port: await listen(http),
  publish(count) {
    for (let index = 0; index < count; index += 1) {
      const event = events.next();
      channel.broadcast(event, event.type, { eventId: event.id });
    }
  },
});
