import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AppServer } from '../helpers/app-server.js';
import { openFaultProxy } from '../helpers/fault-proxy.js';
import { aMoment, endless } from '../helpers/long-documents.js';
import { useChromium, withoutChromium } from './chromium.js';
import { broken, small, startPageServer, submit } from './page-server.js';

const patient = { timeout: 120_000 };

describe.skipIf(withoutChromium)('the live page', () => {
  const chromium = useChromium();
  let server: AppServer;
  beforeAll(async () => {
    server = await startPageServer();
  });
  afterAll(() => server?.close());

  /** A visitor, and everything that went wrong in the page without being shown. */
  async function open(hash: string, url = server.url): Promise<{ page: Page; faults: string[] }> {
    const context = await chromium.visit({ viewport: { width: 1280, height: 800 } });
    const page = await context.newPage();
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      // The browser itself reports answers of 4xx.
      if (message.type() === 'error' && !/Failed to load resource/.test(message.text()))
        faults.push(message.text());
    });
    await page.goto(`${url}/${hash}`);
    return { page, faults };
  }

  const state = (page: Page, name: string) => page.locator(`.view-head .status-${name}`).waitFor(patient);

  test('a job gets on before the eyes', async () => {
    // Looked at before it begins, which it does when the one before it is stopped.
    const before = await submit(server, endless);
    const { page } = await open(`#/jobs/${await submit(server, aMoment)}`);
    await state(page, 'pending');
    // From inside: looks from outside may come too seldom.
    await page.evaluate(`
      globalThis.shown = new Set();
      new MutationObserver(() => {
        const bar = document.querySelector('[role="progressbar"][aria-label="Progress of the job"]');
        if (bar !== null) globalThis.shown.add(bar.getAttribute('aria-valuenow'));
      }).observe(document, { subtree: true, childList: true, attributes: true });`);
    await fetch(`${server.url}/api/v1/jobs/${before}/cancel`, { method: 'POST' });
    await state(page, 'completed');
    expect(await page.evaluate<number>('globalThis.shown.size')).toBeGreaterThan(1);
  });

  test('an example is submitted, and its result is downloaded', async () => {
    const { page, faults } = await open('#/submit');
    await page.getByText('Live').waitFor(patient);
    await page.getByRole('button', { name: /^Long list/ }).click();
    await page.getByRole('button', { name: 'Submit', exact: true }).click();
    await page.waitForURL(/#\/jobs\/job_/);
    await state(page, 'completed');
    await page
      .getByRole('group', { name: /^Page 1 of \d+$/ })
      .locator('img[src]')
      .waitFor(patient);
    await page.getByRole('button', { name: 'Next page' }).click();
    await page
      .getByRole('group', { name: /^Page 2 of \d+$/ })
      .locator('img[src]')
      .waitFor(patient);
    expect(await page.getByRole('textbox', { name: 'Page' }).inputValue()).toBe('2');

    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download', exact: true }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/\.pdf$/);
    expect((await readFile(await download.path())).subarray(0, 5).toString()).toBe('%PDF-');
    expect(faults).toEqual([]);
  });

  test('a running job is stopped, and says so', async () => {
    // Open before there is a job: a page that is long in coming would find it ended.
    const { page } = await open('#/jobs');
    await page.getByText('Live').waitFor(patient);
    const id = await submit(server, endless);
    await page.goto(`${server.url}/#/jobs/${id}`);
    await state(page, 'running');
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    await state(page, 'cancelled');
    await page.locator('.timeline').getByText('Cancelled').waitFor(patient);
    expect(await page.locator('.moment-name').allTextContents()).toEqual(['Created', 'Started', 'Cancelled']);
  });

  test('a job that failed says why, and is tried again as a new job', async () => {
    const id = await submit(server, broken);
    const { page } = await open(`#/jobs/${id}`);
    await state(page, 'failed');
    await page.getByRole('heading', { name: 'Failed with invalid_input' }).waitFor(patient);
    await page.getByRole('button', { name: 'Retry' }).click();
    await page.waitForURL((url) => /job_/.test(url.hash) && !url.hash.includes(id));
    await page.getByText('Submitted again as a new job.').waitFor(patient);
    // The same request comes to the same end.
    await page.getByRole('heading', { name: 'Failed with invalid_input' }).waitFor(patient);
  });

  test('a job is deleted after a question, and is gone from the list', async () => {
    const id = await submit(server, small);
    const { page } = await open(`#/jobs/${id}`);
    await state(page, 'completed');
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Keep' }).click();
    await state(page, 'completed');
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('heading', { name: 'Jobs', exact: true }).waitFor(patient);
    await expect.poll(() => page.locator(`[data-job="${id}"]`).count()).toBe(0);
    expect((await fetch(`${server.url}/api/v1/jobs/${id}`)).status).toBe(404);
  });

  test('each mistake of a request stands at its line', async () => {
    const { page } = await open('#/submit');
    await page.getByRole('button', { name: /^With mistakes/ }).click();
    await page.getByRole('button', { name: 'Submit', exact: true }).click();
    await page.getByRole('heading', { name: '4 mistakes' }).waitFor(patient);
    const listed = await page.locator('.mistakes li').allTextContents();
    expect(listed[0]).toMatch(/^Line 3\s+\/page_size/);
    expect(listed[1]).toMatch(/^Line 8\s+\/operations\/0\/font_size/);
    expect(listed[2]).toMatch(/^Line 9\s+\/operations\/0\/colour/);
    const line = await page.locator('.mistake').first().boundingBox();
    const number = await page.evaluate<number>(`(() => {
      const field = document.querySelector('.editor-field');
      return field.getBoundingClientRect().top + 2 * Number.parseFloat(getComputedStyle(field).lineHeight) +
        Number.parseFloat(getComputedStyle(field).paddingTop);
    })()`);
    expect(Math.abs((line?.y ?? 0) - number)).toBeLessThan(2);
    // The way back to it.
    await page.getByRole('button', { name: 'Line 9' }).click();
    expect(await page.evaluate('document.activeElement.selectionStart')).toBe(
      await page.evaluate(`document.querySelector('.editor-field').value.indexOf('"colour"')`),
    );
  });

  test('what is no JSON is never sent, and the place is told', async () => {
    const { page } = await open('#/submit');
    const sent: string[] = [];
    page.on('request', (request) => sent.push(`${request.method()} ${new URL(request.url()).pathname}`));
    await page.getByRole('textbox', { name: 'Request, as JSON' }).fill('{\n  "operations": [}\n');
    await page.keyboard.press('Control+Enter');
    await page.getByText('A value is missing here').first().waitFor(patient);
    expect(sent).not.toContain('POST /api/v1/jobs');
  });

  test('filters and search narrow the list at once, and are in the address', async () => {
    const group = 'search-me';
    const ids = [await submit(server, { ...small, group }), await submit(server, { ...small, group })];
    await submit(server, small);
    const { page } = await open('#/jobs');
    await page.locator(`[data-job="${ids[0]}"]`).waitFor(patient);
    await page.getByRole('searchbox').fill(`group:${group}`);
    await page.getByText(/^2 of \d+ loaded$/).waitFor(patient);
    await expect.poll(() => page.locator('[data-job]').count()).toBe(2);
    expect(new URL(page.url()).hash).toContain(encodeURIComponent(`group:${group}`));
    await page.getByRole('link', { name: /^failed/ }).click();
    await page.getByText('No job matches').waitFor(patient);
    await page.getByRole('link', { name: /^all/ }).click();
    await page.getByRole('searchbox').fill('');
    await page.getByRole('combobox', { name: 'Group' }).selectOption(group);
    await page.getByText(/^2 of \d+ loaded$/).waitFor(patient);
    await page.reload();
    await page.getByText(/^2 of \d+ loaded$/).waitFor(patient);
    await page.getByRole('combobox', { name: 'Group' }).selectOption('');
    await page.getByRole('searchbox').fill(ids[1]?.slice(8, 24) ?? '');
    await page.getByText(/^1 of \d+ loaded$/).waitFor(patient);
  });

  test('a title comes first, in the row and in the head of its job, and tags lead to jobs like it', async () => {
    const described = {
      title: 'Invoice 4711 for Müller',
      reference: 'INV-4711',
      tags: ['by-title', 'urgent'],
      metadata: { customer: '17' },
      file_name: 'invoice.pdf',
    };
    const id = await submit(server, { ...small, ...described });
    await submit(server, { ...small, tags: ['by-title'] });
    const { page } = await open('#/jobs');
    const row = page.locator(`[data-job="${id}"]`);
    await row.waitFor(patient);
    expect(await row.locator('a').first().innerText()).toMatch(/^Invoice 4711 for Müller\s+job_/);
    for (const words of ['muller inv', 'INV-4711', 'tag:urg by-title', 'ref:inv-4']) {
      await page.getByRole('searchbox').fill(words);
      await page.getByText(/^1 of \d+ loaded$/).waitFor(patient);
    }
    await row.getByRole('link', { name: 'by-title' }).click();
    await page.getByText(/^2 of \d+ loaded$/).waitFor(patient);
    await row.locator('a').first().click();
    await page.getByRole('heading', { name: described.title, level: 1 }).waitFor(patient);
    await page.locator('.view-head').getByText(id).waitFor(patient);
    const facts = page.getByRole('region', { name: 'Facts' });
    for (const text of ['INV-4711', 'customer', '17', 'invoice.pdf']) {
      await facts.getByText(text, { exact: true }).waitFor(patient);
    }
    await page.getByRole('button', { name: 'Retry' }).click();
    await facts.getByRole('link', { name: id }).waitFor(patient);
    await facts.getByRole('link', { name: 'urgent' }).click();
    await page.getByText(/^2 of \d+ loaded$/).waitFor(patient);
    await page
      .getByRole('link', { name: /^urgent/ })
      .first()
      .click();
    expect(new URL(page.url()).hash).toBe('#/jobs');
  });

  test('a group tells how far it is as a whole, live', async () => {
    const group = 'half-done';
    for (let n = 0; n < 3; n++) await submit(server, { ...small, group });
    const { page } = await open(`#/groups/${group}`);
    await page.getByText('3 of 3 completed').waitFor(patient);
    await submit(server, { ...small, group });
    await page.getByText('4 of 4 completed').waitFor(patient);
    await page.getByRole('link', { name: 'All groups' }).click();
    await page.getByRole('link', { name: group }).waitFor(patient);
  });

  test('everything that the mouse does the keyboard does', async () => {
    const group = 'by-keyboard';
    const ids: string[] = [];
    for (let n = 0; n < 3; n++) ids.unshift(await submit(server, { ...small, group }));
    const { page } = await open(`#/jobs?group=${group}`);
    await page.locator(`[data-job="${ids[2]}"] .status-completed`).waitFor(patient);
    const focused = () => page.evaluate(`document.activeElement.closest('[data-job]')?.dataset.job`);
    await page.keyboard.press('/');
    expect(await page.evaluate('document.activeElement.type')).toBe('search');
    await page.keyboard.press('ArrowDown');
    await expect.poll(focused).toBe(ids[0]);
    await page.keyboard.press('ArrowDown');
    await expect.poll(focused).toBe(ids[1]);
    await page.keyboard.press('End');
    await expect.poll(focused).toBe(ids[2]);
    // A new job comes in above: the focus stays with its job.
    await submit(server, { ...small, group });
    await page.getByText(/^4 of \d+ loaded$/).waitFor(patient);
    await expect.poll(focused).toBe(ids[2]);
    await page.keyboard.press('Enter');
    await page.waitForURL(new RegExp(ids[2] ?? ''));
    await expect.poll(() => page.evaluate('document.activeElement.tagName')).toBe('H1');
    await page.goBack();
    await expect.poll(focused).toBe(ids[2]);
    await page.keyboard.press('Delete');
    await page.getByRole('dialog', { name: 'Delete this job?' }).waitFor(patient);
    await page.keyboard.press('Escape');
    await expect.poll(focused).toBe(ids[2]);
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard and search' }).waitFor(patient);
    await page.keyboard.press('Escape');
    // As long as it is there, keys are its own.
    await page.getByRole('dialog').waitFor({ state: 'detached', ...patient });
    await page.keyboard.press('n');
    await page.getByRole('heading', { name: 'New job' }).waitFor(patient);
  });

  test('a job that leaves the list leaves the focus to the one that takes its place', async () => {
    const group = 'on-its-way-out';
    const ids: string[] = [];
    for (let n = 0; n < 3; n++) ids.unshift(await submit(server, { ...small, group }));
    const { page } = await open(`#/jobs?group=${group}`);
    // The last one submitted need not end last.
    for (const id of ids) await page.locator(`[data-job="${id}"] .status-completed`).waitFor(patient);
    const focused = () => page.evaluate(`document.activeElement.closest('[data-job]')?.dataset.job`);
    await page.locator(`[data-job="${ids[1]}"] a`).focus();
    await page.keyboard.press('Delete');
    await page.getByRole('dialog').getByRole('button', { name: 'Keep' }).click();
    await expect.poll(focused).toBe(ids[1]);
    await page.keyboard.press('Delete');
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await expect.poll(focused).toBe(ids[2]);
    await page.keyboard.press('ArrowUp');
    await expect.poll(focused).toBe(ids[0]);
  });

  test('the way back from a job leads to the list as it was left', async () => {
    const group = 'there-and-back';
    const id = await submit(server, { ...small, group });
    const { page } = await open(`#/groups/${group}?status=completed`);
    await page.locator(`[data-job="${id}"] a`).click();
    await state(page, 'completed');
    await page.getByRole('link', { name: 'Back to the list' }).click();
    await page.waitForURL(`**/#/groups/${group}?status=completed`);
    await page.goto(`${server.url}/#/jobs?group=${group}&q=small`);
    await page.getByText('No job matches').waitFor(patient);
    await page.goto(`${server.url}/#/jobs/${id}`);
    await state(page, 'completed');
    await page.keyboard.press('Escape');
    await page.waitForURL(`**/#/jobs?group=${group}&q=small`);
  });

  test('a job of any client is edited as a new one', async () => {
    const id = await submit(server, { ...small, group: 'from-elsewhere' });
    const { page } = await open(`#/jobs/${id}`);
    await page.getByRole('link', { name: 'Edit as new' }).click();
    const field = page.getByRole('textbox', { name: 'Request, as JSON' });
    await field.waitFor(patient);
    const text = await field.inputValue();
    expect(JSON.parse(text)).toMatchObject({ ...small, group: 'from-elsewhere' });
    await field.fill(text.replace('Small', 'Not so small'));
    await page.getByRole('button', { name: 'Submit', exact: true }).click();
    await page.waitForURL((url) => /job_/.test(url.hash) && !url.hash.includes(id));
    await state(page, 'completed');
    await page.getByRole('link', { name: 'from-elsewhere' }).waitFor(patient);
  });

  test('a request is loaded only when it is asked for', async () => {
    const id = await submit(server, small);
    const { page } = await open(`#/jobs/${id}`);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await page.reload();
    await state(page, 'completed');
    await page.locator('.timeline').getByText('Completed').waitFor(patient);
    expect(asked).not.toContain(`/api/v1/jobs/${id}/request`);
    await page.getByRole('button', { name: 'Show' }).click();
    await page.getByRole('region', { name: 'Text of the request' }).getByText('"Small"').waitFor(patient);
  });

  test('an unknown job and an unknown view are told, not left empty', async () => {
    const { page } = await open('#/jobs/job_000000000000000000000000');
    await page.getByRole('heading', { name: 'There is no such job' }).waitFor(patient);
    await page.goto(`${server.url}/#/elsewhere`);
    await page.getByRole('heading', { name: 'There is no such view' }).waitFor(patient);
  });

  test('a page that was offline goes on by itself, with what happened meanwhile', async () => {
    const network = await openFaultProxy(server.port);
    const { page } = await open('#/jobs', network.url);
    await page.getByText('Live').waitFor(patient);
    // Chromium itself leaves a WebSocket alone that is open.
    await page.context().setOffline(true);
    network.faults = () => ({ cutAt: 0 });
    network.cutAll();
    await page.getByText(/^Offline/).waitFor(patient);
    const id = await submit(server, small);
    network.faults = () => ({});
    await page.context().setOffline(false);
    await page.locator(`[data-job="${id}"] .status-completed`).waitFor(patient);
    await page.getByText('Live').waitFor(patient);
    await page.locator('.connection > summary').click();
    expect(await page.locator('.connection .menu-body').innerText()).not.toContain('0 times');
    await page.context().close();
    await network.close();
  });

  test('what could not be had is asked for again when the connection is back', async () => {
    const network = await openFaultProxy(server.port);
    const id = await submit(server, small);
    const { page } = await open(`#/jobs`, network.url);
    await page.locator(`[data-job="${id}"] .status-completed`).waitFor(patient);
    await page.route('**/pages.json', (route) => route.fulfill({ status: 404, body: '' }));
    await page.locator(`[data-job="${id}"] a`).click();
    await page.getByText('This job has no pages to show.').waitFor(patient);
    await page.unroute('**/pages.json');
    network.cutAll();
    await page.getByRole('group', { name: 'Page 1 of 1' }).locator('img[src]').waitFor(patient);
    await page.context().close();
    await network.close();
  });

  test('a page from before an upgrade of the server says so, and is not reloaded by itself', async () => {
    const network = await openFaultProxy(server.port);
    const { page, faults } = await open('#/submit', network.url);
    await page.getByText('Live').waitFor(patient);
    const field = page.getByRole('textbox', { name: 'Request, as JSON' });
    await field.fill('{ "half": ');
    const told = page.getByText('The server has another version of this page');
    // The same page: nothing to say.
    const asked = page.waitForResponse(`${network.url}/`);
    network.cutAll();
    await (await asked).finished();
    expect(await told.count()).toBe(0);
    await page.getByText('Live').waitFor(patient);
    const other = '<script type="module" src="/assets/index-another.js"></script>';
    await page.route(`${network.url}/`, (route) => route.fulfill({ contentType: 'text/html', body: other }));
    network.cutAll();
    await told.waitFor(patient);
    expect(await field.inputValue()).toBe('{ "half": ');
    await page.unroute(`${network.url}/`);
    await page.getByRole('button', { name: 'Reload' }).click();
    await page.getByText('Live').waitFor(patient);
    expect(await told.count()).toBe(0);
    expect(faults.filter((fault) => !/WebSocket connection|ERR_CONNECTION/.test(fault))).toEqual([]);
    await page.context().close();
    await network.close();
  });

  test('a server that is restarted is found again, with what happened meanwhile', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'inkwire-page-'));
    const first = await startPageServer({}, dataDir);
    const before = await submit(first, small);
    const { page, faults } = await open('#/jobs', first.url);
    await page.locator(`[data-job="${before}"] .status-completed`).waitFor(patient);
    await first.close();
    await page.getByText(/^Offline|^Connecting/).waitFor(patient);
    const second = await startPageServer({ INKWIRE_PORT: String(first.port) }, dataDir);
    const after = await submit(second, small);
    await page.locator(`[data-job="${after}"] .status-completed`).waitFor(patient);
    await page.getByText('Live').waitFor(patient);
    expect(await page.locator(`[data-job="${before}"]`).count()).toBe(1);
    expect(faults.filter((fault) => !/WebSocket connection|ERR_CONNECTION/.test(fault))).toEqual([]);
    await page.context().close();
    await second.close();
    await rm(dataDir, { recursive: true, force: true });
  });
});
