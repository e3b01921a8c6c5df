import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AppServer } from '../helpers/app-server.js';
import { useChromium, withoutChromium } from './chromium.js';
import { small, startPageServer, submit } from './page-server.js';

const patient = { timeout: 60_000 };
const dist = new URL('../../client/dist/', import.meta.url);

/** As a bundler's dev server hands it out: from a place of its own, below the page's origin. */
describe.skipIf(withoutChromium)('<inkwire-pages> of the package', () => {
  const chromium = useChromium();
  let server: AppServer;
  beforeAll(async () => {
    server = await startPageServer();
  });
  afterAll(() => server?.close());

  test('shows a document of the page’s own origin, and follows one that is being made', async () => {
    const page = await (await chromium.visit()).newPage();
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    await page.route('**/modules/*.js', async (route) => {
      const name = route.request().url().split('/').at(-1) ?? '';
      const body = await readFile(new URL(name, dist), 'utf8');
      await route.fulfill({ contentType: 'text/javascript', body });
    });
    const html = '<!doctype html><title>App</title><script type="module" src="/modules/pages.js"></script>';
    await page.route('**/app/here.html', (route) => route.fulfill({ contentType: 'text/html', body: html }));
    await page.goto(`${server.url}/app/here.html`);
    const job = await submit(server, small);
    await page.evaluate(
      `document.body.insertAdjacentHTML('beforeend', '<inkwire-pages job="${job}" style="block-size: 600px"></inkwire-pages>')`,
    );
    await page.getByRole('group', { name: 'Page 1 of 1' }).locator('img[src]').waitFor(patient);
    expect(faults).toEqual([]);
    await page.context().close();
  });
});
