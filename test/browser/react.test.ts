import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AppServer, alice, startAppServer } from '../helpers/app-server.js';
import { aMoment } from '../helpers/long-documents.js';
import { startServer } from '../helpers/server.js';
import { useChromium, withoutChromium } from './chromium.js';

/** What `pages/react-app.js` leaves for the test. */
type Globals = typeof globalThis & {
  readonly subscriptions: readonly string[];
};

describe.skipIf(withoutChromium)('hooks and the element in Chromium', () => {
  const chromium = useChromium();
  let server: AppServer;
  let script: string;

  beforeAll(async () => {
    server = await startAppServer();
    const made = await build({
      configFile: false,
      logLevel: 'error',
      define: { 'process.env.NODE_ENV': '"development"' },
      build: {
        write: false,
        minify: false,
        lib: {
          entry: fileURLToPath(new URL('pages/react-app.js', import.meta.url)),
          formats: ['es'],
          fileName: () => 'app.js',
        },
        rolldownOptions: { output: { codeSplitting: false } },
      },
    });
    const [bundle] = [made].flat();
    if (bundle === undefined || !('output' in bundle)) throw new Error('nothing was built');
    script = bundle.output[0].code;
  });
  afterAll(() => server?.close());

  async function open(url = server.url): Promise<Page> {
    const page = await (await chromium.visit()).newPage();
    page.on('pageerror', (error) => {
      throw error;
    });
    const html = '<!doctype html><title>App</title><body><script type="module" src="/app.js"></script>';
    await page.route('**/app.html*', (route) => route.fulfill({ contentType: 'text/html', body: html }));
    await page.route('**/app.js', (route) => route.fulfill({ contentType: 'text/javascript', body: script }));
    await page.goto(`${url}/app.html?key=${alice}`);
    return page;
  }
  const shows = (page: Page, id: string, text: RegExp) =>
    page.waitForFunction(`${text}.test(document.getElementById('${id}')?.textContent ?? '')`);
  const asked = (page: Page) => page.evaluate(() => (globalThis as Globals).subscriptions);

  test('a job is submitted, followed to its end, and in the lists', async () => {
    const page = await open();
    await shows(page, 'list', /^true 0/);
    await page.click('#send');
    await shows(page, 'job', /^completed$/);
    await shows(page, 'list', /^true 1 Letter$/);
    await shows(page, 'group', /^1 of 1$/);
    await shows(page, 'connection', /^live$/);
    // Mounted twice by StrictMode, and by two lists: one subscription.
    const own = (await asked(page)).filter((topic) => !topic.startsWith('group:'));
    expect(own).toEqual(['tag:react', expect.stringMatching(/^watch job_/)]);
    await page.click('#wrong');
    await shows(page, 'error', /./);
  });

  test('a list that is taken away and shown again at once is not asked for again', async () => {
    const page = await open();
    await shows(page, 'list', /^true/);
    const before = (await asked(page)).length;
    await page.click('#toggle');
    await page.click('#toggle');
    await shows(page, 'list', /^true/);
    // Where a busy machine has let half a second pass in between, it is.
    expect((await asked(page)).length - before).toBeLessThanOrEqual(1);
  });

  test('hooks go on when the server was killed and is back, with what happened meanwhile', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'inkwire-react-'));
    const env = { INKWIRE_KEYS: `alice=${alice}`, INKWIRE_WORKERS: '1' };
    let process = await startServer({ dataDir, env });
    const { port } = process;
    try {
      const page = await open(process.url);
      await page.click('#send');
      await shows(page, 'job', /^completed$/);
      await shows(page, 'group', /^1 of 1$/);
      await process.kill();
      await shows(page, 'connection', /^(connecting|waiting)$/);
      process = await startServer({ dataDir, env, port });
      // By another client, before the page is back or after.
      await fetch(`${process.url}/api/v1/jobs`, {
        method: 'POST',
        headers: { authorization: `Bearer ${alice}`, 'content-type': 'application/json' },
        body: JSON.stringify({
          ...{ title: 'Meanwhile', tags: ['react'], group: 'react' },
          operations: [{ type: 'add_text', text: 'x' }],
        }),
      });
      await shows(page, 'list', /^true 2 Meanwhile,Letter$/);
      await shows(page, 'group', /^2 of 2$/);
      await shows(page, 'connection', /^live$/);
    } finally {
      await process.stop();
      await rm(dataDir, { recursive: true, force: true });
    }
  });

  test('<inkwire-job> shows a bar, then the document', async () => {
    const page = await open();
    const end = await page.evaluate(`(async () => {
      const job = await inkwire.submit(${JSON.stringify({ ...aMoment, title: 'Long' })});
      const element = document.createElement('inkwire-job');
      element.setAttribute('job', job.job_id);
      element.client = inkwire;
      const ended = new Promise((resolve) => element.addEventListener('inkwire-end', (event) => resolve(event.detail)));
      document.body.append(element);
      return ended;
    })()`);
    expect(end).toMatchObject({ status: 'completed', title: 'Long' });
    await page.waitForFunction(`(() => {
      const frame = document.querySelector('inkwire-job').shadowRoot.querySelector('iframe');
      return !frame.hidden && frame.src.startsWith('blob:') && frame.title === 'Long';
    })()`);
  });
});
