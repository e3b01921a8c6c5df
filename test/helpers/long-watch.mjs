// A process that follows one job for long, over one transport, with a connection whose waiting costs no time. It tells
// its parent of each fact and each time that it is live, and, when asked, how much it holds of what connections are
// made of.

import { subscribe as subscribeTo } from 'node:diagnostics_channel';
import { EventEmitter } from 'node:events';
import { queryObjects } from 'node:v8';
import { WebSocket } from 'ws';
import { authOf } from '../../dist/client/sdk/auth.js';
import { Http } from '../../dist/client/sdk/http.js';
import { Connection } from '../../dist/client/sdk/stream/connection.js';
import { BaseConnection } from '../../dist/client/sdk/stream/transport.js';
import { subscribe, watch } from '../../dist/client/sdk/watch.js';

const [url, key, transport, jobId, after] = process.argv.slice(2);
/** Longer ones are for what does not come, and it does. */
const shortMs = 2_000;

const tell = (message) => process.send?.(message);

/** Whether a connection is open and nothing about it is under way. */
let isLive = () => false;

/** A request that the server holds is what a long-poll has of a connection. */
let held;
subscribeTo('undici:client:sendHeaders', ({ request, socket }) => {
  if (transport !== 'long-poll' || !/[?&]wait=[1-9]/.test(request.path)) return;
  held = request;
  isLive = () => held === request && !socket.destroyed;
  tell({ type: 'live' });
});
subscribeTo('undici:request:headers', ({ request }) => {
  if (request === held) held = undefined;
});

const auth = authOf({ key });
const http = new Http({ url, auth, fetch, random: () => 0, sleep: async () => undefined });
const surroundings = {
  http,
  auth,
  WebSocket,
  after(ms, act) {
    if (ms < shortMs) {
      const turn = setImmediate(act);
      return () => clearImmediate(turn);
    }
    const timer = setTimeout(act, ms);
    return () => clearTimeout(timer);
  },
  now: () => performance.now(),
  random: () => 0,
};
const connection = new Connection(surroundings, [transport], ({ status }) => {
  if (transport === 'long-poll') return;
  isLive = () => status === 'live';
  if (isLive()) tell({ type: 'live' });
});

async function hear(name, feed) {
  for await (const { type, job } of feed) if (type !== 'job.progress') tell({ type, name, rev: job?.rev });
  tell({ type: 'end', name });
}
hear('watch', watch(connection, jobId, { after }));
hear('jobs', subscribe(connection, ['jobs'], { after, progressMs: 0 }));

// What is made anew for each connection, and has to go with it: closures tell of timers and listeners, too.
const kinds = { links: BaseConnection, sockets: WebSocket, functions: Function, emitters: EventEmitter };

/** Node collects what is dead before it counts. */
function look() {
  const counts = Object.entries(kinds).map(([name, kind]) => [name, queryObjects(kind, { format: 'count' })]);
  const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  return { ...Object.fromEntries(counts), timers };
}

/**
 * The least of some looks: Node lets go of signals and of what they hold some turns after their end. Looks between two
 * connections do not count: an open one has more than a leak may have.
 */
async function heldNow() {
  const least = {};
  for (let looks = 0; looks < 5; looks += isLive() ? 1 : 0) {
    await new Promise((resolve) => setTimeout(resolve, 25));
    if (!isLive()) continue;
    for (const [name, count] of Object.entries(look())) least[name] = Math.min(count, least[name] ?? count);
  }
  return least;
}

process.on('message', async (question) => {
  if (question !== 'held') process.exit(0);
  tell({ type: 'held', counts: await heldNow() });
});
process.on('disconnect', () => process.exit(0));
