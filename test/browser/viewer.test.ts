import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AppServer } from '../helpers/app-server.js';
import { useChromium, withoutChromium } from './chromium.js';
import { accessibilityFindings, startPageServer, submit } from './page-server.js';
import { type Front, openFront } from './sdk-front.js';
import {
  drawn,
  lastTold,
  openViewer,
  paper,
  sheet,
  submitFile,
  untilEnded,
  type ViewerOptions,
} from './viewer-page.js';

describe.skipIf(withoutChromium)('the viewer of pages', () => {
  const chromium = useChromium();
  let server: AppServer;
  let front: Front;
  /** A preview of one page of twenty: the others can be had from its PDF. */
  let twenty: string;
  beforeAll(async () => {
    server = await startPageServer();
    front = await openFront(server.port);
    twenty = await submitFile(server, { kind: 'preview', pages: '1' }, await paper(20));
    await untilEnded(server, twenty);
  });
  afterAll(async () => {
    await front?.close();
    await server?.close();
  });

  const show = async (options: ViewerOptions, visit: object = {}) =>
    openViewer(
      await chromium.visit({ viewport: { width: 1000, height: 800 }, ...visit }),
      { front, server },
      options,
    );
  const job = (id: string, more: Readonly<Record<string, string>> = {}) => ({
    attributes: { job: id, ...more },
  });
  const view = (page: Page) => page.getByRole('region', { name: 'Pages of the document' });
  const top = (page: Page) => view(page).evaluate(({ scrollTop }) => scrollTop);

  test('lays out every page before a picture is there, and nothing moves when they come', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { page, faults } = await show({
      ...job(twenty),
      prepare: (page) =>
        page.route(/\/(pages\/\d+\.jpg|artifacts\/page-)/, async (route) => {
          await held;
          await route.continue();
        }),
    });
    await sheet(page, 2).waitFor();
    const places = () =>
      page.evaluate<number[]>(`[...viewer.shadowRoot.querySelectorAll('.sheet')].flatMap((each) => {
        const { left, top, width, height } = each.getBoundingClientRect();
        return [left, top, width, height];
      })`);
    const before = await places();
    const height = await view(page).evaluate(({ scrollHeight }) => scrollHeight);
    expect(await sheet(page, 1).locator('img[src]').count()).toBe(0);
    release();
    await drawn(page, 1);
    await drawn(page, 2);
    expect(await places()).toEqual(before);
    expect(await view(page).evaluate(({ scrollHeight }) => scrollHeight)).toBe(height);
    expect(await lastTold(page, 'ready')).toMatchObject({ pages: 20 });
    expect(faults).toEqual([]);
  });

  test('zooms by buttons, keys and the wheel, and asks for a picture that is as sharp as the screen', async () => {
    const { page, asked } = await show(job(twenty, { page: '2' }), { deviceScaleFactor: 2 });
    await drawn(page, 2);
    const width = async () => (await sheet(page, 2).boundingBox())?.width ?? 0;
    const fitted = await width();
    // As wide as the view beside the small pictures and the scroll bar, at two device pixels.
    expect(await view(page).evaluate(({ clientWidth }) => clientWidth)).toBeCloseTo(fitted + 24, 0);
    expect(asked.filter((path) => path.startsWith('pages/2.jpg'))).toEqual(['pages/2.jpg?width=1920']);

    await page.getByRole('button', { name: 'Fit to page' }).click();
    expect((await sheet(page, 2).boundingBox())?.height).toBeLessThan(800);
    await page.getByRole('button', { name: 'Zoom in' }).click();
    const { zoom } = await lastTold<{ zoom: number }>(page, 'zoomchange');
    expect(await width()).toBeCloseTo((595 * 96 * zoom) / 72, -1);
    await view(page).focus();
    await page.keyboard.press('1');
    expect(await width()).toBeCloseTo((595 * 96) / 72, 0);
    await page.keyboard.press('-');
    expect(await width()).toBeCloseTo((0.9 * 595 * 96) / 72, 0);
    await page.keyboard.press('0');
    expect(await width()).toBeCloseTo(fitted, 0);

    // What is below the pointer stays there.
    const box = await sheet(page, 2).boundingBox();
    const point = { x: (box?.x ?? 0) + fitted / 2, y: 400 };
    const part = (400 - (box?.y ?? 0)) / (box?.height ?? 1);
    await page.mouse.move(point.x, point.y);
    await page.keyboard.down('Control');
    await page.mouse.wheel(0, -100);
    await page.keyboard.up('Control');
    await expect.poll(width).toBeGreaterThan(fitted * 1.2);
    const now = await sheet(page, 2).boundingBox();
    expect((400 - (now?.y ?? 0)) / (now?.height ?? 1)).toBeCloseTo(part, 2);
  });

  test('the words over a picture are selected where they are seen, and copied in their order', async () => {
    const { page } = await show(job(twenty));
    await drawn(page, 1);
    const words = sheet(page, 1).locator('.text span');
    await words.first().waitFor();
    const box = async (text: string) => {
      const found = await words.filter({ hasText: text }).first().boundingBox();
      if (found === null) throw new Error(`${text} is not there`);
      return found;
    };
    const [first, last] = [await box('Page'), await box('hay')];
    const shape = await sheet(page, 1).boundingBox();
    // At 60 of 595 points from the left, as it was written.
    expect((first.x - (shape?.x ?? 0)) / (shape?.width ?? 1)).toBeCloseTo(60 / 595, 1);
    await page.mouse.move(first.x + 1, first.y + first.height / 2);
    await page.mouse.down();
    await page.mouse.move(last.x + last.width - 1, last.y + last.height / 2, { steps: 5 });
    await page.mouse.up();
    const copied = await page.evaluate(`new Promise((resolve) => {
      addEventListener('copy', () => setTimeout(() => resolve(viewer.shadowRoot.getSelection().toString())), { once: true });
      document.execCommand('copy');
    })`);
    expect(String(copied).trim()).toBe('Page 1 of the paper\nA needle lies in the hay');
    expect(await page.evaluate('viewer.textOf(10)')).toBe(
      'Page 10 of the paper\nA needle lies in the hay\nnear the Hárbour wall',
    );
  });

  test('finds words whatever their case and accents, counts them, and goes from one to the next', async () => {
    const { page, asked } = await show(job(twenty));
    await drawn(page, 1);
    await view(page).focus();
    await page.keyboard.press('Control+f');
    await page.keyboard.type('harbour WALL');
    const found = page.locator('.found');
    await expect.poll(() => found.textContent()).toBe('1 of 2');
    const current = page.locator('.mark.current');
    await current.waitFor();
    const lies = await current.boundingBox();
    const on = await sheet(page, 10).boundingBox();
    expect(lies?.y).toBeGreaterThan(on?.y ?? 0);
    expect(((lies?.y ?? 0) - (on?.y ?? 0)) / (on?.height ?? 1)).toBeCloseTo((842 - 420 - 14) / 842, 1);
    await page.keyboard.press('Enter');
    await expect.poll(() => found.textContent()).toBe('2 of 2');
    await expect.poll(() => sheet(page, 20).locator('.mark.current').count()).toBe(1);
    await page.keyboard.press('Enter');
    await expect.poll(() => found.textContent()).toBe('1 of 2');
    await page.keyboard.press('Shift+Enter');
    await expect.poll(() => found.textContent()).toBe('2 of 2');
    expect(await lastTold(page, 'find')).toMatchObject({
      query: 'harbour wall',
      count: 2,
      current: 2,
      page: 20,
      searched: 20,
    });
    // The text of each page was asked for once by the search, and maybe once by the page itself.
    const texts = asked.filter((path) => path === 'pages/15/text.json');
    expect(texts.length).toBeLessThanOrEqual(2);
    await page.getByRole('textbox', { name: 'Find in document' }).fill('hay');
    await expect.poll(() => found.textContent()).toBe('20 of 20');
    await page.getByRole('textbox', { name: 'Find in document' }).fill('zebra');
    await expect.poll(() => found.textContent()).toBe('Nothing found');
    await page.keyboard.press('Escape');
    await expect.poll(() => page.locator('.mark').count()).toBe(0);
    expect(await view(page).evaluate((element) => element.matches(':focus'))).toBe(true);
  });

  test('everything is done by keys, and what is reached is told', async () => {
    const { page } = await show(job(twenty));
    await drawn(page, 1);
    await page.evaluate('viewer.focus()');
    const number = page.getByRole('textbox', { name: 'Page' });
    await page.keyboard.press('End');
    await expect.poll(() => number.inputValue()).toBe('20');
    await page.keyboard.press('Home');
    await expect.poll(() => number.inputValue()).toBe('1');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => number.inputValue()).toBe('3');
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => number.inputValue()).toBe('2');
    await page.locator('.unseen').getByText('Page 2 of 20').waitFor();
    await page.keyboard.press('2');
    await page.keyboard.press('PageDown');
    await expect.poll(() => number.inputValue()).toBe('3');
    await page.keyboard.press('PageUp');
    await expect.poll(() => number.inputValue()).toBe('2');
    await number.fill('17');
    await page.keyboard.press('Enter');
    await expect.poll(() => lastTold(page, 'pagechange')).toMatchObject({ page: 17, pages: 20 });
    await drawn(page, 17);
    // By Tab from the toolbar: one stop for all small pictures, then the pages.
    await page.getByRole('button', { name: 'Find', exact: true }).focus();
    await page.keyboard.press('Tab');
    const small = page.getByRole('button', { name: 'Page 17', exact: true });
    expect(await small.evaluate((element) => element.matches(':focus'))).toBe(true);
    const ring = 'getComputedStyle(viewer.shadowRoot.activeElement).outlineStyle';
    expect(await page.evaluate(ring)).toBe('solid');
    await page.keyboard.press('ArrowUp');
    await expect.poll(() => number.inputValue()).toBe('16');
    await page.keyboard.press('Tab');
    expect(await view(page).evaluate((element) => element.matches(':focus'))).toBe(true);
  });

  test('what is typed into it is not taken for keys of the page around', async () => {
    const { page } = await show({
      ...job(twenty),
      script: `globalThis.keys = []; addEventListener('keydown', ({ key }) => keys.push(key));`,
    });
    await drawn(page, 1);
    await view(page).focus();
    await page.keyboard.press('/');
    await page.keyboard.type('n?');
    await page.keyboard.press('Escape');
    // What it has no use for is the page's.
    await page.keyboard.press('g');
    expect(await page.evaluate('keys')).toEqual(['g']);
  });

  test('small pictures of all pages lead to them', async () => {
    const { page, asked } = await show(job(twenty));
    const small = page.getByRole('button', { name: 'Page 4', exact: true });
    await expect
      .poll(() => small.locator('.small').evaluate(({ style }) => style.backgroundImage))
      .toContain('blob:');
    expect(asked.filter((path) => path.startsWith('pages/sprite'))).toEqual([
      'pages/sprite.webp?from=1',
      'pages/sprite.json?from=1',
    ]);
    await small.click();
    await expect.poll(() => page.getByRole('textbox', { name: 'Page' }).inputValue()).toBe('4');
    expect(await small.getAttribute('aria-current')).toBe('page');
    await page.getByRole('button', { name: 'Small pictures' }).click();
    await expect.poll(() => page.locator('.strip').count()).toBe(0);
  });

  test('small pictures that cannot be had leave numbers and say so, and are asked for again', async () => {
    let broken = true;
    const { page, asked, faults } = await show({
      ...job(twenty),
      prepare: (page) =>
        page.route(/\/pages\/sprite\.json/, (route) => (broken ? route.abort() : route.continue())),
    });
    const strip = page.getByRole('group', { name: 'Small pictures of the pages' });
    await strip.getByText('Small pictures cannot be shown: The server does not answer.').waitFor();
    expect(await lastTold(page, 'fault')).toMatchObject({ page: 1 });
    const small = page.getByRole('button', { name: 'Page 4', exact: true });
    await small.click();
    await expect.poll(() => small.getAttribute('aria-current')).toBe('page');
    broken = false;
    await page.getByRole('button', { name: 'Ask for the small pictures again' }).click();
    await expect
      .poll(() => small.locator('.small').evaluate(({ style }) => style.backgroundImage))
      .toContain('blob:');
    expect(await strip.getByText('cannot be shown').isVisible()).toBe(false);
    expect(asked.filter((path) => path.startsWith('pages/sprite.webp')).length).toBe(2);
    expect(faults).toEqual([]);
  });

  test('a page that cannot be had says so in its place, and is tried again', async () => {
    let broken = true;
    const { page } = await show({
      ...job(twenty, { page: '5' }),
      prepare: (page) =>
        page.route(/\/pages\/5\.jpg/, async (route) => {
          if (!broken) return route.continue();
          const body = { type: 'https://inkwire.dev/problems/render-failed', detail: 'Page 5 is broken.' };
          const headers = { 'access-control-allow-origin': '*' };
          return route.fulfill({
            status: 422,
            headers,
            contentType: 'application/problem+json',
            body: JSON.stringify(body),
          });
        }),
    });
    await sheet(page, 5).getByText('Page 5: Page 5 is broken.').waitFor();
    await drawn(page, 6);
    expect(await lastTold(page, 'fault')).toMatchObject({ page: 5 });
    broken = false;
    await page.getByRole('button', { name: 'Try page 5 again' }).click();
    await drawn(page, 5);
    expect(await sheet(page, 5).locator('.note').isVisible()).toBe(false);
  });

  test('a page whose words cannot be read says so under its picture, and is read again', async () => {
    let broken = true;
    const { page, faults } = await show({
      ...job(twenty, { page: '5' }),
      prepare: (page) =>
        page.route(/\/pages\/5\/text\.json/, (route) => (broken ? route.abort() : route.continue())),
    });
    await drawn(page, 5);
    await sheet(page, 5)
      .getByText('The text of this page cannot be read: The server does not answer.')
      .waitFor();
    expect(await sheet(page, 5).locator('img').getAttribute('alt')).toBe('Page 5, whose text cannot be read');
    expect(await sheet(page, 5).locator('.note').isVisible()).toBe(false);
    expect(await lastTold(page, 'fault')).toMatchObject({ page: 5 });
    // The search goes on without it, and says so.
    await page.getByRole('region', { name: 'Pages of the document' }).focus();
    await page.keyboard.press('Control+f');
    await page.getByRole('textbox', { name: 'Find in document' }).fill('needle');
    await page.getByText('5 of 19; 1 page could not be searched').waitFor();
    broken = false;
    await page.getByRole('button', { name: 'Read the text of page 5 again' }).click();
    await sheet(page, 5).getByText('Page 5 of the paper').waitFor({ state: 'attached' });
    expect(await sheet(page, 5).locator('.unread').isVisible()).toBe(false);
    expect(await sheet(page, 5).locator('img').getAttribute('alt')).toBe('');
    expect(faults).toEqual([]);
  });

  test('a document that is not there, or not any more, or nowhere, is told in words', async () => {
    const { page } = await show(job('job_000000000000000000000001'));
    await page.getByText('There is no such document.').waitFor();
    expect(await page.getByRole('button', { name: 'Try again' }).count()).toBe(0);
    // A job without a PDF.
    const other = await submit(server, { kind: 'document', operations: [{ type: 'add_text', text: 'x' }] });
    await untilEnded(server, other);
    await page.route(/pages\.json/, (route) =>
      route.fulfill({
        status: 410,
        headers: { 'access-control-allow-origin': '*' },
        contentType: 'application/problem+json',
        body: JSON.stringify({ type: 'https://inkwire.dev/problems/result-expired' }),
      }),
    );
    await page.evaluate(`viewer.setAttribute('job', '${other}')`);
    await page.getByText('The document is not kept any more.').waitFor();
  });

  test('a browser that is offline is told so, and the document comes by itself with the network', async () => {
    const { page } = await show(job(twenty));
    await drawn(page, 1);
    await page.context().setOffline(true);
    await page.evaluate('viewer.reload()');
    await page.getByText('You are offline.').waitFor();
    expect(await page.getByRole('button', { name: 'Try again' }).isVisible()).toBe(true);
    await page.context().setOffline(false);
    await drawn(page, 1);
    expect(await page.getByText('You are offline.').isVisible()).toBe(false);
  });

  test('axe finds nothing against it, in both themes', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page } = await show(
        { ...job(twenty), script: 'document.documentElement.style.colorScheme = "light dark";' },
        { colorScheme },
      );
      await drawn(page, 1);
      await sheet(page, 1).locator('.text span').first().waitFor();
      await page.evaluate('viewer.find("needle")');
      await page.locator('.mark.current').waitFor();
      expect(await accessibilityFindings(page)).toEqual([]);
    }
  });

  test('on a narrow screen the toolbar is seen whole, and a page is as wide as it can be', async () => {
    const { page } = await show(job(twenty), { viewport: { width: 340, height: 800 } });
    await drawn(page, 1);
    expect(await page.locator('.strip').count()).toBe(0);
    const [bar, find] = [
      await page.locator('.toolbar').boundingBox(),
      await page.getByRole('button', { name: 'Find', exact: true }).boundingBox(),
    ];
    expect((find?.x ?? 0) + (find?.width ?? 0)).toBeLessThanOrEqual((bar?.x ?? 0) + (bar?.width ?? 0));
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(340);
    expect((await sheet(page, 1).boundingBox())?.width).toBeGreaterThan(290);
    expect(await top(page)).toBe(0);
    expect(await page.getByRole('button', { name: 'Next page' }).isVisible()).toBe(false);
  });
});
