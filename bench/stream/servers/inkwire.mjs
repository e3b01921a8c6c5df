import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { dist, owner, token } from '../../kit/server.mjs';
import { input, pendingJob, result } from '../event.mjs';
import { listen, serve } from './publisher.mjs';

/**
 * The gateway as the server has it, over the memory engine: changes go through the store, which tells the hub. In place of
 * Fastify, keys and limits there is a bare http server; with `admission` there is the server's own, for WebSockets.
 *
 * Options, as JSON in the first argument: `stuckMs`, `tailFacts`, `tailBytes`, `admission`.
 */

const { openMemoryEngine } = await import(join(dist, 'engine/memory/memory-engine.js'));
const { Follower } = await import(join(dist, 'follow/follower.js'));
const { Gateway } = await import(join(dist, 'gateway/gateway.js'));
const { StreamMeters } = await import(join(dist, 'gateway/stream-meters.js'));
const { SseSink, writeSseHead } = await import(join(dist, 'gateway/sse-sink.js'));
const { streamServerOptions, WsTransport } = await import(join(dist, 'gateway/ws.js'));
const { readFilter } = await import(join(dist, 'protocol/messages.js'));
const { sseText } = await import(join(dist, 'protocol/sse.js'));
const { formatCursor } = await import(join(dist, 'protocol/cursor.js'));
const { positionAt } = await import(join(dist, 'engine/lives.js'));
const { recordOf } = await import(join(dist, 'jobs/record.js'));
/** The library that the server uses. @param {string} name */
const libraryOf = (name) => import(pathToFileURL(createRequire(join(dist, 'app.js')).resolve(name)).href);
const { Registry } = await libraryOf('prom-client');
const { WebSocketServer } = (await libraryOf('ws')).default;

const {
  stuckMs = 30_000,
  tailFacts = 50_000,
  tailBytes = 32 * 1024 * 1024,
  admission = false,
} = JSON.parse(process.argv[2] ?? '{}');
const unbounded = Number.MAX_SAFE_INTEGER;
const engine = await openMemoryEngine({ fairness: { maxRunningPerOwner: unbounded, weights: {} } });
const { store, bus } = engine;
/** @type {any} */
let gateway;
const none = { connections: { ws: 0, sse: 0 }, subscriptions: 0, behind: 0, waitingBytes: 0, withheld: 0 };
const meters = new StreamMeters(new Registry(), () => gateway?.connections.state ?? none);
const onError = (/** @type {unknown} */ error) => console.error(error);
const follower = new Follower({ store, bus, clock: Date.now, onError });
await follower.open(tailFacts);
gateway = new Gateway({
  store,
  follower,
  meters,
  clock: Date.now,
  random: Math.random,
  keyHolds: () => true,
  onError,
  tail: { maxFacts: tailFacts, maxBytes: tailBytes },
  limits: {
    maxPerKey: 20_000,
    maxPerAddress: 20_000,
    maxWaitingBytes: 256 * 1024 * 1024,
    outboxMaxBytes: 256 * 1024,
    maxSubscriptions: 1_000,
    maxTopics: 800_000,
    maxTopicsPerOwner: 200_000,
    heartbeatMs: 15_000,
    stuckMs,
    lifeMs: 30 * 60_000,
  },
});
await follower.start();

const caller = { owner, keyId: 'bench', address: '127.0.0.1' };
const http = createServer((request, response) => {
  const query = new URL(request.url ?? '/', 'http://localhost').searchParams;
  const read = readFilter({ topics: query.getAll('topic'), snapshot: false, progress_ms: 0 });
  if (!read.ok) throw new Error(read.message);
  writeSseHead(response);
  response.write(sseText({ retryMs: 2_000 }));
  const subscriber = gateway.connect(new SseSink(response), caller);
  response.on('error', () => undefined);
  response.on('drain', () => subscriber.drained());
  response.on('close', () => gateway.connections.remove(subscriber));
  void gateway.subscribe(subscriber, 'sse', read.value);
});
const transport = new WsTransport({
  gateway,
  pingMs: 25_000,
  pongMs: 20_000,
  describe: (/** @type {object} */ problem) => problem,
});
const handshakes = new WebSocketServer({ ...streamServerOptions, noServer: true });
http.on('upgrade', (request, socket, head) => {
  socket.on('error', () => undefined);
  handshakes.handleUpgrade(request, socket, head, (/** @type {object} */ ws) =>
    transport.open(ws, socket, caller),
  );
});

