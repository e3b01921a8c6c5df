import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AppServer, alice } from '../helpers/app-server.js';
import { docx, withoutOffice } from '../helpers/office-files.js';
import { useChromium, withoutChromium } from './chromium.js';
import { startPageServer } from './page-server.js';
import { type Front, openFront } from './sdk-front.js';
import { drawn, openViewer, paper, sheet, submitFile, untilEnded } from './viewer-page.js';

describe.skipIf(withoutChromium)('the viewer of pages, with documents of its own', () => {
  const chromium = useChromium();
  let server: AppServer;
  let front: Front;
  beforeAll(async () => {
    server = await startPageServer();
    front = await openFront(server.port);
  });
  afterAll(async () => {
    await front?.close();
    await server?.close();
  });
  const visit = () => chromium.visit({ viewport: { width: 1000, height: 800 } });

  test('pages of a running preview are shown as they are drawn', async () => {
    // Many seconds of work; the page that is looked at is drawn first.
    const fields = { kind: 'preview', first_page: '250', dpi: '200', format: 'png' };
    const job = await submitFile(server, fields, await paper(300));
    const attributes = { job, page: '250' };
    const { page, asked, faults } = await openViewer(await visit(), { front, server }, { attributes });
    await drawn(page, 250);
    const url = `${server.url}/api/v1/jobs/${job}`;
    const { data } = (await (await fetch(url)).json()) as { readonly data: { readonly status: string } };
    expect(data.status).toBe('running');
    expect(asked).toContain('artifacts/page-250.png');
    expect(asked.filter((path) => path.startsWith('pages/250.'))).toEqual([]);
    // Its end comes over the stream, too: what it has not drawn is then asked of the PDF.
    await page.evaluate('viewer.page = 299');
    await sheet(page, 299).waitFor();
    expect(await sheet(page, 299).locator('img[src]').count()).toBe(0);
    expect(await sheet(page, 299).getAttribute('aria-busy')).toBe('true');
    await fetch(`${url}/cancel`, { method: 'POST' });
    await drawn(page, 299);
    expect(asked.filter((path) => path.startsWith('pages/299.jpg'))).toHaveLength(1);
    expect(faults).toEqual([]);
  });

  test.skipIf(withoutOffice)(
    'an office document is shown from the PDF that was made of it, with its words',
    async () => {
      const file = new Uint8Array(docx('A contract about harbours'));
      const job = await submitFile(server, { kind: 'preview' }, file);
      await untilEnded(server, job);
      const { page, asked, faults } = await openViewer(
        await visit(),
        { front, server },
        { attributes: { job } },
      );
      await drawn(page, 1);
      const words = sheet(page, 1).locator('.text');
      await expect.poll(() => words.textContent()).toContain('harbours');
      expect(asked.filter((path) => path.startsWith('pages/1/text.json'))).toHaveLength(1);
      expect(await sheet(page, 1).locator('.unread').isVisible()).toBe(false);
      await page.getByRole('region', { name: 'Pages of the document' }).focus();
      await page.keyboard.press('Control+f');
      await page.getByRole('textbox', { name: 'Find in document' }).fill('contract');
      await page.getByText('1 of 1', { exact: true }).waitFor();
      expect(faults).toEqual([]);
    },
  );

  test('an image is shown as the job has drawn it: it has no text, and nobody asks for any', async () => {
    const image = await sharp({ create: { width: 900, height: 300, channels: 3, background: '#c33' } })
      .png()
      .toBuffer();
    const job = await submitFile(server, { kind: 'preview' }, new Uint8Array(image));
    await untilEnded(server, job);
    const { page, asked, faults } = await openViewer(
      await visit(),
      { front, server },
      { attributes: { job } },
    );
    await drawn(page, 1);
    const shown = sheet(page, 1).locator('img');
    expect(await shown.getAttribute('alt')).toBe('Page 1');
    const { width = 0, height = 1 } = (await shown.boundingBox()) ?? {};
    expect(width / height).toBeCloseTo(3, 1);
    expect(asked.filter((path) => path.includes('text.json') || path.startsWith('pages/1.'))).toEqual([]);
    await page.getByRole('region', { name: 'Pages of the document' }).focus();
    await page.keyboard.press('Control+f');
    await page.getByText('This document has no text.').waitFor();
    expect(await page.locator('.unread').isVisible()).toBe(false);
    expect(faults).toEqual([]);
  });

  test('a thousand pages are scrolled through with a few of them in the document and a few requests', async () => {
    const job = await submitFile(server, { kind: 'preview', pages: '1' }, await paper(1_000));
    await untilEnded(server, job);
    const { page, faults } = await openViewer(
      await visit(),
      { front, server },
      {
        attributes: { job, thumbnails: 'closed' },
        // Counted where they are made: the browser tells of the end of what was aborted when it likes.
        prepare: (page) =>
          page.addInitScript(`
            const real = window.fetch;
            let under = 0;
            window.most = 0;
            window.fetch = (address, ...rest) => {
              if (!/\\/(pages\\/\\d+|artifacts\\/page-)/.test(String(address))) return real(address, ...rest);
              window.most = Math.max(window.most, (under += 1));
              return real(address, ...rest).finally(() => (under -= 1));
            };
          `),
      },
    );
    await drawn(page, 1);
    const measured = await page.evaluate<{ sheets: number; moved: boolean }>(`(async () => {
      const view = viewer.shadowRoot.querySelector('.view');
      const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
      const height = view.scrollHeight;
      let [sheets, moved] = [0, false];
      for (let step = 1; step <= 200; step += 1) {
        view.scrollTop = (height * step) / 200;
        await frame();
        await frame();
        sheets = Math.max(sheets, viewer.shadowRoot.querySelectorAll('.sheet').length);
        moved ||= view.scrollHeight !== height;
      }
      return { sheets, moved };
    })()`);
    expect(measured.moved).toBe(false);
    expect(measured.sheets).toBeLessThanOrEqual(12);
    await drawn(page, 1_000);
    expect(await page.evaluate('viewer.page')).toBe(1_000);
    expect(await sheet(page, 500).count()).toBe(0);
    expect(await page.evaluate('most')).toBeLessThanOrEqual(4);
    expect(await page.evaluate('most')).toBeGreaterThan(0);
    // What is far away is given back, and comes again.
    await page.evaluate('viewer.page = 500');
    await drawn(page, 500);
    expect(await page.evaluate(`viewer.shadowRoot.querySelectorAll('img[src]').length`)).toBeLessThanOrEqual(
      12,
    );
    expect(faults).toEqual([]);
  });

  test('a page of another origin shows documents with a key, where the server names its origin', async () => {
    const keyed = await startPageServer({ INKWIRE_KEYS: `alice=${alice}`, INKWIRE_CORS_ORIGINS: front.url });
    try {
      const job = await submitFile(keyed, { kind: 'preview', pages: '1' }, await paper(2), alice);
      await untilEnded(keyed, job, alice);
      const attributes = { job };
      const { page, faults } = await openViewer(await visit(), { front, server: keyed }, { attributes });
      await page.getByText('A key is needed to see this document.').waitFor();
      await page.evaluate(`viewer.key = ${JSON.stringify(alice)}`);
      await drawn(page, 2);
      // Set before the element is known to the browser.
      const early = `viewer.key = () => ${JSON.stringify(alice)};`;
      const other = await openViewer(await visit(), { front, server: keyed }, { attributes, script: early });
      await drawn(other.page, 2);
      expect([...faults, ...other.faults]).toEqual([]);
    } finally {
      await keyed.close();
    }
  });
});
