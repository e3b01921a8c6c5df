import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AppServer } from '../helpers/app-server.js';
import { makeReactPage, serveReactPage, useReactPage } from '../helpers/react-page.mjs';
import { useChromium, withoutChromium } from './chromium.js';
import { startPageServer } from './page-server.js';

const root = resolve(import.meta.dirname, '../..');

/** In the place of a registry: what is installed here. Packing is npm's own. */
const npm = `#!/bin/sh
if [ "$1" = pack ]; then exec "$NPM" "$@" --ignore-scripts; fi
mkdir -p node_modules/.bin node_modules/@inkwire/client
for name in react react-dom vite @types; do ln -s "${root}/node_modules/$name" node_modules/$name; done
ln -s ../vite/bin/vite.js node_modules/.bin/vite
for last; do :; done
tar -xzf "$last" -C node_modules/@inkwire/client --strip-components 1
`;

describe.skipIf(withoutChromium)('docs/guides/react-page.md', () => {
  const chromium = useChromium();
  let server: AppServer;
  let folder: string;
  let env: Record<string, string>;
  beforeAll(async () => {
    server = await startPageServer();
    folder = await mkdtemp(join(tmpdir(), 'inkwire-react-guide-'));
    await mkdir(join(folder, 'bin'));
    await writeFile(join(folder, 'bin', 'npm'), npm);
    await chmod(join(folder, 'bin', 'npm'), 0o755);
    const path = [join(folder, 'bin'), dirname(process.execPath), process.env.PATH].join(delimiter);
    const real = spawnSync('which', ['npm'], { encoding: 'utf8' }).stdout.trim();
    env = { PATH: path, HOME: folder, INKWIRE: root, NPM: real };
  });
  afterAll(async () => {
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  test('ends with a page that shows a document being made, and then the PDF', async () => {
    await makeReactPage({ folder, url: server.url, env });
    const project = join(folder, 'my-page');
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const options = ['-p', project, '--noEmit', '--types', '', '--skipLibCheck'];
    expect(spawnSync(process.execPath, [tsc, ...options], { encoding: 'utf8' }).stdout).toBe('');
    const vite = await serveReactPage({ project, env });
    try {
      const page = await (await chromium.visit()).newPage();
      const faults: string[] = [];
      page.on('pageerror', (error) => faults.push(error.message));
      const { seen, begin } = await useReactPage(page, vite.address);
      expect(begin).toBe('%PDF-');
      expect(seen.at(-1)).toMatch(/^ completed/);
      expect(seen.length).toBeGreaterThan(1);
      expect(faults).toEqual([]);
    } finally {
      await vite.close();
    }
  });
});
