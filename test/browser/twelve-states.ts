import { PDFDocument } from '@cantoo/pdf-lib';
import type { Page } from 'playwright-core';
import { vi } from 'vitest';
import { type AppServer, alice } from '../helpers/app-server.js';
import { endless } from '../helpers/long-documents.js';
import { broken, startPageServer, submit } from './page-server.js';

/** An office whose page is looked at: what it has made today, what went wrong, and what is under way. */

const patient = { timeout: 120_000 };
const customers = ['Ada Lovelace', 'Grace Hopper', 'Müller & Söhne GmbH', 'Acme Inc.', 'Łódź Paper Works'];

const invoice = (number: number, customer: string) => ({
  title: `Invoice ${number} for ${customer}`,
  reference: `INV-${number}`,
  group: 'november-invoices',
  tags: ['invoice', number % 3 === 0 ? 'reminder' : 'first'],
  metadata: { customer },
  header: { left: 'Paper & Ink Ltd.', right: `Invoice ${number}`, line: true },
  footer: { text: 'Page {page} of {pages}', align: 'center' },
  operations: [
    { type: 'add_text', text: 'Invoice', font_size: 26, bold: true },
    { type: 'add_text', text: `${customer}\n12 Sample Street\nLondon` },
    { type: 'add_spacer', height: 6 },
    {
      type: 'add_table',
      headers: ['Item', 'Quantity', 'Price', 'Total'],
      rows: Array.from({ length: 8 }, (_, n) => [
        `Fountain pen, colour ${n + 1}`,
        n + 1,
        '24.00',
        `${24 * (n + 1)}.00`,
      ]),
    },
  ],
});

const scan = (number: number) => ({
  ...broken,
  title: `Scan ${number} of the archive`,
  group: 'november-invoices',
  tags: ['scan'],
});

const report = {
  title: 'Stock list of the warehouse, by shelf',
  reference: 'STOCK-11',
  tags: ['report'],
  operations: [
    { type: 'add_text', text: 'Stock list', font_size: 26, bold: true },
    {
      type: 'add_table',
      headers: ['No.', 'Item', 'Shelf', 'Price'],
      rows: Array.from({ length: 220 }, (_, n) => [
        `${n + 1}`,
        `Item ${n + 1}`,
        `B-${n % 40}`,
        (n * 1.5).toFixed(2),
      ]),
    },
  ],
};

export interface Office {
  readonly server: AppServer;
  /** A job that was completed, with some pages. */
  readonly done: string;
  readonly failed: string;
  close(): Promise<void>;
}

async function formPdf(): Promise<Buffer> {
  const document = await PDFDocument.create();
  const page = document.addPage([420, 300]);
  page.drawText('Membership card', { x: 20, y: 268, size: 18 });
  const form = document.getForm();
  for (const [index, name] of ['first_name', 'last_name', 'email', 'number'].entries()) {
    page.drawText(name.replace('_', ' '), { x: 20, y: 232 - index * 46, size: 10 });
    form.createTextField(name).addToPage(page, { x: 110, y: 224 - index * 46, width: 260, height: 24 });
  }
  return Buffer.from(await document.save());
}

async function settled(server: AppServer, count: number): Promise<void> {
  const ended = async (): Promise<void> => {
    const answer = await fetch(`${server.url}/api/v1/jobs?limit=200`);
    const { data } = (await answer.json()) as { data: { jobs: { completed_at?: string }[] } };
    const open = count - data.jobs.filter(({ completed_at }) => completed_at !== undefined).length;
    if (open > 0) throw new Error(`${open} jobs have not ended`);
  };
  await vi.waitFor(ended, { timeout: 120_000, interval: 200 });
}

export async function openOffice(): Promise<Office> {
  const server = await startPageServer({ INKWIRE_WORKERS: '2' });
  const made = [
    ...Array.from({ length: 14 }, (_, n) => invoice(4001 + n, customers[n % customers.length] ?? '')),
    ...Array.from({ length: 3 }, (_, n) => scan(n + 1)),
    report,
  ];
  const ids: string[] = [];
  for (const request of made) ids.push(await submit(server, request));
  await settled(server, made.length);
  return { server, done: ids.at(-1) ?? '', failed: ids.at(-2) ?? '', close: () => server.close() };
}

