import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type AppServer, alice, startAppServer } from '../helpers/app-server.js';
import { codeBlocks, pathIn } from '../helpers/client-text.js';
import { useChromium, withoutChromium } from './chromium.js';
import { type Front, openFront } from './sdk-front.js';
import { elsewhere, openSdkPage, small } from './sdk-page.js';

describe.skipIf(withoutChromium)('the pages of docs/CLIENTS.md', () => {
  const chromium = useChromium();
  let server: AppServer;
  let front: Front;

  beforeAll(async () => {
    server = await startAppServer({ INKWIRE_KEYS: '' });
  });
  afterAll(() => server.close());
  beforeEach(async () => {
    front = await openFront(server.port);
  });
  afterEach(() => front.close());

  test('page.html makes an invoice, and offers it', async () => {
    front.pages.set('/pages/invoice.html', await readFile(pathIn('examples/page.html'), 'utf8'));
    const page = await (await chromium.visit()).newPage();
    await page.goto(`${front.url}/pages/invoice.html`);
    await page.getByRole('button').click();
    const link = page.getByRole('link', { name: /^Save .*\.pdf$/ });
    await link.waitFor();
    expect(await page.locator('progress').evaluate((bar) => 'value' in bar && bar.value)).toBe(100);
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
    expect(await readFile(await download.path(), 'latin1')).toMatch(/^%PDF-/);
  });

  test('letter.tsx shows a job as it goes', async () => {
    const page = await (await chromium.visit()).newPage();
    front.pages.set(
      '/pages/react.html',
      '<!doctype html><div id="root"></div><script type="module" src="react.js"></script>',
    );
    front.pages.set('/pages/react.js', await bundled());
    const client = elsewhere({ url: server.url });
    const { job_id: id } = await client.submit(small);
    client.close();
    const seen: string[] = [];
    await page.exposeFunction('seen', (text: string) => seen.push(text));
    await page.goto(`${front.url}/pages/react.html?job=${id}`);
    await page.getByText('completed').waitFor();
    // What the page calls is heard of a moment later than what it shows.
    await expect.poll(() => seen.at(-1)).toContain('completed');
    expect(await page.getByRole('progressbar').evaluate((bar) => 'value' in bar && bar.value)).toBe(100);
  });

  /** As a user's bundler does it, with the client from its source. */
  async function bundled(): Promise<string> {
    const root = await mkdtemp(join(tmpdir(), 'inkwire-react-'));
    const entry = `
      import { createRoot } from 'react-dom/client';
      import { Page } from '${pathIn('examples/letter.tsx')}';
      const root = document.querySelector('#root');
      new MutationObserver(() => window.seen(root.textContent)).observe(root, {
        childList: true, characterData: true, subtree: true,
      });
      createRoot(root).render(<Page jobId={new URL(location.href).searchParams.get('job')} />);
    `;
    const sourceOf = (path: string) => fileURLToPath(new URL(`../../client/${path}`, import.meta.url));
    const packages = fileURLToPath(new URL('../../node_modules', import.meta.url));
    const made = await build({
      configFile: false,
      logLevel: 'error',
      root,
      resolve: {
        alias: [
          { find: '@inkwire/client/react', replacement: sourceOf('react/react.ts') },
          { find: '@inkwire/client', replacement: sourceOf('sdk/client.ts') },
          // Of this project: the folder of the bundle has no packages.
          { find: /^react(-dom)?(?=\/|$)/, replacement: `${packages}/react$1` },
        ],
      },
      plugins: [
        {
          name: 'entry',
          resolveId: (id) => (id === 'virtual:entry.jsx' ? join(root, 'entry.jsx') : undefined),
          load: (id) => (id === join(root, 'entry.jsx') ? entry : undefined),
        },
      ],
      oxc: { jsx: { runtime: 'automatic', importSource: 'react', development: false } },
      build: {
        write: false,
        minify: false,
        rolldownOptions: { input: 'virtual:entry.jsx', output: { codeSplitting: false } },
      },
    });
    await rm(root, { recursive: true });
    const [first] = Array.isArray(made) ? made : [made];
    const chunk =
      'output' in (first ?? {}) && first !== undefined && 'output' in first ? first.output[0] : undefined;
    if (chunk === undefined) throw new Error('a bundle was awaited');
    return chunk.code;
  }

  test('the code for a page that has only tickets watches a job', async () => {
    const [code = ''] = codeBlocks().flatMap((block) => (block.mark === 'ticket' ? [block.code] : []));
    const other = await startAppServer({ INKWIRE_CORS_ORIGINS: front.url });
    const owner = elsewhere({ url: other.url, key: alice });
    try {
      const { job_id: id } = await owner.submit(small);
      const context = await chromium.visit();
      await context.route('**/my/ticket?*', async (route) => {
        const job = new URL(route.request().url()).searchParams.get('job');
        const { ticket } = await owner.ticket([`job:${job}`]);
        await route.fulfill({ body: ticket });
      });
      const tab = await openSdkPage(context, front.url, other.url);
      const text = code.replace('https://inkwire.example', other.url);
      expect(text).not.toBe(code);
      const status = await tab.evaluate(
        `(async ({ Inkwire }, jobId) => { ${text}; return status; })(page, ${JSON.stringify(id)})`,
      );
      expect(status).toBe('completed');
    } finally {
      owner.close();
      await other.close();
    }
  });
});
