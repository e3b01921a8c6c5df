import { afterAll, beforeAll, describe } from 'vitest';
import { type AppServer, alice, bob, startAppServer } from '../helpers/app-server.js';
import { Caller } from '../helpers/caller.js';
import { streamClients } from '../helpers/stream-client.js';
import { type Callers, followSuite } from './follow.suite.js';
import { sseSuite } from './sse.suite.js';
import { webSocketSuite } from './web-socket.suite.js';

/** The suites know an address only; here it is that of a server in this process. */
describe('the stream', () => {
  let server: AppServer;
  let callers: Callers;
  beforeAll(async () => {
    server = await startAppServer({ INKWIRE_CORS_ORIGINS: 'https://known.example' });
    callers = { alice: new Caller(server.url, alice), bob: new Caller(server.url, bob) };
  });
  afterAll(() => server.close());

  for (const client of streamClients) followSuite(client, () => callers);
  sseSuite(() => callers);
  webSocketSuite(() => callers);
});
