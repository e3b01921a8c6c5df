import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AppServer } from '../helpers/app-server.js';
import { useChromium, withoutChromium } from './chromium.js';
import { accessibilityFindings, startPageServer } from './page-server.js';

describe.skipIf(withoutChromium)('the editor of the live page', () => {
  const chromium = useChromium();
  let server: AppServer;
  beforeAll(async () => {
    server = await startPageServer();
  });
  afterAll(() => server?.close());

  async function open(viewport = { width: 1280, height: 800 }): Promise<{ page: Page; faults: string[] }> {
    const context = await chromium.visit({ viewport });
    const page = await context.newPage();
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    await page.goto(`${server.url}/#/submit`);
    await page.getByText('Live').waitFor();
    return { page, faults };
  }

  const editor = (page: Page) => page.getByRole('textbox', { name: 'Request, as JSON' });
  const picture = (page: Page, number = 1) => page.getByRole('img', { name: `Page ${number}`, exact: true });
  const source = (page: Page) => picture(page).getAttribute('src');
  const options = (page: Page) => page.getByRole('option').locator('span:first-child').allTextContents();
  const caret = (page: Page) =>
    page.evaluate<{ text: string; at: number }>(
      `(({ value, selectionStart }) => ({ text: value, at: selectionStart }))(document.querySelector('.editor-field'))`,
    );

  test('the page is seen while its text is written, and another one after a change', async () => {
    const { page, faults } = await open();
    await picture(page).waitFor();
    const before = await source(page);
    await editor(page).fill(
      JSON.stringify({ operations: [{ type: 'add_text', text: 'Other', font_size: 40 }] }),
    );
    await expect.poll(() => source(page)).not.toBe(before);
    expect(faults).toEqual([]);
  });

  test('a mistake stands at its line while the last good page stays, and goes when it is mended', async () => {
    const { page } = await open();
    await picture(page).waitFor();
    const before = await source(page);
    const good = JSON.stringify({ operations: [{ type: 'add_text', text: 'Good' }] }, null, 2);
    await editor(page).fill(good.replace('"add_text"', '"add_txt"'));
    await page.getByRole('heading', { name: '1 mistake' }).waitFor();
    expect(await page.locator('.mistakes li').textContent()).toMatch(/^Line 4\s+\/operations\/0\/type/);
    expect(await source(page)).toBe(before);
    await page.getByText('As it was before the mistakes.').waitFor();
    await editor(page).fill(good);
    await expect.poll(() => page.locator('.mistakes li').count()).toBe(0);
    await expect.poll(() => source(page)).not.toBe(before);
  });

  test('what is no JSON is told where it ends to be some, and asks the server nothing', async () => {
    const { page } = await open();
    await picture(page).waitFor();
    const sent: string[] = [];
    page.on('request', (request) => sent.push(new URL(request.url()).pathname));
    await editor(page).fill('{\n  "operations": [}\n');
    await page.getByText('A value is missing here').first().waitFor();
    expect(sent).not.toContain('/api/v1/preview');
  });

  test('a question that is overtaken is taken back, and its answer is never seen', async () => {
    const { page } = await open();
    await picture(page).waitFor();
    const broken: string[] = [];
    page.on('requestfailed', (request) => broken.push(String(request.postData())));
    // Held until the page has given it up.
    await page.route('**/api/v1/preview*', (route) =>
      route.request().postData()?.includes('Slow') ? undefined : route.continue(),
    );
    await editor(page).fill(JSON.stringify({ operations: [{ type: 'add_text', text: 'Slow' }] }));
    await page.getByText('Rendering …').waitFor();
    await editor(page).fill(JSON.stringify({ operations: [{ type: 'add_text', text: 'Quick' }] }));
    await expect.poll(() => broken.length).toBe(1);
    expect(broken[0]).toContain('Slow');
    await expect.poll(() => page.getByText('Rendering …').count()).toBe(0);
    await page.getByRole('button', { name: 'add_text, /operations/0' }).waitFor();
  });

  test('members and choices are suggested, taken by the keyboard, and taken back by it', async () => {
    const { page } = await open();
    await editor(page).fill('{ "operations": [{ "type": "add_text", "text": "Hello"');
    await editor(page).press('Control+End');
    // The server's own description tells what there is.
    await page.waitForLoadState('networkidle');
    await page.keyboard.type(', "al');
    await expect.poll(() => options(page)).toContain('align');
    const active = await editor(page).getAttribute('aria-activedescendant');
    expect(await page.locator(`[id="${active}"]`).getAttribute('aria-selected')).toBe('true');
    expect(await page.getByRole('listbox').getAttribute('id')).toBe(
      await editor(page).getAttribute('aria-controls'),
    );
    while ((await page.locator('[aria-selected="true"] span').first().textContent()) !== 'align')
      await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    // It is a choice: its values come by themselves.
    await expect.poll(() => options(page)).toEqual(['left', 'center', 'right', 'justify']);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Tab');
    expect((await caret(page)).text).toMatch(/"text": "Hello", "align": "center"$/);
    await page.keyboard.press('Control+Z');
    expect((await caret(page)).text).not.toContain('center');
    expect(await page.evaluate('document.activeElement.className')).toBe('editor-field');
  });

  test('operations are suggested where one may stand, and Escape closes the list alone', async () => {
    const { page } = await open();
    await page.waitForLoadState('networkidle');
    await editor(page).fill('{ "operations": [] }');
    await page.evaluate(`document.querySelector('.editor-field').setSelectionRange(17, 17)`);
    await page.keyboard.press('Control+Space');
    await expect.poll(() => options(page)).toContain('add_qr');
    await page.keyboard.press('Escape');
    await expect.poll(() => options(page)).toEqual([]);
    expect(page.url()).toContain('#/submit');
    await page.keyboard.press('Control+Space');
    await page.getByRole('option', { name: /^add_qr/ }).click();
    const { text, at } = await caret(page);
    expect(text).toContain('{ "type": "add_qr", "value": "" }');
    expect(text.slice(0, at)).toMatch(/"value": "$/);
  });

  test('a new line is as deep as it should be', async () => {
    const { page } = await open();
    await editor(page).fill('{}');
    await page.evaluate(`document.querySelector('.editor-field').setSelectionRange(1, 1)`);
    await page.keyboard.press('Enter');
    await page.keyboard.type('"operations": [');
    await page.keyboard.press('Enter');
    await page.keyboard.type('{');
    expect((await caret(page)).text).toBe('{\n  "operations": [\n    {\n}');
  });

  test('a click on the page leads to the operation, and the operation that is written is marked there', async () => {
    const { page } = await open();
    await page.getByRole('button', { name: /^Invoice/ }).click();
    const table = page.getByRole('button', { name: 'add_table, /operations/3' });
    // The page of the text before has places, too, until that of the invoice is there.
    await page.locator('[aria-label*="/operations/1/columns/"]').first().waitFor();
    await table.click();
    await expect
      .poll(async () => {
        const { text, at } = await caret(page);
        return text.slice(at).replace(/\s+/g, ' ').slice(0, 22);
      })
      .toBe('{ "type": "add_table",');
    await expect.poll(() => table.getAttribute('class')).toContain('area-current');
    // One stop of the Tab key, then the arrows.
    await table.focus();
    await page.keyboard.press('ArrowUp');
    expect(await page.evaluate<string>('document.activeElement.getAttribute("aria-label")')).toMatch(
      /columns/,
    );
    await page.keyboard.press('Enter');
    await expect.poll(() => page.evaluate('document.activeElement.className')).toBe('editor-field');
  });

  test('pages are turned, and the last one is shown when there are fewer', async () => {
    const { page } = await open();
    const texts = (count: number) =>
      JSON.stringify({
        operations: Array.from({ length: count }, (_, n) => [
          ...(n > 0 ? [{ type: 'add_page_break' }] : []),
          { type: 'add_text', text: String(n) },
        ]).flat(),
      });
    await editor(page).fill(texts(3));
    await page.getByText('of 3').waitFor();
    await page.getByRole('button', { name: 'Next page' }).click();
    await picture(page, 2).waitFor();
    await page.getByRole('button', { name: 'Next page' }).click();
    await picture(page, 3).waitFor();
    await editor(page).fill(texts(2));
    await picture(page, 2).waitFor();
  });

  test('a request of a kind without pages is checked', async () => {
    const { page } = await open();
    await editor(page).fill(JSON.stringify({ kind: 'merge', inputs: [] }));
    await page.getByRole('heading', { name: /mistake/ }).waitFor();
    await editor(page).fill(JSON.stringify({ kind: 'merge', files: 3 }));
    await page.getByRole('heading', { name: /mistake/ }).waitFor();
  });

  test('warnings of a page stand below it and lead to their place', async () => {
    const { page } = await open();
    await editor(page).fill(
      JSON.stringify({ operations: [{ type: 'add_text', text: 'Gone', x: 500 }] }, null, 2),
    );
    await page.getByText(/of it is not seen/).waitFor();
    await page.locator('.preview-warnings').getByRole('button').click();
    await expect.poll(async () => (await caret(page)).at).toBeGreaterThan(10);
  });

  test('the request is copied as a program', async () => {
    const { page } = await open();
    await page.getByRole('button', { name: 'Use in a program' }).click();
    const dialog = page.getByRole('dialog', { name: 'Send it from a program' });
    await dialog.getByRole('button', { name: 'PHP' }).click();
    const code = await dialog.getByRole('region', { name: 'Program in PHP' }).textContent();
    expect(code).toContain('curl_init');
    expect(code).toContain(`'${server.url}'`);
    expect(code).toContain('"title": "Hello"');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
  });

  test('on a narrow screen text and page take turns', async () => {
    const { page } = await open({ width: 390, height: 800 });
    await editor(page).waitFor();
    await page.getByRole('button', { name: 'Page', exact: true }).click();
    await picture(page).waitFor();
    expect(await editor(page).isVisible()).toBe(false);
    const width = await page.evaluate<number>('document.documentElement.scrollWidth');
    expect(width).toBeLessThanOrEqual(390);
    await page.getByRole('button', { name: 'add_text, /operations/0' }).click();
    await editor(page).waitFor();
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    test(`axe has nothing against it, ${colorScheme}, with mistakes and suggestions`, async () => {
      const context = await chromium.visit({ viewport: { width: 1280, height: 800 }, colorScheme });
      const page = await context.newPage();
      await page.goto(`${server.url}/#/submit`);
      await picture(page).waitFor();
      expect(await accessibilityFindings(page)).toEqual([]);
      await page.getByRole('button', { name: /^With mistakes/ }).click();
      await page.getByRole('heading', { name: '4 mistakes' }).waitFor();
      await page.evaluate(`document.querySelector('.editor-field').setSelectionRange(1, 1)`);
      await editor(page).press('Control+Space');
      await page.getByRole('listbox').waitFor();
      expect(await accessibilityFindings(page)).toEqual([]);
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: /^Invoice/ }).click();
      await expect.poll(() => page.locator('.mistakes li').count()).toBe(0);
      await page.getByRole('button', { name: 'Use in a program' }).click();
      await page.getByRole('dialog').waitFor();
      expect(await accessibilityFindings(page)).toEqual([]);
    });
  }
});
