import { PDFDocument, StandardFonts } from '@cantoo/pdf-lib';
import type { BrowserContext, Page } from 'playwright-core';
import type { AppServer } from '../helpers/app-server.js';
import type { Front } from './sdk-front.js';

/** A PDF of A4 pages, the third of them across. On page n stand `Page n`, `needle` and, on every tenth, `harbour`. */
export async function paper(pages: number): Promise<Uint8Array<ArrayBuffer>> {
  const pdf = await PDFDocument.create();
  const font = await pdf.embedFont(StandardFonts.Helvetica);
  for (let number = 1; number <= pages; number += 1) {
    const page = pdf.addPage(number === 3 ? [842, 595] : [595, 842]);
    const write = (text: string, y: number) => page.drawText(text, { x: 60, y, size: 18, font });
    write(`Page ${number} of the paper`, 500);
    write('A needle lies in the hay', 460);
    if (number % 10 === 0) write('near the Hárbour wall', 420);
  }
  return new Uint8Array(await pdf.save());
}

/** Submits a job with a file, as another client would. */
export async function submitFile(
  { url }: Pick<AppServer, 'url'>,
  fields: Readonly<Record<string, string>>,
  file: Uint8Array<ArrayBuffer>,
  key?: string,
): Promise<string> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  form.set('input', new Blob([file], { type: 'application/pdf' }), 'paper.pdf');
  const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const answer = await fetch(`${url}/api/v1/jobs`, { method: 'POST', headers, body: form });
  const { data } = (await answer.json()) as { readonly data: { readonly job_id: string } };
  return data.job_id;
}

/** The record of a job that has ended. */
export async function untilEnded({ url }: Pick<AppServer, 'url'>, id: string, key?: string): Promise<void> {
  const authorization: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
  for (;;) {
    const headers = { prefer: 'wait=20', ...authorization };
    const answer = await fetch(`${url}/api/v1/jobs/${id}`, { headers });
    const { data } = (await answer.json()) as { readonly data: { readonly status: string } };
    if (!['pending', 'running'].includes(data.status)) return;
  }
}

export interface Viewer {
  readonly page: Page;
  /** What nobody has caught. */
  readonly faults: readonly string[];
  /** Paths and queries of requests for pages, in order. */
  readonly asked: readonly string[];
}

/** Attributes of the element, and what is done with it before it asks for anything. */
export interface ViewerOptions {
  readonly attributes: Readonly<Record<string, string>>;
  readonly script?: string;
  readonly prepare?: (page: Page) => Promise<unknown>;
}

/** A page of another origin with the element in it; the module comes from the server. */
export async function openViewer(
  context: BrowserContext,
  { front, server }: { readonly front: Front; readonly server: Pick<AppServer, 'url'> },
  { attributes, script = '', prepare }: ViewerOptions,
): Promise<Viewer> {
  const page = await context.newPage();
  const faults: string[] = [];
  const asked: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('request', (request) => {
    const { pathname, search } = new URL(request.url());
    if (/\/pages[/.]|\/artifacts\/page-/.test(pathname))
      asked.push(pathname.replace(/^.*?job_[^/]+\//, '') + search);
  });
  const path = `/pages/viewer-${Math.random().toString(36).slice(2)}.html`;
  const written = Object.entries(attributes).map(([name, value]) => `${name}="${value}"`);
  front.pages.set(
    path,
    `<!doctype html><html lang="en"><title>A page of somebody</title><link rel="icon" href="data:,">
    <style>body { margin: 0 } h1 { position: absolute; opacity: 0 } inkwire-pages { block-size: 100vh }</style>
    <main><h1>Document</h1><inkwire-pages ${written.join(' ')}></inkwire-pages></main>
    <script>
      globalThis.viewer = document.querySelector('inkwire-pages');
      globalThis.told = [];
      for (const type of ['ready', 'pagechange', 'zoomchange', 'find', 'fault'])
        viewer.addEventListener(type, ({ detail }) => told.push({ type, ...detail, error: String(detail.error ?? '') }));
      ${script}
    </script>
    <script type="module" src="${server.url}/pages.js"></script></html>`,
  );
  await prepare?.(page);
  await page.goto(front.url + path);
  return { page, faults, asked };
}

/** The group of one page. */
export function sheet(page: Page, number: number) {
  return page.getByRole('group', { name: new RegExp(`^Page ${number} of `) });
}

/** Resolves when the picture of a page is seen. */
export function drawn(page: Page, number: number): Promise<void> {
  return sheet(page, number).locator('img[src^="blob:"]').waitFor();
}

/** What the element tells with an event, the last time. */
export function lastTold<T>(page: Page, type: string): Promise<T> {
  return page.evaluate(`told.findLast((event) => event.type === ${JSON.stringify(type)})`);
}
