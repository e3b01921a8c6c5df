import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { Inkwire, TransportName } from '../../client/sdk/inkwire.js';
import type { Job } from '../../src/jobs/job.js';
import { Audience } from '../helpers/audience.js';
import { cursorOf, group, JobRounds, kept } from '../helpers/job-rounds.js';
import { complete, startedJob, tellProgress } from '../helpers/job-steps.js';
import {
  chosenProtocol,
  type ProxiedOptions,
  proxiedClient,
  readByCurl,
  readOverHttp2,
} from '../helpers/proxied-client.js';
import { openPushServer, type PushServer } from '../helpers/push-server.js';
import {
  changed,
  commandOf,
  documented,
  type ProxyName,
  type RealProxy,
  startProxy,
} from '../helpers/real-proxy.js';
import { bear, Witness } from '../helpers/witness.js';

export type Changes = readonly (readonly [from: string | RegExp, to: string])[];

/** A set-up that hinders, as changes to the documented one. */
export interface BadSetUp {
  readonly name: string;
  readonly changes: Changes;
  /** Over which the SDK is connected at the end. */
  readonly over: TransportName;
  /** Times that the connection is lost while nothing happens, before anything does. */
  readonly interruptions?: number;
}

export interface ProxyCase {
  readonly name: ProxyName;
  /** Makes the documented idle time two seconds. */
  readonly shortIdle: Changes;
  readonly bad: readonly BadSetUp[];
}

const closing: (() => unknown)[] = [];
const later = <T extends { close(): unknown }>(part: T): T => {
  closing.push(() => part.close());
  return part;
};

export function proxySuite({ name, shortIdle, bad }: ProxyCase): void {
  const absent = commandOf(name) === undefined;
  // In CI it has to be there: what is skipped proves nothing.
  describe.skipIf(absent && process.env.CI !== 'true')(
    absent ? `${name} (skipped: it is not installed)` : name,
    () => {
      afterEach(async () => {
        for (const close of closing.splice(0).reverse()) await close();
      });
      describe('as documented', () => goodSuite(name, shortIdle));
      describe('badly set up', () => {
        // At once: most of their time they wait for what the proxy or the client gives up.
        test.concurrent.for(bad)('every end is seen once where $name', async (setUp) => {
          const parts: { close(): unknown }[] = [];
          try {
            await expectFallback(name, setUp, parts);
          } finally {
            for (const part of parts.reverse()) await part.close();
          }
        });
      });
    },
  );
}

