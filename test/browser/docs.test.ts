import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { operationExamples } from '../../src/http/docs/operation-examples.js';
import { type AppServer, alice, startAppServer } from '../helpers/app-server.js';
import { useChromium, withoutChromium } from './chromium.js';
import { accessibilityFindings, startPageServer } from './page-server.js';

describe.skipIf(withoutChromium)('the page of the documentation', () => {
  const chromium = useChromium();
  let server: AppServer;
  let keyed: AppServer;
  beforeAll(async () => {
    server = await startPageServer();
    keyed = await startAppServer();
  });
  afterAll(async () => {
    await server.close();
    await keyed.close();
  });

  async function docs(at: AppServer, width = 1280): Promise<Page> {
    const page = await (await chromium.visit({ viewport: { width, height: 800 } })).newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    await page.goto(`${at.url}/docs`);
    await page.locator('html.live').waitFor();
    expect(errors).toEqual([]);
    return page;
  }

  test('has an anchor and a picture for each operation of documents', async () => {
    const page = await docs(server);
    for (const name of Object.keys(operationExamples)) {
      const article = page.locator('article', { has: page.locator(`#${name}`) });
      const picture = article.locator('img').first();
      await picture.scrollIntoViewIfNeeded();
      await expect.poll(() => picture.evaluate((img) => 'naturalWidth' in img && img.naturalWidth)).toBe(480);
    }
  });

  test('an operation can be tried: what is changed is seen, what is wrong is told', async () => {
    const page = await docs(server);
    const form = page.locator('article', { has: page.locator('#add_text') }).locator('form');
    await form.getByRole('button').click();
    const drawn = form.getByRole('img');
    await drawn.waitFor();
    const before = await drawn.getAttribute('src');
    await form.getByLabel('Body').fill('{"operations":[{"type":"add_text","text":"Other words"}]}');
    await form.getByRole('button').click();
    await expect.poll(() => drawn.getAttribute('src')).not.toBe(before);
    await form.getByLabel('Body').fill('{"operations":[{"type":"add_text"}]}');
    await form.getByRole('button').click();
    await form.getByText('/operations/0/text').waitFor();
  });

  test('what is tried can be opened in the editor of the page, as it was changed', async () => {
    const page = await docs(server);
    const form = page.locator('article', { has: page.locator('#add_text') }).locator('form');
    const body = '{"operations":[{"type":"add_text","text":"From the reference & more?"}]}';
    await form.getByLabel('Body').fill(body);
    await form.getByRole('link', { name: 'Open in the editor' }).click();
    const editor = page.getByRole('textbox', { name: 'Request, as JSON' });
    await expect.poll(() => editor.inputValue()).toBe(body);
    await page.getByRole('img', { name: 'Page 1', exact: true }).waitFor();
  });

  test('a call can be tried with a key and its parameters, and its file opened', async () => {
    const page = await docs(keyed);
    const submit = page.locator('#submitJob');
    await submit.locator('summary').click();
    await submit.getByRole('button').click();
    await submit.getByText(/^401 /).waitFor();
    await page.getByLabel(/^Key/).fill(alice);
    await submit.getByLabel('Example').selectOption({ label: 'Two PDFs as one' });
    await submit.getByRole('button').click();
    const record = submit.locator('output pre');
    await record.getByText('"kind": "merge"').waitFor();
    const { data } = JSON.parse((await record.textContent()) ?? '');
    const poll = page.locator('#getJob');
    await poll.locator('summary').click();
    await poll.getByLabel('id').fill(data.job_id);
    await expect
      .poll(async () => {
        await poll.getByRole('button').click();
        return poll.locator('output').textContent();
      })
      .toContain('"status": "completed"');
    const result = page.locator('#getResult');
    await result.locator('summary').click();
    await result.getByLabel('id').fill(data.job_id);
    await result.getByRole('button').click();
    await result.getByRole('link', { name: /^Open the answer/ }).waitFor();
  });

  test.each([1280, 390])('axe finds nothing at %i pixels, and nothing is cut', async (width) => {
    const page = await docs(server, width);
    await page.locator('#submitJob summary').click();
    await page.locator('#schema-Job summary').click();
    expect(await accessibilityFindings(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await accessibilityFindings(page, ['color-contrast'])).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
  });
});