const busy = 'price-lists';
/** Has both threads at work, and some jobs waiting, however fast the machine is. */
async function makeBusy({ server }: Office): Promise<void> {
  const answer = await fetch(`${server.url}/api/v1/groups/${busy}`);
  const { data } = (await answer.json()) as { data?: { jobs: number; pending: number } };
  const { jobs = 0, pending = 0 } = data ?? {};
  for (let n = pending; n < 8; n += 1)
    await submit(server, {
      ...endless,
      group: busy,
      title: `Price list ${jobs + n - pending + 1}, all customers`,
    });
}

/** Ends what keeps the threads busy. */
export async function calm({ server }: Office): Promise<void> {
  await fetch(`${server.url}/api/v1/bulk/cancel?group=${busy}`, { method: 'POST' });
}

export interface State {
  readonly name: string;
  /** Brings the page to it from an empty tab. */
  readonly show: (page: Page, office: Office) => Promise<void>;
}

const visit = async (page: Page, url: string, hash: string): Promise<void> => {
  await page.goto(`${url}/${hash}`);
  await page.getByText('Live', { exact: true }).waitFor(patient);
};

/** The page of a job, when its first page is there. */
const visitResult = async (page: Page, url: string, job: string): Promise<void> => {
  await visit(page, url, `#/jobs/${job}`);
  await page
    .getByRole('group', { name: /^Page 1 of / })
    .locator('img[src]')
    .waitFor(patient);
};

/** Those that need the office while it is busy come first. */
export const busyStates: readonly State[] = [
  {
    name: '02-jobs-running',
    async show(page, office) {
      await makeBusy(office);
      await visit(page, office.server.url, '#/jobs');
      await page.locator('.line-running .progress').first().waitFor(patient);
    },
  },
  {
    name: '03-overview',
    async show(page, office) {
      await makeBusy(office);
      await visit(page, office.server.url, '#/overview');
      await page.locator('.lane-busy').first().waitFor(patient);
    },
  },
];

