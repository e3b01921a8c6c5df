import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { useChromium, withoutChromium } from './chromium.js';
import { accessibilityFindings } from './page-server.js';
import { busyStates, calm, cutTexts, type Office, openOffice, type State, states } from './twelve-states.js';

/** Where the pictures go: set by `npm run screenshots` alone. */
const folder = process.env.SCREENSHOTS ?? '';
const only = process.env.SCREENSHOTS_ONLY ?? '';

const views = [
  { name: 'light', scheme: 'light', width: 1440, height: 900 },
  { name: 'dark', scheme: 'dark', width: 1440, height: 900 },
  { name: 'phone', scheme: 'light', width: 390, height: 844 },
] as const;

describe.skipIf(withoutChromium)('twelve states of the live page', () => {
  const chromium = useChromium();
  let office: Office;
  beforeAll(async () => {
    office = await openOffice();
    if (folder !== '') await mkdir(folder, { recursive: true });
  });
  afterAll(() => office?.close());

  async function look({ name, show }: State): Promise<void> {
    if (!name.includes(only)) return;
    const findings: Record<string, readonly unknown[]> = {};
    for (const { name: view, scheme, width, height } of views) {
      const context = await chromium.visit({ viewport: { width, height }, colorScheme: scheme });
      const page = await context.newPage();
      await show(page, office);
      if (folder !== '') await page.screenshot({ path: join(folder, `${name}-${view}.png`) });
      // The colours alone are others in the dark.
      const rules = view === 'dark' ? ['color-contrast'] : undefined;
      findings[`${view} axe`] = await accessibilityFindings(page, rules);
      findings[`${view} cut`] = view === 'dark' ? [] : await cutTexts(page);
      await page.close();
      await context.close();
    }
    expect(Object.fromEntries(Object.entries(findings).filter(([, found]) => found.length > 0))).toEqual({});
  }

  test.each(busyStates)('$name has no fault that axe finds, and no text is cut', look);

  test('the office comes to rest', async () => {
    await calm(office);
    // Its jobs are cancelled: nothing waits for them.
    await expect
      .poll(async () => {
        const answer = await fetch(`${office.server.url}/api/v1/groups/price-lists`);
        return ((await answer.json()) as { data: { progress: number } }).data.progress;
      })
      .toBe(100);
  });

  test.each(states)('$name has no fault that axe finds, and no text is cut', look);
});