/** The server as it is, with every check of admission; no route but that of the WebSocket is asked. */
async function listenWithAdmission() {
  const { createHttpServer } = await import(join(dist, 'http/server.js'));
  const { LoopTurns } = await import(join(dist, 'shares/loop-turns.js'));
  const { native } = await import(join(dist, 'http/dialects/native/native.js'));
  const { mountPush } = await import(join(dist, 'http/push.js'));
  const { openKeyring } = await import(join(dist, 'access/keyring.js'));
  const keyring = await openKeyring({
    keys: { watch: async () => () => undefined },
    configured: [{ owner, token }],
    development: false,
    clock: Date.now,
  });
  const server = await createHttpServer({
    service: {},
    keyring,
    tickets: {},
    sessions: {},
    dialects: [native],
    probesOnly: true,
    turns: new LoopTurns(5),
    gateways: () => 1,
    stoodMs: () => 0,
    noteFault: () => false,
    limits: {
      maxBodyBytes: 1024 * 1024,
      maxUploads: 1,
      maxUploadsPerOwner: 1,
      // Limits that are not reached are counted all the same.
      ratePerKey: 1_000_000,
      ratePerIp: 1_000_000,
      connectionsPerIp: 1_000_000,
      renderTimeoutMs: 30_000,
      headersTimeoutMs: 30_000,
      requestTimeoutMs: 120_000,
      keepAliveTimeoutMs: 75_000,
      maxHeldRequests: 10_000,
      closeTimeoutMs: 5_000,
    },
    corsOrigins: [],
    trustedProxies: [],
    metricsOpen: false,
    web: new Map(),
    logger: false,
    registry: new Registry(),
    version: '0',
    clock: Date.now,
    startedAt: Date.now(),
  });
  mountPush(server.app, { ...server, gateway, tickets: {} });
  return Number(new URL(await server.listen('127.0.0.1', 0)).port);
}

/** Jobs that run and are completed by `publish`, one after the other. @type {string[]} */
let running = [];
let next = 0;

/** @type {string[] | undefined} */
let others;
let announced = 0;

const limits = { maxPending: unbounded, maxPendingPerOwner: unbounded };
const lease = () => ({ now: Date.now(), worker: 'w', leaseUntil: Date.now() + 86_400_000 });

/**
 * @param {number} count
 * @param {readonly string[]} [groups] one for each job
 */
async function submit(count, groups = []) {
  const ids = [];
  for (let index = 0; index < count; index += 1) {
    const job = pendingJob({ group: groups[index] });
    ids.push(job.id);
    await store.submit({ job, input, limits });
  }
  return ids;
}

/** @param {number} limit */
async function claim(limit) {
  const claimed = await store.claim({ ...lease(), limit });
  for (const { job } of claimed) await store.apply(job.id, { type: 'start', claim: job.claims }, Date.now());
  return claimed.map(({ job }) => ({ job: { ...job, attempt: 1 } }));
}

const loopTurn = () => new Promise((resolve) => setImmediate(resolve));

/** @param {any} job @param {number} ratio */
function report({ id: jobId, kind, group, attempt }, ratio) {
  bus.publishProgress({
    jobId,
    owner,
    kind,
    group,
    attempt,
    ratio,
    phase: 'rendering',
    pagesDone: 3,
    pagesTotal: 8,
  });
}

const failed = (/** @type {unknown} */ error) => {
  console.error(error);
  process.exit(1);
};

serve({
  port: admission ? await listenWithAdmission() : await listen(http),
  publish(count) {
    for (let index = 0; index < count; index += 1) {
      const id = running[next] ?? '';
      next += 1;
      store
        .apply(id, { type: 'complete', claim: 1, result }, Date.now())
        .then(({ ok }) => ok || failed(new Error(`There is no running job ${id}`)), failed);
    }
  },
  orders: {
    /** Makes so many jobs that run. */
    async prepare({ jobs }) {
      await submit(jobs);
      running = (await claim(jobs)).map((/** @type {any} */ { job }) => job.id);
      next = 0;
    },
    /** Makes jobs that wait. @returns their ids */
    submit: ({ jobs, groups }) => submit(jobs, groups),
    /**
     * So many `turns`, each with `facts` changes (jobs handed back and claimed again) and `progress` values of what runs.
     * Two turns of the event loop lie between them.
     */
    async churn({ turns, facts, progress, jobs }) {
      let held = await claim(jobs);
      for (let turn = 0; turn < turns; turn += 1) {
        for (let n = 0; n < progress; n += 1)
          report(held[n % held.length].job, (turn * progress + n) / (turns * progress));
        const back = held.splice(0, facts / 2);
        for (const { job } of back)
          void store.apply(job.id, { type: 'release', claim: job.claims }, Date.now());
        held = [...held, ...(await claim(facts / 2))];
        await loopTurn();
        await loopTurn();
      }
    },
    /**
     * Tells the hub of changes, `batch` in a commit, of so many jobs in turn. They are not in the store: its own work would
     * hide what the hub does.
     */
    async announce({ changes, jobs, batch }) {
      others ??= Array.from({ length: jobs }, () => pendingJob().id);
      const { epoch, last } = await store.log();
      announced = Math.max(announced, last);
      const record = JSON.stringify(recordOf({ ...pendingJob(), ...result, status: 'completed' }));
      for (let done = 0; done < changes; done += batch) {
        const facts = [];
        const after = announced;
        for (let n = 0; n < batch; n += 1) {
          announced += 1;
          const jobId = others[announced % jobs] ?? '';
          facts.push({
            seq: announced,
            at: Date.now(),
            type: 'job.completed',
            owner,
            jobId,
            kind: 'document',
            group: 'others',
            rev: 3,
            record,
          });
        }
        bus.publishHint({ epoch, after, last: announced, facts });
        await loopTurn();
      }
    },
    state: () => ({
      ...gateway.connections.state,
      slowReaders: meters.slowReaders,
      catchUps: meters.catchUps,
    }),
    cursor: async () => {
      const log = await store.log();
      return formatCursor(positionAt(log, log.last));
    },
    audit: () => gateway.audit.run(),
  },
});
