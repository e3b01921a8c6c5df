import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BrowserContext, Page } from 'playwright-core';
import type { Feed } from '../../client/sdk/feed.js';
import {
  type DocumentRequest,
  Inkwire,
  type InkwireError,
  type InkwireOptions,
} from '../../client/sdk/inkwire.js';

/** What `pages/app.js` keeps of a feed. */
export interface StoredJob {
  readonly items: {
    readonly type: string;
    readonly id?: string;
    readonly job: string;
    readonly rev: number;
    readonly status: string;
  }[];
  readonly error?: { readonly slug: string; readonly status: number };
  readonly ended: boolean;
}

/** `page` in a page that has loaded `pages/app.js`: for functions that Playwright carries there. */
export interface SdkPage {
  readonly Inkwire: typeof Inkwire;
  readonly InkwireError: typeof InkwireError;
  readonly client: Inkwire;
  readonly server: string;
  readonly transports: readonly string[];
  readonly followed: Readonly<Record<string, StoredJob>>;
  open(options?: InkwireOptions): void;
  /** Until the front releases it. */
  sleep(): void;
  keep(name: string, feed: Feed<{ readonly type: string }>): void;
}

/** A document that is rendered at once. */
export const small: DocumentRequest = { operations: [{ type: 'add_text', text: 'Hello' }] };

/** A page at `front` that has loaded the SDK. Its failures that nobody has caught are the test's. */
export async function openSdkPage(context: BrowserContext, front: string, server?: string): Promise<Page> {
  const page = await context.newPage();
  page.on('pageerror', (error) => {
    throw error;
  });
  const query = server === undefined ? '' : `?server=${encodeURIComponent(server)}`;
  await page.goto(`${front}/pages/app.html${query}`);
  await page.waitForFunction('document.title === "ready"');
  return page;
}

/** What a feed has been given so far. */
export function kept(page: Page, name: string): Promise<StoredJob> {
  return page.evaluate((name) => globalThis.page.followed[name] ?? { items: [], ended: false }, name);
}

/** Resolves when a feed was given so many facts of one type. */
export async function untilFacts(page: Page, name: string, type: string, count: number): Promise<StoredJob> {
  await page.waitForFunction(
    ([name, type, count]) =>
      (globalThis.page.followed[name]?.items.filter((item) => item.type === type).length ?? 0) >= count,
    [name, type, count] as const,
  );
  return kept(page, name);
}

/** The facts of a feed: what is not a snapshot, progress or a reset. */
export function factsOf({ items }: StoredJob): string[] {
  return items.flatMap(({ type, id, job, rev }) => (id === undefined ? [] : [`${id} ${type} ${job} ${rev}`]));
}

/** A client outside of the browser, for what happens elsewhere. */
export function elsewhere(options: InkwireOptions): Inkwire {
  return new Inkwire({ transports: ['long-poll'], ...options });
}

/** `inkwire keys ...` on the data of a server. Resolves with what it has printed. */
export function runKeys(dataDir: string, ...args: readonly string[]): Promise<string> {
  const main = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));
  const env = { PATH: process.env.PATH, INKWIRE_DATA_DIR: dataDir };
  const child = spawn(process.execPath, [main, 'keys', ...args], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.on('data', (bytes) => {
    printed += bytes;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve(printed) : reject(new Error(`keys ended with ${code}`)),
    );
  });
}

declare global {
  // A global of pages can be told to the compiler in no other way.
  var page: SdkPage;
}
