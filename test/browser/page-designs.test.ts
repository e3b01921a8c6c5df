import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AppServer } from '../helpers/app-server.js';
import { useChromium, withoutChromium } from './chromium.js';
import { accessibilityFindings, startPageServer } from './page-server.js';

const letter = {
  label: 'Letter',
  params: [
    { name: 'name', type: 'text', label: 'To whom' },
    { name: 'urgent', type: 'boolean', label: 'Urgent' },
    { name: 'sent', type: 'date', label: 'Sent' },
    {
      name: 'items',
      type: 'collection',
      label: 'Items',
      spec: [
        { name: 'what', type: 'text', label: 'What' },
        { name: 'price', type: 'number', label: 'Price' },
      ],
    },
  ],
  samples: {
    Ada: { name: 'Ada', items: [{ what: 'Ink', price: 9.5 }] },
    Grace: { name: 'Grace', items: [] },
  },
  operations: [
    { type: 'add_text', text: 'Dear {{name}}' },
    { $for: 'item in items', do: [{ type: 'add_text', text: '{{item.what}} {{item.price}}' }] },
  ],
};

describe.skipIf(withoutChromium)('designs in the live page', () => {
  const chromium = useChromium();
  let server: AppServer;
  beforeAll(async () => {
    server = await startPageServer();
  });
  afterAll(() => server?.close());

  async function put(id: string, design: object = letter): Promise<void> {
    const answer = await fetch(`${server.url}/api/v1/designs/${id}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(design),
    });
    expect(answer.ok).toBe(true);
  }
  const stored = async (id: string) => {
    const answer = await fetch(`${server.url}/api/v1/designs/${id}`);
    return (await answer.json()) as {
      data: { version: number; design: { label?: string; operations: object[] } };
    };
  };

  async function open(hash: string, options: Parameters<typeof chromium.visit>[0] = {}): Promise<Page> {
    const context = await chromium.visit({ viewport: { width: 1280, height: 800 }, ...options });
    const page = await context.newPage();
    await page.goto(`${server.url}/${hash}`);
    await page.getByText('Live').waitFor();
    return page;
  }
  const editor = (page: Page) => page.getByRole('textbox', { name: 'Design, as JSON' });
  const picture = (page: Page) => page.getByRole('img', { name: 'Page 1', exact: true });
  const source = (page: Page) => picture(page).getAttribute('src');

  test('are listed, and lead to their text and page', async () => {
    await put('listed');
    const page = await open('#/designs');
    const line = page.getByRole('listitem').filter({ hasText: 'listed' });
    expect(await line.textContent()).toMatch(/listed, version 1/);
    // Its first page, as it is drawn with its first sample.
    const small = line.locator('.design-picture img');
    await small.waitFor();
    await expect
      .poll(() => small.evaluate((image) => (image as { naturalWidth?: number }).naturalWidth))
      .toBe(160);
    await line.getByRole('link', { name: 'Letter' }).click();
    await picture(page).waitFor();
    expect(await editor(page).inputValue()).toContain('Dear {{name}}');
    expect(await page.title()).toContain('listed');
  });

  test('another sample and other values are another page', async () => {
    await put('filled');
    const page = await open('#/designs/filled');
    await picture(page).waitFor();
    const first = await source(page);
    await page.getByText('Values').click();
    await page.getByRole('button', { name: 'Grace' }).click();
    await expect.poll(() => source(page)).not.toBe(first);
    const second = await source(page);
    expect(await page.getByLabel('To whom').inputValue()).toBe('Grace');
    await page.getByLabel('To whom').fill('Barbara');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByLabel('What, 1').fill('Pencil');
    await page.getByLabel('Price, 1').fill('1.25');
    await expect.poll(() => source(page)).not.toBe(second);
    await page.getByRole('button', { name: 'add_text, /operations/1/do/0' }).click();
    const at = await page.evaluate<string>(
      `(({ value, selectionStart }) => value.slice(selectionStart))(document.querySelector('.editor-field'))`,
    );
    expect(at).toMatch(/^\{ "type": "add_text", "text": "\{\{item\.what/);
  });

  test('values that do not fit are told, and mend', async () => {
    await put('unfit');
    const page = await open('#/designs/unfit');
    await picture(page).waitFor();
    await page.getByText('Values').click();
    await page.getByLabel('Price, 1').fill('dear');
    await page.getByText(/The values do not fit: items\/0\/price/).waitFor();
    await page.getByLabel('Price, 1').fill('2');
    await expect.poll(() => page.getByText(/do not fit/).count()).toBe(0);
  });

  test('an unknown name stands at its line', async () => {
    await put('faulty');
    const page = await open('#/designs/faulty');
    await picture(page).waitFor();
    await editor(page).fill(JSON.stringify(letter, null, 2).replace('{{name}}', '{{nmae}}'));
    await page.getByText(/nmae/).first().waitFor();
    expect(await page.locator('.mistakes li').first().textContent()).toContain('/operations/0/text');
  });

  test('directives and operations are suggested', async () => {
    await put('suggested');
    const page = await open('#/designs/suggested');
    // The design is there: what is written before it comes would be written over.
    await picture(page).waitFor();
    await editor(page).fill('{ "operations": [{ "$f');
    await editor(page).press('Control+End');
    await page.keyboard.type('o');
    // The server's description of the language may still be on its way.
    await expect
      .poll(async () => {
        await page.keyboard.press('Control+Space');
        return page.getByRole('option', { name: /^\$for/ }).count();
      })
      .toBe(1);
  });

  test('are stored as the next version, and another one can be looked at', async () => {
    await put('kept');
    const page = await open('#/designs/kept');
    await picture(page).waitFor();
    const store = page.getByRole('button', { name: 'Store', exact: true });
    expect(await store.isDisabled()).toBe(true);
    await editor(page).fill(JSON.stringify({ ...letter, label: 'Second' }));
    await page.getByText('not stored').waitFor();
    await page.keyboard.press('Control+Enter');
    await page.getByText('Version 2 of kept is stored.').waitFor();
    expect((await stored('kept')).data).toMatchObject({ version: 2, design: { label: 'Second' } });
    await page.getByLabel('Version').selectOption('1');
    await page.getByRole('heading', { name: 'Letter' }).waitFor();
    expect(page.url()).toContain('version=1');
    await page.getByRole('button', { name: 'Store again' }).click();
    await page.getByText('Version 3 of kept is stored.').waitFor();
    expect((await stored('kept')).data).toMatchObject({ version: 3, design: { label: 'Letter' } });
  });

  test('a version that somebody else has stored meanwhile is not lost without a word', async () => {
    await put('shared');
    const page = await open('#/designs/shared');
    await picture(page).waitFor();
    await put('shared', { ...letter, label: 'Theirs' });
    await editor(page).fill(JSON.stringify({ ...letter, label: 'Mine' }));
    await page.getByRole('button', { name: 'Store', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Somebody else has stored a version' });
    await dialog.getByRole('button', { name: 'Keep' }).click();
    expect((await stored('shared')).data.design.label).toBe('Theirs');
    await page.getByRole('button', { name: 'Store', exact: true }).click();
    await dialog.getByRole('button', { name: 'Store over it' }).click();
    await page.getByText('Version 3 of shared is stored.').waitFor();
  });

  test('a new one is begun, stored under its id, and made into a document', async () => {
    const page = await open('#/designs');
    await page.getByRole('link', { name: 'New design' }).click();
    await picture(page).waitFor();
    await page.getByRole('button', { name: 'Store', exact: true }).click();
    await page.getByText('An id of letters').waitFor();
    await page.getByLabel('Id').fill('begun');
    await page.getByRole('button', { name: 'Store', exact: true }).click();
    await page.waitForURL(/#\/designs\/begun/);
    await picture(page).waitFor();
    await page.getByRole('button', { name: 'Make a document' }).click();
    await page.waitForURL(/#\/jobs\/job_/);
    await page.locator('.view-head .status-completed').waitFor();
  });

  test('what is not stored is there again, and can be discarded', async () => {
    await put('left');
    const page = await open('#/designs/left');
    await picture(page).waitFor();
    await editor(page).fill(JSON.stringify({ ...letter, label: 'Half' }));
    await page.getByRole('link', { name: 'Jobs', exact: true }).click();
    await page.getByRole('heading', { name: 'Jobs', exact: true }).waitFor();
    await page.goBack();
    await page.getByRole('heading', { name: 'Half' }).waitFor();
    await page.getByRole('button', { name: 'Discard' }).click();
    await page.getByRole('heading', { name: 'Letter' }).waitFor();
  });

  test('the program to copy names the design and its version', async () => {
    await put('copied');
    const page = await open('#/designs/copied');
    await picture(page).waitFor();
    await page.getByRole('button', { name: 'Use in a program' }).click();
    const code = await page.getByRole('region', { name: 'Program in curl' }).textContent();
    expect(code).toContain('"design": "copied"');
    expect(code).toContain('"version": 1');
  });

  test('one that is retired is gone from the list', async () => {
    await put('old');
    const page = await open('#/designs/old');
    await page.getByRole('button', { name: 'Retire' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Retire' }).click();
    await page.getByRole('heading', { name: 'Designs' }).waitFor();
    await page.getByText('invoice', { exact: true }).waitFor();
    expect(await page.locator('.design').filter({ hasText: 'old,' }).count()).toBe(0);
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    test(`axe has nothing against them, ${colorScheme}`, async () => {
      await put('looked-at');
      const page = await open('#/designs', { colorScheme });
      await page.getByText('looked-at').waitFor();
      expect(await accessibilityFindings(page)).toEqual([]);
      await page.goto(`${server.url}/#/designs/looked-at`);
      await picture(page).waitFor();
      await page.getByText('Values').click();
      expect(await accessibilityFindings(page)).toEqual([]);
    });
  }

  test('nothing is wider than a narrow screen', async () => {
    await put('narrow');
    const page = await open('#/designs/narrow', { viewport: { width: 390, height: 800 } });
    await page.getByRole('button', { name: 'Page', exact: true }).click();
    await picture(page).waitFor();
    await page.getByText('Values').click();
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
    expect(await accessibilityFindings(page)).toEqual([]);
  });
});
