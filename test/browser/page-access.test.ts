import { randomBytes } from 'node:crypto';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeKey } from '../../src/access/keys.js';
import { openSqliteKeys } from '../../src/engine/sqlite/keys.js';
import { type AppServer, alice } from '../helpers/app-server.js';
import { useChromium, withoutChromium } from './chromium.js';
import { accessibilityFindings, broken, small, startPageServer, submit } from './page-server.js';

const patient = { timeout: 120_000 };

describe.skipIf(withoutChromium)('the live page for everybody', () => {
  const chromium = useChromium();
  let server: AppServer;
  let keyed: AppServer;
  let done: string;
  let failed: string;
  beforeAll(async () => {
    server = await startPageServer();
    keyed = await startPageServer({ INKWIRE_KEYS: `alice=${alice}` });
    failed = await submit(server, broken);
    done = await submit(server, { ...small, group: 'letters' });
    for (let n = 0; n < 30; n++) await submit(server, { ...small, group: `g${n % 3}` });
  });
  afterAll(async () => {
    await server?.close();
    await keyed?.close();
  });

  /** Each view, and how to know that it is there. */
  const views: readonly (readonly [name: string, arrive: (page: Page) => Promise<void>])[] = [
    [
      'the list',
      async (page) => {
        await page.goto(`${server.url}/#/jobs`);
        await page.locator('[aria-rowindex="8"] .status-completed').waitFor(patient);
      },
    ],
    [
      'an empty list',
      async (page) => {
        await page.goto(`${server.url}/#/jobs?q=nothing-has-this-name`);
        await page.getByText('No job matches').waitFor(patient);
      },
    ],
    [
      'a job that is done',
      async (page) => {
        await page.goto(`${server.url}/#/jobs/${done}`);
        await page.getByRole('group', { name: 'Page 1 of 1' }).locator('img[src]').waitFor(patient);
        await page.getByRole('button', { name: 'Show' }).click();
        await page.getByRole('region', { name: 'Text of the request' }).getByText('"Small"').waitFor(patient);
      },
    ],
    [
      'a job that failed',
      async (page) => {
        await page.goto(`${server.url}/#/jobs/${failed}`);
        await page.getByRole('heading', { name: /^Failed/ }).waitFor(patient);
      },
    ],
    [
      'a question',
      async (page) => {
        await page.goto(`${server.url}/#/jobs/${failed}`);
        await page.getByRole('button', { name: 'Delete' }).click();
        await page.getByRole('dialog').waitFor(patient);
      },
    ],
    [
      'the groups',
      async (page) => {
        await page.goto(`${server.url}/#/groups`);
        await page.getByRole('link', { name: 'letters' }).waitFor(patient);
      },
    ],
    [
      'a group',
      async (page) => {
        await page.goto(`${server.url}/#/groups/g1`);
        await page.getByText(/^10 of 10 completed/).waitFor(patient);
        await page.locator('.connection > summary').click();
      },
    ],
    [
      'the form with mistakes',
      async (page) => {
        await page.goto(`${server.url}/#/submit`);
        await page.getByRole('button', { name: /^With mistakes/ }).click();
        await page.getByRole('button', { name: 'Submit', exact: true }).click();
        await page.getByRole('heading', { name: '4 mistakes' }).waitFor(patient);
      },
    ],
    [
      'the help',
      async (page) => {
        await page.goto(`${server.url}/#/jobs`);
        await page.getByRole('button', { name: 'Keyboard and help' }).click();
        await page.getByRole('dialog').waitFor(patient);
      },
    ],
    [
      'the key',
      async (page) => {
        await page.goto(`${keyed.url}/`);
        await page.getByLabel('Key', { exact: true }).fill('wrong-key-0123456789');
        await page.getByRole('button', { name: 'Sign in' }).click();
        await page.getByText('The server does not take this key.').waitFor(patient);
      },
    ],
  ];

  test('axe finds nothing in any view, light or dark', async () => {
    const context = await chromium.visit({ viewport: { width: 1280, height: 800 }, colorScheme: 'light' });
    const found: Record<string, unknown> = {};
    for (const [name, arrive] of views) {
      const page = await context.newPage();
      await arrive(page);
      const light = await accessibilityFindings(page);
      // The views are the same in the dark, but for their colours.
      await page.emulateMedia({ colorScheme: 'dark' });
      const dark = await accessibilityFindings(page, ['color-contrast']);
      if (light.length + dark.length > 0) found[name] = { light, dark };
      await page.close();
    }
    expect(found).toEqual({});
  }, 240_000);

  test('a phone shows every view without scrolling sideways', async () => {
    const context = await chromium.visit({ viewport: { width: 360, height: 740 }, hasTouch: true });
    const wide: Record<string, number> = {};
    for (const [name, arrive] of views) {
      // The help is about keys: a narrow page does not offer it.
      if (name === 'the help') continue;
      const page = await context.newPage();
      await arrive(page);
      // The longest that the bar has to say.
      await page.evaluate(`for (const words of document.querySelectorAll('.connection summary span:last-child'))
        words.textContent = 'Offline, again in 30 s'`);
      const width = await page.evaluate<number>(
        `Math.max(document.documentElement.scrollWidth, document.querySelector('main').scrollWidth)`,
      );
      if (width > 360) wide[name] = width;
      await page.close();
    }
    expect(wide).toEqual({});
  }, 240_000);

  test.each([360, 768, 1024, 1280])(
    'a list of %i pixels has whole ids, and every button of its rows in sight',
    async (width) => {
      const page = await (await chromium.visit({ viewport: { width, height: 800 } })).newPage();
      await page.goto(`${server.url}/#/jobs`);
      await page.locator('[aria-rowindex="8"] .status-completed').waitFor(patient);
      const cut = await page.evaluate<
        string[]
      >(`[...document.querySelectorAll('.line')].slice(1).flatMap((line) => [
      ...[line.querySelector('.cell-id')].filter((cell) => cell.scrollWidth > cell.clientWidth),
      // A phone has no room for them: it has the page of the job.
      ...(innerWidth < 760 ? [] : [...line.querySelectorAll('button')]).filter((button) => {
        const { left, right, width } = button.getBoundingClientRect();
        return width === 0 || left < 0 || right > line.getBoundingClientRect().right;
      }),
    ].map((element) => element.outerHTML))`);
      expect(cut).toEqual([]);
    },
  );

  test('a phone with a key has room to say how the connection is', async () => {
    const page = await (await chromium.visit({ viewport: { width: 360, height: 740 } })).newPage();
    await page.goto(keyed.url);
    await page.getByLabel('Key', { exact: true }).fill(alice);
    await page.keyboard.press('Enter');
    await page.getByText('Live').waitFor(patient);
    expect(
      await page.evaluate(`(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(
        document.querySelector('.connection summary span:last-child'))`),
    ).toBe(0);
  });

  test('a key that may only read is offered nothing else, and an empty list says whose jobs it has', async () => {
    const readable = await startPageServer({ INKWIRE_KEYS: `alice=${alice}` });
    const keys = await openSqliteKeys(readable.dataDir);
    const reader = async (owner: string): Promise<string> => {
      const made = makeKey({ owner, scopes: ['jobs:read'], now: 0 }, (size) => randomBytes(size));
      await keys.put(made.key);
      return made.token;
    };
    const [own, other] = [await reader('alice'), await reader('bob')];
    await keys.close();
    await fetch(`${readable.url}/api/v1/jobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${alice}`, prefer: 'wait=60' },
      body: JSON.stringify(small),
    });
    const sign = async (key: string): Promise<Page> => {
      const page = await (await chromium.visit()).newPage();
      await page.goto(`${readable.url}/#/jobs`);
      const field = page.getByLabel('Key', { exact: true });
      const refused = page.getByText('The server does not take this key.');
      // A key that another process has made is known after a moment.
      await expect
        .poll(async () => {
          if (!(await field.isVisible())) return true;
          await field.fill(key);
          await page.keyboard.press('Enter');
          await Promise.race([refused.waitFor(patient), field.waitFor({ state: 'detached', ...patient })]);
          return !(await field.isVisible());
        })
        .toBe(true);
      return page;
    };
    const page = await sign(own);
    await page.locator('.line .status-completed').waitFor(patient);
    const offered = () =>
      page.getByText(/^(New job|Submit|Submit an example|Retry|Cancel|Delete|Edit as new)/).count();
    expect(await offered()).toBe(0);
    expect(await page.getByRole('button', { name: /^(Retry|Cancel)/ }).count()).toBe(0);
    expect(await page.getByRole('button', { name: /^Download/ }).count()).toBe(1);
    await page.locator('.line a').first().click();
    await page.getByRole('button', { name: 'Download' }).first().waitFor(patient);
    expect(await offered()).toBe(0);
    await page.evaluate(`location.hash = '#/submit'`);
    await page.getByRole('heading', { name: /^This key may read jobs/ }).waitFor(patient);
    const empty = await sign(other);
    await empty.getByText('These are the jobs of the owner bob.').waitFor(patient);
    await empty.getByText('inkwire keys create --owner anonymous').waitFor(patient);
    expect(await accessibilityFindings(empty)).toEqual([]);
    await readable.close();
  });

  test('a long line of a result or a request scrolls in its box, not with the page', async () => {
    const text = 'Long '.repeat(100);
    const id = await submit(server, { operations: [{ type: 'add_text', text }] });
    const page = await (await chromium.visit({ viewport: { width: 1280, height: 800 } })).newPage();
    await page.goto(`${server.url}/#/jobs/${id}`);
    await page.getByRole('button', { name: 'Show' }).click();
    await page.getByRole('region', { name: 'Text of the request' }).getByText('"Long ').waitFor(patient);
    expect(await page.evaluate(`document.querySelector('main').scrollWidth`)).toBeLessThanOrEqual(1280);
  });

  test('the colours can be chosen, and stay chosen', async () => {
    const context = await chromium.visit({ colorScheme: 'light' });
    const page = await context.newPage();
    await page.goto(server.url);
    const ground = () => page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
    const light = await ground();
    await page.getByRole('button', { name: 'Colours: system' }).click();
    await page.getByRole('button', { name: 'Colours: light' }).click();
    await page.getByRole('button', { name: 'Colours: dark' }).waitFor(patient);
    await expect.poll(ground).not.toBe(light);
    await page.reload();
    await page.getByRole('button', { name: 'Colours: dark' }).waitFor(patient);
    await expect.poll(ground).not.toBe(light);
  });
});
