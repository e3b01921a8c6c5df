import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AppServer } from '../helpers/app-server.js';
import { startReceiver, type WebhookReceiver } from '../helpers/webhook-receiver.js';
import { useChromium, withoutChromium } from './chromium.js';
import { accessibilityFindings, startPageServer } from './page-server.js';

describe.skipIf(withoutChromium)('webhooks in the live page', () => {
  const chromium = useChromium();
  let server: AppServer;
  let receiver: WebhookReceiver;
  beforeAll(async () => {
    server = await startPageServer({ INKWIRE_ALLOW_PRIVATE_FETCH: 'true' });
    receiver = await startReceiver();
  });
  afterAll(async () => {
    await server?.close();
    await receiver?.close();
  });
  beforeEach(() => {
    receiver.taken.length = 0;
    receiver.answer = () => undefined;
  });

  async function open(options: Parameters<typeof chromium.visit>[0] = {}): Promise<Page> {
    const context = await chromium.visit({ viewport: { width: 1280, height: 800 }, ...options });
    const page = await context.newPage();
    await page.goto(`${server.url}/#/webhooks`);
    await page.getByText('Live', { exact: true }).waitFor();
    return page;
  }

  async function add(page: Page, path: string) {
    await page.getByLabel('Address').fill(`${receiver.url}${path}`);
    await page.getByRole('button', { name: 'Add webhook' }).click();
    const webhook = page.getByRole('article', { name: `${receiver.url}${path}` });
    await webhook.waitFor();
    return webhook;
  }

  test('are added with a secret, tested, looked into, replayed, turned off and removed', async () => {
    const page = await open();
    const webhook = await add(page, '/page');
    const secret = await page.locator('.secret').textContent();
    receiver.secrets.set('/page', secret ?? '');
    await webhook.getByRole('button', { name: 'Send a test' }).click();
    await page.getByText('The receiver took the test message (HTTP 204).').waitFor();
    await webhook.getByRole('button', { name: 'Deliveries' }).click();
    await webhook.getByRole('button', { name: 'webhook.test' }).click();
    await webhook.getByText('"type":"webhook.test"').waitFor();
    await webhook.getByRole('button', { name: 'Send again' }).click();
    await expect.poll(() => receiver.taken.length).toBe(2);
    expect(receiver.taken[1]?.id).toBe(receiver.taken[0]?.id);
    receiver.answer = () => 500;
    await webhook.getByRole('button', { name: 'Send a test' }).click();
    await page.getByText('The receiver did not take it: HTTP 500').waitFor();
    await webhook.getByRole('button', { name: 'Turn off' }).click();
    await webhook.getByText('paused').waitFor();
    await webhook.getByRole('button', { name: 'Turn on' }).click();
    await webhook.getByText('active').waitFor();
    page.on('dialog', (dialog) => void dialog.accept());
    await webhook.getByRole('button', { name: 'Remove' }).click();
    await webhook.waitFor({ state: 'detached' });
    expect(receiver.refused).toEqual([]);
  });

  test('say why an address is refused', async () => {
    const page = await open();
    await page.getByLabel('Address').fill('ftp://example.org/');
    await page.getByRole('button', { name: 'Add webhook' }).click();
    await page.getByText('must be an absolute http or https URL').waitFor();
  });

  test.each(['light', 'dark'] as const)('axe has nothing against them, %s', async (colorScheme) => {
    const page = await open({ colorScheme, viewport: { width: 390, height: 800 } });
    const webhook = await add(page, `/${colorScheme}`);
    await webhook.getByRole('button', { name: 'Send a test' }).click();
    await webhook.getByRole('button', { name: 'Deliveries' }).click();
    await webhook.getByRole('button', { name: 'webhook.test' }).waitFor();
    expect(await accessibilityFindings(page)).toEqual([]);
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
  });
});
