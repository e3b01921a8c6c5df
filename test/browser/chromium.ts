import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';

const executablePath = '/usr/bin/chromium';

/** Whether tests that need Debian's Chromium are left out; in CI it must be there. */
export const withoutChromium = process.env.CI !== 'true' && !existsSync(executablePath);

/** Quiet: nothing is asked of anybody but the pages' own server. */
const args = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface Chromium {
  /** A context of its own, as a new visitor with nothing stored; closed after the test. */
  visit(options?: BrowserContextOptions): Promise<BrowserContext>;
}

/** One browser for the test file, started before its tests and closed after them. Call it at the top of a `describe`. */
export function useChromium(): Chromium {
  let browser: Browser | undefined;
  const contexts = new Set<BrowserContext>();

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args });
  });
  afterEach(async () => {
    await Promise.all([...contexts].map((context) => context.close()));
    contexts.clear();
  });
  afterAll(() => browser?.close());

  return {
    async visit(options = {}) {
      if (browser === undefined) throw new Error('the browser is there only while tests run');
      const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
      // What a page is waited for without a time of its own: a busy machine may be slow.
      context.setDefaultTimeout(60_000);
      contexts.add(context);
      return context;
    },
  };
}
