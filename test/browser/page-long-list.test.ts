import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AppServer } from '../helpers/app-server.js';
import { useChromium, withoutChromium } from './chromium.js';
import { fillStore, small, startPageServer, submit } from './page-server.js';

const patient = { timeout: 120_000 };
/** Milliseconds of a processor that the page may spend on one thing that its user does; some 25 to 80. All rows at once are seconds. */
const maxSpentMs = 400;

describe.skipIf(withoutChromium)('the live page with more jobs than a snapshot holds', () => {
  const chromium = useChromium();
  let server: AppServer;
  let dataDir: string;
  let begin: number;
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'inkwire-long-'));
    begin = await fillStore(dataDir, 10_250);
    server = await startPageServer({}, dataDir);
  }, 240_000);
  afterAll(async () => {
    await server?.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  async function open(): Promise<Page> {
    const page = await (await chromium.visit({ viewport: { width: 1280, height: 800 } })).newPage();
    await page.goto(`${server.url}/#/jobs`);
    await page.getByText(/^10,000 loaded/).waitFor(patient);
    return page;
  }

  /** Runs what a user does, to its end. Resolves with what the page's main thread has spent on it, however busy the machine is. */
  async function spent(page: Page, act: () => Promise<void>): Promise<number> {
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable', { timeDomain: 'threadTicks' });
    const seconds = async () => {
      const { metrics } = await session.send('Performance.getMetrics');
      return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN;
    };
    const before = await seconds();
    await act();
    const ms = ((await seconds()) - before) * 1_000;
    await session.detach();
    return ms;
  }

  test('10,000 jobs are listed, scrolled, searched and filtered without a long pause', async () => {
    const page = await open();
    expect(await page.locator('[data-job]').count()).toBeLessThan(60);
    expect(await page.getByRole('grid').getAttribute('aria-rowcount')).toBe('10001');
    await page.mouse.move(600, 500);
    const [wheels, words] = [20, 'group:batch-3 merge'];
    const costs = {
      wheel:
        (await spent(page, async () => {
          for (let turn = 0; turn < wheels; turn++) await page.mouse.wheel(0, 5_000);
          await expect
            .poll(() => page.locator('[data-job]').first().getAttribute('aria-rowindex'))
            .not.toBe('2');
        })) / wheels,
      letter:
        (await spent(page, async () => {
          await page.getByRole('searchbox').pressSequentially(words);
          // With what the server has of older ones, as soon as that has come.
          await page.getByText(/^5\d\d of 10,0\d\d loaded/).waitFor(patient);
        })) / words.length,
      forget: await spent(page, async () => {
        await page.getByRole('searchbox').fill('');
        await page.getByText(/^10,0\d\d loaded/).waitFor(patient);
      }),
      filter: await spent(page, async () => {
        await page.getByRole('link', { name: /^cancelled/ }).click();
        await page.getByText(/^3,3\d\d of 10,0\d\d loaded/).waitFor(patient);
      }),
    };
    for (const [what, ms] of Object.entries(costs)) expect(ms, what).toBeLessThan(maxSpentMs);
  });

  test('what is read stays in its place while new jobs come in above it', async () => {
    const page = await open();
    await page.evaluate(`document.querySelector('.grid-body').scrollTop = 42 * 5000`);
    const line = page.locator('[aria-rowindex="5010"]');
    await line.waitFor(patient);
    const id = await line.getAttribute('data-job');
    const place = () => page.locator(`[data-job="${id}"]`).boundingBox();
    const before = await place();
    for (let n = 0; n < 5; n++) await submit(server, small);
    await expect.poll(() => page.locator(`[data-job="${id}"]`).getAttribute('aria-rowindex')).toBe('5015');
    expect((await place())?.y).toBeCloseTo(before?.y ?? Number.NaN, 0);
    await page.getByRole('button', { name: 'Newest' }).click();
    await page.locator('[aria-rowindex="2"]').waitFor(patient);
  });

  test('a job that is too old for the snapshot is found by what was said of it', async () => {
    const page = await open();
    await page.getByRole('searchbox').fill('resume ancient');
    const found = page.locator('[data-job]');
    await found.getByRole('link', { name: /^Ancient Résumé job_/ }).waitFor(patient);
    expect(await found.count()).toBe(1);
    await page.getByText('No older ones').waitFor(patient);
    await page.getByRole('searchbox').fill('resume modern');
    await page.getByText('No job matches').waitFor(patient);
    await page.getByText('No older ones').waitFor(patient);
    await page.getByRole('searchbox').fill('resume');
    await found.getByRole('link', { name: 'archive' }).click();
    await page.getByRole('link', { name: 'archive', exact: true }).first().waitFor(patient);
    expect(new URL(page.url()).hash).toBe('#/jobs?tag=archive');
    expect(await found.count()).toBe(1);
  });

  test('a job that is too old for the snapshot is found by its id, and by loading older ones', async () => {
    const answer = await fetch(`${server.url}/api/v1/jobs?limit=1&created_before=2000-01-01T00:00:00Z`);
    expect(answer.status).toBe(200);
    const page = await open();
    // One of the first ten: the first page of older ones does not reach that far.
    const oldest = await fetch(
      `${server.url}/api/v1/jobs?limit=1&created_before=${new Date(begin + 10_000).toISOString()}`,
    );
    const { data } = (await oldest.json()) as { data: { jobs: { job_id: string }[] } };
    const id = data.jobs[0]?.job_id ?? '';
    await page.getByRole('searchbox').fill(id);
    await page.locator(`[data-job="${id}"]`).waitFor(patient);
    await page.getByRole('searchbox').fill('');
    await page.getByRole('button', { name: 'Load older' }).click();
    await page.getByText(/^10,2\d\d loaded/).waitFor(patient);
    await page.getByRole('button', { name: 'Load older' }).click();
    await page.getByText('No older ones').waitFor(patient);
  });
});