export const states: readonly State[] = [
  {
    name: '01-empty',
    async show(page) {
      const server = await startPageServer();
      page.once('close', () => void server.close());
      await visit(page, server.url, '#/jobs');
      await page.getByRole('heading', { name: 'No jobs yet' }).waitFor(patient);
    },
  },
  {
    name: '04-group',
    async show(page, { server }) {
      await visit(page, server.url, '#/groups/november-invoices');
      await page.getByRole('link', { name: '3 failed' }).waitFor(patient);
      await page.locator('.grid-body .line').first().waitFor(patient);
    },
  },
  {
    name: '05-errors-as-one-row',
    async show(page, { server }) {
      await visit(page, server.url, '#/jobs?status=failed');
      await page.getByRole('link', { name: /^3 × / }).waitFor(patient);
    },
  },
  {
    name: '06-job-with-result',
    async show(page, { server, done }) {
      await visitResult(page, server.url, done);
    },
  },
  {
    name: '07-failed-job',
    async show(page, { server, failed }) {
      await visit(page, server.url, `#/jobs/${failed}`);
      await page.getByRole('heading', { name: /^Failed/ }).waitFor(patient);
      await page.getByText('failed', { exact: true }).first().waitFor(patient);
    },
  },
  {
    name: '08-offline',
    async show(page) {
      const server = await startPageServer();
      for (const [n, customer] of customers.entries()) await submit(server, invoice(4001 + n, customer));
      await submit(server, { ...endless, title: 'Price list, all customers' });
      await visit(page, server.url, '#/jobs');
      await page.locator('.line-running').waitFor(patient);
      await server.close();
      await page.getByText(/^Not live since/).waitFor(patient);
    },
  },
  {
    name: '09-bulk-fill',
    async show(page, { server }) {
      await visit(page, server.url, '#/fill');
      const rows = customers.map(
        (name, n) => `${name.split(' ')[0]},${name.split(' ').at(-1)},c${n}@example.org,${n}`,
      );
      const csv = Buffer.from(`First Name,last_name,E-Mail,number\n${rows.join('\n')}\n`);
      await page
        .getByLabel('PDF to fill')
        .setInputFiles({ name: 'card.pdf', mimeType: 'application/pdf', buffer: await formPdf() });
      await page
        .getByLabel('Rows as CSV')
        .setInputFiles({ name: 'members.csv', mimeType: 'text/csv', buffer: csv });
      await page.getByText('4 of 4 filled').waitFor(patient);
      await page.getByRole('img', { name: 'Page 1, filled' }).waitFor(patient);
    },
  },
  {
    name: '10-page-viewer',
    async show(page, { server, done }) {
      await visitResult(page, server.url, done);
      await page.getByRole('textbox', { name: 'Page', exact: true }).fill('3');
      await page.keyboard.press('Enter');
      await page
        .getByRole('group', { name: /^Page 3 of / })
        .locator('img[src]')
        .waitFor(patient);
    },
  },
  {
    name: '11-editor',
    async show(page, { server }) {
      await visit(page, server.url, '#/submit');
      await page.getByRole('button', { name: /^Invoice/ }).click();
      // On a phone, the text is in sight and the page behind a button.
      const wide = (page.viewportSize()?.width ?? 0) > 1_000;
      const editor = page.getByRole('textbox', { name: 'Request, as JSON' });
      await (wide ? page.getByRole('img', { name: 'Page 1', exact: true }) : editor).waitFor(patient);
    },
  },
  {
    name: '12-sign-in',
    async show(page) {
      const server = await startPageServer({ INKWIRE_KEYS: `alice=${alice}` });
      page.once('close', () => void server.close());
      await page.goto(`${server.url}/#/jobs`);
      await page.getByLabel('Key', { exact: true }).fill('not-a-key-of-this-server');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText('The server does not take this key.').waitFor(patient);
    },
  },
];

/** Texts that do not have their room, and say nowhere what they are as a whole; and what is wider than the screen. */
export function cutTexts(page: Page): Promise<readonly string[]> {
  return page.evaluate<string[]>(`(() => {
    const found = [];
    const words = (text) => text.replace(/\\s+/g, ' ').trim();
    for (const element of document.querySelectorAll('body *')) {
      const { overflowX } = getComputedStyle(element);
      if (overflowX !== 'hidden' && overflowX !== 'clip') continue;
      if (element.clientWidth <= 1 || element.scrollWidth <= element.clientWidth + 1) continue;
      const text = words(element.innerText ?? '');
      if (text === '' || element.closest('.unseen') !== null) continue;
      const title = words(element.closest('[title]')?.getAttribute('title') ?? '');
      if (title !== '' && (title.includes(text) || text.startsWith(title))) continue;
      found.push(element.className + ': ' + text.slice(0, 120) + ' (' + element.scrollWidth + ' in ' + element.clientWidth + ')');
    }
    // What a menu shows is its own matter: it has to have room for the words that are chosen.
    const pen = document.createElement('canvas').getContext('2d');
    for (const menu of document.querySelectorAll('select')) {
      if (menu.clientWidth === 0) continue;
      const { font, paddingLeft, paddingRight } = getComputedStyle(menu);
      pen.font = font;
      const text = menu.selectedOptions[0]?.text ?? '';
      const room = menu.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight) - 14;
      if (pen.measureText(text).width > room + 2 && menu.title === '') found.push('select: ' + text);
    }
    const main = document.querySelector('main');
    const over = Math.max(document.documentElement.scrollWidth, main.scrollWidth) - innerWidth;
    if (over > 0) found.push('The page is ' + over + ' pixels wider than the screen');
    return found;
  })()`);
}
