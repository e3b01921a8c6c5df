import { randomBytes } from 'node:crypto';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { makeKey } from '../../src/access/keys.js';
import { openSqliteKeys } from '../../src/engine/sqlite/keys.js';
import { alice } from '../helpers/app-server.js';
import { useChromium, withoutChromium } from './chromium.js';
import { accessibilityFindings, small, startPageServer } from './page-server.js';

const patient = { timeout: 120_000 };
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

describe.skipIf(withoutChromium)('signing in to the live page', () => {
  const chromium = useChromium();

  /** A visitor, and what went wrong in the page without being shown. */
  async function open(address: string, url: string): Promise<{ page: Page; faults: string[] }> {
    const page = await (await chromium.visit({ viewport: { width: 1280, height: 800 } })).newPage();
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    await page.goto(`${url}/${address}`);
    return { page, faults };
  }

  test('a key is asked for once: a reload, another tab and a link need none, until it is disabled', async () => {
    const keyed = await startPageServer({ INKWIRE_KEYS: `alice=${alice}` });
    const keys = await openSqliteKeys(keyed.dataDir);
    const made = makeKey({ owner: 'alice', scopes: ['*'], now: 0 }, (size) => randomBytes(size));
    await keys.put(made.key);
    const { page, faults } = await open('#/jobs', keyed.url);
    const field = page.getByLabel('Key', { exact: true });
    await field.fill('a-wrong-key-0123456789');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('The server does not take this key.').waitFor(patient);
    // Another process has made it: the server knows it after a moment.
    await expect
      .poll(
        async () => (await fetch(`${keyed.url}/api/v1/jobs`, { headers: bearer(made.token) })).status,
        patient,
      )
      .toBe(200);
    await field.fill(made.token);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'No jobs yet' }).waitFor(patient);
    await page.getByText('Live').waitFor(patient);

    const kept = await page.evaluate<string>(
      `JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href, history.state])`,
    );
    expect(kept).not.toContain(made.token);
    expect(kept).not.toContain('inkwire_session');
    expect(await page.evaluate('indexedDB.databases().then((all) => all.length)')).toBe(0);
    const [cookie] = await page.context().cookies();
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' });

    await page.reload();
    await page.getByRole('heading', { name: 'No jobs yet' }).waitFor(patient);
    const second = await page.context().newPage();
    await second.goto(`${keyed.url}/#/groups`);
    await second.getByRole('heading', { name: 'No groups yet' }).waitFor(patient);
    await second.getByText('Live').waitFor(patient);
    expect(faults).toEqual([]);

    await keys.put({ ...made.key, disabledAt: 1 });
    await page.getByText('The session is over, or its key was disabled.').waitFor(patient);
    await second.getByText('The session is over, or its key was disabled.').waitFor(patient);
    await keys.close();

    await field.fill(alice);
    await page.keyboard.press('Enter');
    // The other tab hears of it.
    await second.getByText('Live').waitFor(patient);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await field.waitFor(patient);
    await expect.poll(() => page.evaluate('document.activeElement.type')).toBe('password');
    await second.getByLabel('Key', { exact: true }).waitFor(patient);
    await page.context().close();
    await keyed.close();
  });

  test('a key with the scope admin looks at what another owner has, live, and changes nothing', async () => {
    const keyed = await startPageServer({ INKWIRE_KEYS: `alice=${alice}` });
    const keys = await openSqliteKeys(keyed.dataDir);
    const made = makeKey({ owner: 'ops', scopes: ['admin'], now: 0 }, (size) => randomBytes(size));
    await keys.put(made.key);
    await keys.close();
    const { page } = await open('?owner=alice#/jobs', keyed.url);
    await expect
      .poll(
        async () => (await fetch(`${keyed.url}/api/v1/jobs`, { headers: bearer(made.token) })).status,
        patient,
      )
      .toBe(200);
    await page.getByLabel('Key', { exact: true }).fill(made.token);
    await page.keyboard.press('Enter');
    await page.getByText('These are the jobs of alice, to be read only.').waitFor(patient);
    await page.getByText('Live').waitFor(patient);
    await fetch(`${keyed.url}/api/v1/jobs`, {
      method: 'POST',
      headers: { ...bearer(alice), 'content-type': 'application/json' },
      body: JSON.stringify(small),
    });
    await page.locator('.line .status-completed').waitFor(patient);
    expect(await page.getByRole('button', { name: /^(Retry|Cancel|Delete)/ }).count()).toBe(0);
    await page.locator('.line a').first().click();
    await page.getByRole('group', { name: 'Page 1 of 1' }).locator('img[src]').waitFor(patient);
    await page.getByRole('link', { name: 'Back to your own' }).click();
    await page.getByText('These are the jobs of the owner ops.').waitFor(patient);

    // Every owner in one list, each job in its owner's view.
    await page.getByRole('combobox', { name: 'Whose jobs' }).selectOption('Every owner');
    await page.getByText('These are the jobs of every owner, to be read only.').waitFor(patient);
    await page.getByText('Live', { exact: true }).waitFor(patient);
    await page.getByRole('columnheader', { name: 'Owner' }).waitFor(patient);
    await page.getByRole('gridcell', { name: 'alice' }).waitFor(patient);
    await fetch(`${keyed.url}/api/v1/jobs`, {
      method: 'POST',
      headers: { ...bearer(alice), 'content-type': 'application/json' },
      body: JSON.stringify({ ...small, group: 'letters' }),
    });
    await page.getByRole('gridcell', { name: 'letters' }).waitFor(patient);
    expect(await accessibilityFindings(page)).toEqual([]);
    await page.getByRole('link', { name: 'Groups' }).click();
    await page.getByText(/^alice: /).waitFor(patient);
    await page.getByRole('link', { name: 'letters' }).click();
    await page.getByText('These are the jobs of alice, to be read only.').waitFor(patient);
    await page.getByRole('heading', { name: 'letters' }).waitFor(patient);
    await page.getByRole('combobox', { name: 'Whose jobs' }).selectOption('ops (yours)');
    await page.getByRole('heading', { name: 'No jobs yet' }).waitFor(patient);
    await page.context().close();
    await keyed.close();
  });
});
