// A process that follows one job for long, over one transport, with a connection whose waiting costs no time. It tells
// its parent of each fact and each time that it is live, and what its heap holds when asked.

import { WebSocket } from 'ws';
import { authOf } from '../../dist/client/sdk/auth.js';
import { Http } from '../../dist/client/sdk/http.js';
import { Connection } from '../../dist/client/sdk/stream/connection.js';
import { subscribe, watch } from '../../dist/client/sdk/watch.js';

const [url, key, transport, jobId, after] = process.argv.slice(2);
/** Longer ones are for what does not come, and it does. */
const shortMs = 2_000;

const tell = (message) => process.send?.(message);

/** A request that the server holds is what a long-poll has of a connection. */
function follow(address, init) {
  if (transport === 'long-poll' && /[?&]wait=[1-9]/.test(address)) tell({ type: 'live' });
  return fetch(address, init);
}

const auth = authOf({ key });
const http = new Http({ url, auth, fetch: follow, random: () => 0, sleep: async () => undefined });
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
  if (status === 'live' && transport !== 'long-poll') tell({ type: 'live' });
});

async function hear(name, feed) {
  for await (const { type, job } of feed) if (type !== 'job.progress') tell({ type, name, rev: job?.rev });
  tell({ type: 'end', name });
}
hear('watch', watch(connection, jobId, { after }));
hear('jobs', subscribe(connection, ['jobs'], { after, progressMs: 0 }));

process.on('message', (question) => {
  if (question !== 'heap') process.exit(0);
  // Twice: what the first finds dead may have held something else.
  globalThis.gc();
  setImmediate(() => {
    globalThis.gc();
    tell({ type: 'heap', bytes: process.memoryUsage().heapUsed });
  });
});
process.on('disconnect', () => process.exit(0));
