import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';

const whole = '/usr/bin/chromium';
/** The same engine without the windows of a desktop, which nobody sees here: half of the processor time. */
const shell = '/usr/bin/chromium-headless-shell';
const inCi = process.env.CI === 'true';
const isThere = (path: string): boolean => inCi || existsSync(path);

/** Whether tests that need Debian's Chromium are left out; in CI it must be there. */
export const withoutChromium = !isThere(shell) && !isThere(whole);
/** As above, for what the headless shell does not have, such as the viewer of PDFs. */
export const withoutWholeChromium = !isThere(whole);

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

/**
 * One browser for the tests of a `describe`, started before them and closed after them. Call it at its top.
 * @param options `whole`: the browser that people have, for what the headless shell does not do
 */
export function useChromium(options: { readonly whole?: boolean } = {}): Chromium {
  const executablePath = options.whole !== true && isThere(shell) ? shell : whole;
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
      context.setDefaultTimeout(120_000);
      contexts.add(context);
      return context;
    },
  };
}
