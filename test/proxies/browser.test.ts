import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { afterEach, describe, expect, test } from 'vitest';
import type { Inkwire, TransportName } from '../../client/sdk/inkwire.js';
import { useChromium, withoutChromium } from '../browser/chromium.js';
import { complete, startedJob, tellProgress } from '../helpers/job-steps.js';
import { openPushServer } from '../helpers/push-server.js';
import { changed, commandOf, documented, type ProxyName, startProxy } from '../helpers/real-proxy.js';
import type { Changes } from './proxy.suite.js';

/** The SDK in a browser behind real proxies, over HTTP/2 as browsers speak it. */

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));

interface Case {
  readonly proxy: ProxyName;
  readonly title: string;
  readonly changes?: Changes;
  readonly transports?: readonly TransportName[];
  readonly over: TransportName;
}

const cases: readonly Case[] = [
  { proxy: 'nginx', title: 'as documented', over: 'websocket' },
  { proxy: 'nginx', title: 'as documented', transports: ['sse'], over: 'sse' },
  {
    proxy: 'nginx',
    title: 'that passes the host on without its port',
    changes: [['$http_host', '$host']],
    over: 'sse',
  },
  // Inside HTTP/2 (RFC 8441), which HAProxy offers.
  { proxy: 'haproxy', title: 'as documented', over: 'websocket' },
  { proxy: 'haproxy', title: 'as documented', transports: ['sse'], over: 'sse' },
];

describe.skipIf(withoutChromium)('a page behind a proxy', () => {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });
  const chromium = useChromium();

  test.for(cases)('sees a job live over $over behind $proxy $title', async (given, context) => {
    if (commandOf(given.proxy) === undefined && process.env.CI !== 'true')
      context.skip(`${given.proxy} is not installed`);
    const server = await openPushServer();
    closing.push(() => server.close());
    const configuration = changed(await documented(given.proxy), given.changes ?? []);
    const proxy = await startProxy(given.proxy, configuration, server.port);
    closing.push(() => proxy.close());
    const visitor = await chromium.visit({ ignoreHTTPSErrors: true });
    const page = await visitor.newPage();
    // A page that came through the proxy: Chromium lets no other one speak with this machine.
    await page.goto(`${proxy.url}/healthz`);
    await loadSdk(page, proxy.url);

    const { engine } = server.rig;
    const job = await startedJob(engine);
    await page.evaluate(follow, [job.id, server.token, given.transports] as const);
    const state = () => page.evaluate(() => Reflect.get(globalThis, 'told'));
    await expect.poll(state).toMatchObject({ transport: given.over });
    tellProgress(engine, job, 0.5);
    await expect.poll(state).toMatchObject({ types: ['snapshot', 'job.progress'] });
    await complete(engine, job);
    await expect.poll(state).toMatchObject({ types: ['snapshot', 'job.progress', 'job.completed'] });
    expect(await page.evaluate(spoken)).toBe('h2');
    await page.close();
    await expect.poll(() => server.rig.gateway.connections.subscribers.length).toBe(0);
  });
});

/** What the build made of the SDK, as files of the proxy's own origin. */
async function loadSdk(page: Page, origin: string): Promise<void> {
  const script = `import { Inkwire } from '/dist/client/sdk/inkwire.js'; globalThis.Inkwire = Inkwire;`;
  await page.route(`${origin}/dist/**`, async (route) => {
    const path = new URL(route.request().url()).pathname.replace('/dist/', dist);
    await route.fulfill({ contentType: 'text/javascript', body: await readFile(path, 'utf8') });
  });
  await page.addScriptTag({ type: 'module', content: script });
  await page.waitForFunction(() => Reflect.has(globalThis, 'Inkwire'));
}

/** In the page: what was told of the job goes into `told`. */
function follow([jobId, key, transports]: readonly [string, string, readonly TransportName[] | undefined]) {
  const Client: typeof Inkwire = Reflect.get(globalThis, 'Inkwire');
  const client = new Client({ key, share: false, ...(transports === undefined ? {} : { transports }) });
  const told: { transport?: TransportName | undefined; readonly types: string[] } = { types: [] };
  Reflect.set(globalThis, 'told', told);
  client.onConnection(({ status, transport }) => {
    if (status === 'live') told.transport = transport;
  });
  client.watch(jobId).on('item', ({ type }) => {
    if (type !== told.types.at(-1)) told.types.push(type);
  });
}

/** In the page: the protocol of an ordinary request. */
async function spoken(): Promise<string> {
  await (await fetch('/healthz')).text();
  const entries = performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('/healthz'));
  return String(Reflect.get(entries.at(-1) ?? {}, 'nextHopProtocol'));
}
