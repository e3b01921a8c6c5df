import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AppServer } from '../helpers/app-server.js';
import { endless } from '../helpers/long-documents.js';
import { useChromium, withoutChromium } from './chromium.js';
import { accessibilityFindings, small, startPageServer, submit } from './page-server.js';

const patient = { timeout: 60_000 };
/** Fails at once: there is no document behind its header. */
const broken = { kind: 'extract_text', pdf_data: btoa('%PDF-1.7 and nothing else') };

describe.skipIf(withoutChromium)('the live page for those who look after many jobs', () => {
  const chromium = useChromium();
  let server: AppServer;
  beforeAll(async () => {
    server = await startPageServer();
    for (let n = 0; n < 3; n += 1) await submit(server, { ...broken, group: 'night', title: `Scan ${n}` });
    for (let n = 0; n < 3; n += 1) await submit(server, { ...small, group: 'night', title: `Letter ${n}` });
  });
  afterAll(() => server?.close());

  async function open(hash: string, width = 1440, url = server.url, moving = false): Promise<Page> {
    const reducedMotion = moving ? 'no-preference' : 'reduce';
    const options = { viewport: { width, height: 900 }, reducedMotion } as const;
    const page = await (await chromium.visit(options)).newPage();
    await page.goto(`${url}/${hash}`);
    await page.getByText('Live', { exact: true }).waitFor(patient);
    return page;
  }

  const wide = (page: Page) =>
    page.evaluate<number>(
      `Math.max(document.documentElement.scrollWidth, document.querySelector('main').scrollWidth) - innerWidth`,
    );

  test.each([390, 1440])(
    'the overview shows threads, what waits and why jobs failed, at %i pixels',
    async (width) => {
      const page = await open('#/overview', width);
      await page.getByText('of 6 ended').waitFor(patient);
      await page.getByText('3 × invalid_input').waitFor(patient);
      expect(await page.locator('.lane').count()).toBe(1);
      await page.getByRole('link', { name: 'Scan 1' }).waitFor(patient);
      expect(await wide(page)).toBeLessThanOrEqual(0);
      expect(await accessibilityFindings(page)).toEqual([]);
      await page.emulateMedia({ colorScheme: 'dark' });
      expect(await accessibilityFindings(page, ['color-contrast'])).toEqual([]);
      await page.close();
    },
  );

  test('a group says at its head what failed, submits that again, and is one ZIP', async () => {
    const page = await open('#/groups/night');
    await page.getByRole('link', { name: '3 failed' }).waitFor(patient);
    const saved = page.waitForEvent('download', patient);
    await page.getByRole('link', { name: 'Download all (ZIP)' }).click();
    expect((await saved).suggestedFilename()).toBe('night.zip');
    await page.getByRole('button', { name: 'Retry failed' }).click();
    await page.getByText('3 jobs submitted again.').waitFor(patient);
    await page.getByRole('link', { name: '6 failed' }).click();
    // Of one kind: one row.
    await page.getByRole('link', { name: /^6 × the PDF is truncated/ }).click();
    expect(page.url()).toContain('cause=');
    expect(await accessibilityFindings(page)).toEqual([]);
    await page.locator('.line a').first().click();
    await page.getByText('Mend it: edit it as a new job.').waitFor(patient);
    await page.getByText('Retry of').first().waitFor(patient);
    await page.locator('.lineage a').first().click();
    await page.getByText('Retried as').waitFor(patient);
    await page.close();
  });

  test('what is chosen, or all of a filter, is done by the server, also when the page is closed', async () => {
    const group = 'mass';
    for (let n = 0; n < 5; n += 1) await submit(server, { ...small, group, title: `Mass ${n}` });
    const page = await open(`#/groups/${group}?status=completed`);
    await page.getByRole('button', { name: 'Delete all completed' }).waitFor(patient);
    await expect.poll(() => page.locator('.grid-body .line').count()).toBe(5);
    await page.getByRole('checkbox', { name: 'Choose Mass 0' }).check();
    await page.getByRole('checkbox', { name: 'Choose Mass 3' }).check();
    await page.getByRole('button', { name: 'Delete 2 chosen' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Keep' }).waitFor(patient);
    await dialog.getByRole('button', { name: 'Delete 2' }).click();
    await page.getByText('2 jobs deleted.').waitFor(patient);
    await expect.poll(() => page.locator('.grid-body .line').count()).toBe(3);
    await page.getByRole('button', { name: 'Retry all completed' }).click();
    await dialog.getByRole('button', { name: 'Not now' }).waitFor(patient);
    const begun = page.waitForResponse((answer) => answer.url().includes('/api/v1/bulk/retry'), patient);
    await dialog.getByRole('button', { name: 'Retry 3' }).click();
    await begun;
    await page.close();
    await expect
      .poll(async () => {
        const answer = await fetch(`${server.url}/api/v1/groups/${group}`);
        return ((await answer.json()) as { data: { jobs: number } }).data.jobs;
      })
      .toBe(6);
  });

  test('who operates the server has all jobs wait, everybody sees why, and they go on', async () => {
    const page = await open('#/overview');
    const other = await open('#/jobs', 390);
    await page.getByRole('button', { name: 'Pause the queue' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Why, for everybody who looks').fill('A new disk');
    expect(await accessibilityFindings(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Pause', exact: true }).click();
    for (const one of [page, other])
      await one.getByText(/^Paused since .+: A new disk\. Jobs are taken and wait\.$/).waitFor(patient);
    await page.getByRole('button', { name: 'Pause the queue' }).waitFor({ ...patient, state: 'detached' });
    const id = await submit(server, { ...small, title: 'Later' });
    await other.locator('.line-pending').waitFor(patient);
    expect(await wide(other)).toBeLessThanOrEqual(0);
    expect(await accessibilityFindings(other)).toEqual([]);
    // A page that comes meanwhile knows it, too.
    const late = await open(`#/jobs/${id}`);
    await late.getByText(/^Paused since/).waitFor(patient);
    await other.getByRole('button', { name: 'Start jobs again' }).click();
    await late.locator('.view-head .status-completed').waitFor(patient);
    for (const one of [page, other, late]) {
      await expect.poll(() => one.getByText(/^Paused since/).count()).toBe(0);
      await one.context().close();
    }
  });

  test('a job shows where its time went', async () => {
    const id = await submit(server, { ...small, title: 'Timed' });
    const page = await open(`#/jobs/${id}`);
    await page.locator('.view-head .status-completed').waitFor(patient);
    const phases = page.locator('.phases tr');
    await expect
      .poll(() => phases.locator('th').allInnerTexts())
      .toEqual(['Accepted', 'Waited', 'Rendered', 'Stored']);
    const times = await phases.locator('.phase-time').allInnerTexts();
    for (const time of times) expect(time).toMatch(/^[\d.]+ (ms|s)$/);
    // Each begins where the one before ends.
    const bars = await page.evaluate<number[]>(
      `[...document.querySelectorAll('.phase-bar i')].map((bar) => bar.getBoundingClientRect().left)`,
    );
    expect(bars).toEqual([...bars].sort((one, next) => one - next));
    await page.context().close();
  });

  test('a time is part of the filter, and of the address', async () => {
    const page = await open('#/jobs');
    await page.getByRole('combobox', { name: /^Created/ }).selectOption('1h');
    expect(page.url()).toContain('since=1h');
    await page.getByText(/of \d+ loaded/).waitFor(patient);
    await page.close();
  });

  test('a list is kept under a name, found again in another tab, shared by its address, and forgotten', async () => {
    for (let n = 0; n < 3; n += 1) await submit(server, { ...broken, group: 'faxes', title: `Fax ${n}` });
    const page = await open('#/jobs?status=failed&since=24h&order=oldest&q=fax');
    const menu = page.locator('.views > summary');
    await expect.poll(() => page.locator('.grid-body .line').count()).toBe(3);
    // With the keyboard alone.
    await page.locator('h1').focus();
    await page.keyboard.press('v');
    await page.getByRole('link', { name: 'Waiting, oldest first' }).waitFor(patient);
    await page.getByLabel('Keep this list as').fill('Broken faxes');
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'Broken faxes' }).waitFor(patient);
    expect(await menu.innerText()).toBe('Broken faxes');
    expect(await accessibilityFindings(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await expect.poll(() => page.evaluate('document.activeElement.tagName')).toBe('SUMMARY');
    const address = page.url();

    const second = await page.context().newPage();
    await second.goto(`${server.url}/#/jobs`);
    await second.locator('.views > summary').click(patient);
    await second.getByRole('link', { name: 'Broken faxes' }).click();
    expect(second.url()).toBe(address);
    const titles = second.locator('.grid-body .line-title > span:first-child');
    await expect.poll(async () => (await titles.allInnerTexts()).join()).toMatch(/^Fax 0,Fax 1,Fax 2$/);
    await second.getByRole('combobox', { name: 'Order' }).selectOption('Newest first');
    await expect.poll(async () => (await titles.allInnerTexts()).join()).toMatch(/^Fax 2,Fax 1,Fax 0$/);
    expect(await second.locator('.views > summary').innerText()).toBe('Views');

    // Another tab has forgotten it.
    await menu.click();
    await page.getByRole('button', { name: 'Forget the view Broken faxes' }).click();
    await second.locator('.views > summary').click();
    await expect.poll(() => second.getByRole('link', { name: 'Broken faxes' }).count()).toBe(0);
    await page.context().close();
  });

  test('a phone has what failed in sight', async () => {
    const page = await open('#/jobs', 390);
    const box = await page.getByRole('link', { name: /^failed \d/ }).boundingBox();
    expect((box?.x ?? 400) + (box?.width ?? 0)).toBeLessThan(390);
    expect(box?.y).toBeLessThan(300);
    await page.close();
  });

  test('what is old looks old: a strip says since when, nothing moves, and at the end what came meanwhile', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'inkwire-stale-'));
    const first = await startPageServer({}, dataDir);
    const { port } = first;
    const page = await open('#/jobs', 1280, first.url, true);
    await submit(first, endless);
    await page.locator('.line-running').waitFor(patient);
    await first.close();
    await page.getByText(/^Not live since/).waitFor(patient);
    await page.getByRole('button', { name: 'Try now' }).waitFor(patient);
    const times = () => page.locator('.grid-body').innerText();
    const before = await times();
    // Bars go to their places in a moment, and then nothing moves, the sign of a running job neither.
    const picture = () => page.locator('.view').screenshot();
    let shown = await picture();
    await expect
      .poll(async () => {
        const last = shown;
        shown = await picture();
        return looksTheSame(shown, last);
      })
      .toBe(true);
    // A second passes for the page at its next look at the clock.
    const counted = await page.locator('.connection summary').innerText();
    await expect.poll(() => page.locator('.connection summary').innerText()).not.toBe(counted);
    expect(await times()).toBe(before);
    expect(await looksTheSame(await picture(), shown)).toBe(true);
    expect(await accessibilityFindings(page)).toEqual([]);
    const second = await startPageServer({ INKWIRE_PORT: String(port) }, dataDir);
    await page.getByText(/^Caught up, \d+ changes?\.$/).waitFor(patient);
    expect(await page.getByText(/^Not live since/).count()).toBe(0);
    await page.context().close();
    await second.close();
    await rm(dataDir, { recursive: true, force: true });
  });
});

/** Chromium smooths round corners a little otherwise from one picture to the next. */
const visible = 16;

async function looksTheSame(a: Buffer, b: Buffer): Promise<boolean> {
  const [one, other] = await Promise.all([a, b].map((picture) => sharp(picture).raw().toBuffer()));
  if (one === undefined || other === undefined || one.length !== other.length) return false;
  return one.every((shade, place) => Math.abs(shade - (other[place] ?? 0)) < visible);
}