function goodSuite(name: ProxyName, shortIdle: Changes): void {
  let server: PushServer;
  let proxy: RealProxy;

  beforeAll(async () => {
    server = await openPushServer({}, { trustedProxies: ['127.0.0.1'] });
    proxy = await startProxy(name, await documented(name), server.port);
  });
  afterAll(async () => {
    await proxy.close();
    await server.close();
  });

  const connect = (options: Omit<ProxiedOptions, 'key'>) =>
    later(proxiedClient(proxy, { key: server.token, ...options }));

  test('offers HTTP/2', async () => {
    expect(await chosenProtocol(proxy)).toBe('h2');
  });

  test.each([
    { transport: 'websocket', http2: false },
    { transport: 'sse', http2: false },
    { transport: 'sse', http2: true },
    { transport: 'long-poll', http2: false },
    { transport: 'long-poll', http2: true },
  ] as const)('P-3 progress arrives while the job runs, over $transport (HTTP/2: $http2)', async (given) => {
    const client = connect({ transports: [given.transport], http2: given.http2 });
    const witness = new Witness();
    const feed = client.subscribe(['jobs'], { after: await cursorOf(server) });
    const heard = bear(feed, witness);
    const { engine } = server.rig;
    const job = await startedJob(engine);
    await witness.until(() => witness.rev(job.id) === job.rev);
    // The job does not end before: nothing but the proxy could hold this back.
    await draw(
      server,
      job,
      witness.until(() => witness.progress > 0),
    );
    expect(client.connection).toMatchObject({ status: 'live', transport: given.transport });
    await complete(engine, job);
    await witness.until(() => witness.ends.size === 1);
    feed.close();
    await heard;
    expect(witness.defects).toEqual([]);
  });

  test.each(['--http1.1', '--http2'] as const)(
    'P-33 curl %s follows a job live, to the end of the stream',
    async (flag) => {
      const { engine } = server.rig;
      const job = await startedJob(engine);
      const curl = later(readByCurl(proxy, `/api/v1/jobs/${job.id}/events`, server.token, flag));
      await curl.reading.until(() => curl.reading.count('live') === 1);
      tellProgress(engine, job, 0.5);
      await curl.reading.until(() => curl.reading.count('job.progress') > 0);
      await complete(engine, job);
      expect(await curl.version()).toBe(flag === '--http2' ? '2' : '1.1');
      expect(curl.reading.events.at(-1)?.event).toBe('job.completed');
    },
  );

  test('P-31 an HTTP/2 client follows a job live', async () => {
    const { engine } = server.rig;
    const job = await startedJob(engine);
    const { reading } = later(readOverHttp2(proxy, `/api/v1/jobs/${job.id}/events`, server.token));
    await reading.until(() => reading.count('live') === 1);
    tellProgress(engine, job, 0.5);
    await reading.until(() => reading.count('job.progress') > 0);
    await complete(engine, job);
    await reading.until(() => reading.count('job.completed') === 1);
  });

  test.each(['websocket', 'sse'] as const)(
    'the address of the caller arrives, and no other one, over %s',
    async (transport) => {
      const narrow = later(
        await openPushServer({ limits: { maxPerAddress: 1 } }, { trustedProxies: ['127.0.0.1'] }),
      );
      const own = later(await startProxy(name, await documented(name), narrow.port));
      const from = (address: string, forged: string) => {
        const headers = { 'x-forwarded-for': forged };
        const options = { key: narrow.token, transports: [transport], from: address, headers };
        const client = later(proxiedClient(own, options));
        const first = outcome(client);
        client.subscribe(['jobs'], { snapshot: false });
        return first;
      };
      // One connection for each address: another one is told to come back later, whoever it says that it speaks for.
      expect(await from('127.0.0.9', '203.0.113.1')).toBe('live');
      expect(await from('127.0.0.8', '203.0.113.1')).toBe('live');
      expect(await from('127.0.0.9', '203.0.113.2')).toBe('waiting');
    },
  );

  test('P-40 heartbeats keep connections open on which nothing happens', async () => {
    const beating = later(await openPushServer({ limits: { heartbeatMs: 200 } }));
    const short = later(await startProxy(name, changed(await documented(name), shortIdle), beating.port));
    const stream = later(readOverHttp2(short, '/api/v1/events?topic=jobs', beating.token));
    const socket = new WebSocket(`${short.url.replace('https', 'wss')}/api/v1/stream`, 'inkwire.v1', {
      ca: short.certificate,
      headers: { authorization: `Bearer ${beating.token}` },
    });
    closing.push(() => socket.terminate());
    const began = performance.now();
    socket.on('open', () => socket.send('{"type":"subscribe","id":"s","topics":["jobs"]}'));
    // Longer than the proxy would wait.
    const isLong = () => performance.now() - began > 2_500;
    const beats = new Promise<void>((resolve, reject) => {
      let count = 0;
      socket.on('error', reject).on('close', (code) => reject(new Error(`closed with ${code}`)));
      socket.on('message', (data) => {
        count += String(data).includes('"heartbeat"') ? 1 : 0;
        if (count >= 5 && isLong()) resolve();
      });
    });
    await Promise.all([
      stream.reading.until(() => stream.reading.count('heartbeat') >= 5 && isLong()),
      beats,
    ]);
    expect([socket.readyState, stream.reading.ended]).toEqual([WebSocket.OPEN, false]);
  });
}

/** What a client comes to first. */
function outcome(client: Inkwire): Promise<string> {
  return new Promise((resolve) => {
    client.onConnection(({ status }) => {
      if (status === 'live' || status === 'waiting') resolve(status);
    });
  });
}

/** Tells progress as a render does, again and again, until somebody has heard of it. */
async function draw({ rig }: PushServer, job: Job, heard: Promise<void>): Promise<void> {
  let isHeard = false;
  const hearing = heard.then(() => {
    isHeard = true;
  });
  for (let step = 1; !isHeard; step += 1) {
    tellProgress(rig.engine, job, 1 - 1 / (step + 1));
    await Promise.race([hearing, new Promise((resolve) => setTimeout(resolve, 50))]);
  }
}

/** Everything that the SDK may use, through a proxy that hinders. */
async function expectFallback(
  name: ProxyName,
  { changes, over, interruptions = 0 }: BadSetUp,
  parts: { close(): unknown }[],
): Promise<void> {
  const own = <T extends { close(): unknown }>(part: T): T => {
    parts.push(part);
    return part;
  };
  const server = own(await openPushServer());
  const proxy = own(await startProxy(name, changed(await documented(name), changes), server.port));
  const connect = () => proxiedClient(proxy, { key: server.token });
  const audience = own(new Audience({ connect, together: true, group, after: await cursorOf(server) }));
  const [client] = audience.clients;
  if (interruptions > 0) {
    await new Promise<void>((resolve) => {
      client?.onConnection(({ resumes }) => resumes >= interruptions && resolve());
    });
  }
  const story = new JobRounds(server, audience);
  for (let round = 0; round < 4; round += 1) {
    await story.run(10);
    await story.heard();
  }
  const { transport } = client?.connection ?? {};
  await audience.leave();
  expect(story.balance()).toEqual(kept);
  expect(transport).toBe(over);
}
