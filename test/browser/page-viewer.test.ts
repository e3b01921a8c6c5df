import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AppServer } from '../helpers/app-server.js';
import { useChromium, withoutWholeChromium } from './chromium.js';
import { small, startPageServer, submit } from './page-server.js';

describe.skipIf(withoutWholeChromium)('the live page in the browser that people have', () => {
  const chromium = useChromium({ whole: true });
  let server: AppServer;
  beforeAll(async () => {
    server = await startPageServer();
  });
  afterAll(() => server?.close());

  test('a PDF is shown in place by the viewer of the browser', async () => {
    const id = await submit(server, small);
    const page = await (await chromium.visit({ viewport: { width: 1280, height: 800 } })).newPage();
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    await page.goto(`${server.url}/#/jobs/${id}`);
    await page.locator('.view-head .status-completed').waitFor();
    await page.getByRole('button', { name: 'PDF', exact: true }).click();
    const frame = page.locator('iframe.pdf');
    await frame.waitFor();
    expect(await frame.getAttribute('src')).toMatch(/^blob:/);
    expect(faults).toEqual([]);
  });
});
