import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AppServer, alice, startAppServer } from '../helpers/app-server.js';
import { Caller } from '../helpers/caller.js';
import { endless } from '../helpers/long-documents.js';
import { useChromium, withoutWholeChromium } from './chromium.js';

const patient = { timeout: 120_000 };
const element = new URL('../../client/dist/', import.meta.url);

/** The three parties of docs/guides/show-a-pdf.md: a site with a back end that has a key, its visitor, and the server. */
describe.skipIf(withoutWholeChromium)('a visitor of another site', () => {
  const chromium = useChromium({ whole: true });
  let server: AppServer;
  let site: Server;
  let origin: string;
  let job = '';
  let caller: Caller;
  beforeAll(async () => {
    site = createServer((request, response) => {
      const { method, url = '' } = request;
      const send = async (): Promise<void> => {
        if (url === '/page') {
          const html = `<!doctype html><title>Site</title><link rel="icon" href="data:,"><script type="module">
            import { defineInkwireJob } from '/modules/element.js';
            defineInkwireJob();
          </script><inkwire-job url="${server.url}" job="${job}" ticket-from="/ticket" src="/pdf"></inkwire-job>`;
          response.writeHead(200, { 'content-type': 'text/html' }).end(html);
        } else if (url.startsWith('/modules/')) {
          const body = await readFile(new URL(url.slice('/modules/'.length), element));
          response.writeHead(200, { 'content-type': 'text/javascript' }).end(body);
        } else if (url === '/ticket' && method === 'POST') {
          response.end(await caller.ticket([`job:${job}`]));
        } else if (url === '/pdf') {
          const { url: link } = await caller.post<{ url: string }>(`/api/v1/jobs/${job}/links`, {});
          response.writeHead(302, { location: new URL(link, server.url).href }).end();
        } else response.writeHead(404).end();
      };
      send().catch((error: unknown) => response.writeHead(500).end(String(error)));
    }).listen(0, '127.0.0.1');
    await once(site, 'listening');
    origin = `http://localhost:${(site.address() as AddressInfo).port}`;
    server = await startAppServer({ INKWIRE_CORS_ORIGINS: origin });
    caller = new Caller(server.url, alice);
  });
  afterAll(async () => {
    site?.closeAllConnections();
    site?.close();
    await server?.close();
  });

  test('sees a bar and then the PDF, with a ticket and a link; no key is in the page or an address', async () => {
    // The visitor's waits behind it until the page shows a bar.
    const { job_id: before } = await caller.submit(endless);
    job = (await caller.submit({ title: 'For a visitor' })).job_id;
    const page = await (await chromium.visit()).newPage();
    const sent: string[] = [];
    page.on('request', (request) => sent.push(request.url(), JSON.stringify(request.headers())));
    page.on('websocket', (socket) => sent.push(socket.url()));
    const shown = page.waitForResponse((answer) => answer.url().includes('/api/v1/links/'), patient);
    await page.goto(`${origin}/page`);
    await page.getByRole('progressbar').waitFor(patient);
    await caller.remove(before);
    const answer = await shown;
    expect([answer.status(), answer.headers()['content-type']]).toEqual([200, 'application/pdf']);
    await page.locator('inkwire-job iframe').waitFor(patient);
    expect(sent.some((text) => text.includes(server.url.replace('http', 'ws')))).toBe(true);
    for (const text of [...sent, await page.content()]) expect(text).not.toContain(alice);

    // The link goes with its job.
    await caller.remove(job);
    expect((await fetch(answer.url())).status).toBe(404);
  });
});
