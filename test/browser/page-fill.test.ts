import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PDFDocument } from '@cantoo/pdf-lib';
import type { Download, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { folderOfPackage } from '../../src/render/fonts/packages.js';
import { readPackage } from '../../src/render/kinds/bulk-fill/package/package-file.js';
import type { AppServer } from '../helpers/app-server.js';
import { useChromium, withoutChromium } from './chromium.js';
import { accessibilityFindings, startPageServer } from './page-server.js';

const names = ['first_name', 'last_name', 'email', 'number'];

async function formPdf(): Promise<Buffer> {
  const document = await PDFDocument.create();
  const page = document.addPage([400, 300]);
  document.addPage([400, 300]);
  const form = document.getForm();
  for (const [index, name] of names.entries())
    form.createTextField(name).addToPage(page, { x: 20, y: 250 - index * 40, width: 240, height: 24 });
  return Buffer.from(await document.save());
}

/** In one row there is no such EAN, in another no character that a font has. */
function rowsCsv(count: number): Buffer {
  const rows = Array.from({ length: count }, (_, index) => {
    const code = index === 5 ? 'none' : '4006381333931';
    return `Ada ${index},"Łoś, ${index}",ada${index}@example.org,${code}`;
  });
  return Buffer.from(`First Name,last_name,E-Mail,number\n${rows.join('\n')}\n`);
}

describe.skipIf(withoutChromium)('bulk fill in the live page', () => {
  const chromium = useChromium();
  let server: AppServer;
  let pdf: Buffer;
  beforeAll(async () => {
    server = await startPageServer();
    pdf = await formPdf();
  });
  afterAll(() => server?.close());

  async function open(options: Parameters<typeof chromium.visit>[0] = {}): Promise<Page> {
    const context = await chromium.visit({ viewport: { width: 1440, height: 900 }, ...options });
    const page = await context.newPage();
    await page.goto(`${server.url}/#/fill`);
    await page.getByText('Live', { exact: true }).waitFor();
    return page;
  }

  async function give(page: Page, rows: number): Promise<void> {
    await page
      .getByLabel('PDF to fill')
      .setInputFiles({ name: 'form.pdf', mimeType: 'application/pdf', buffer: pdf });
    await page
      .getByLabel('Rows as CSV')
      .setInputFiles({ name: 'rows.csv', mimeType: 'text/csv', buffer: rowsCsv(rows) });
    await page.getByText('4 of 4 filled').waitFor();
    await page.getByRole('img', { name: 'Page 1, filled' }).waitFor();
  }

  async function savePackage(page: Page): Promise<Download> {
    const saving = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save package' }).click();
    return saving;
  }

  async function loadPackage(page: Page, buffer: Buffer): Promise<void> {
    await page
      .getByLabel('Package')
      .setInputFiles({ name: 'form.doqlo', mimeType: 'application/zip', buffer });
    await page.getByText('form.doqlo is loaded.').waitFor();
  }

  test('a PDF and a CSV become a thousand files, as a person does it', async () => {
    const page = await open();
    await give(page, 1_000);
    // Columns were found by name; a field gets a text of two of them.
    expect(await page.getByLabel('email', { exact: true }).inputValue()).toBe('2');
    await page.getByLabel('last_name', { exact: true }).selectOption('text');
    await page.getByLabel('Text for last_name').fill('{{last_name}} of {{First Name}}');
    // A code, dragged by the mouse and moved by keys.
    await page.getByRole('button', { name: 'Barcode' }).click();
    const code = page.getByRole('button', { name: /^Barcode: / });
    await page.getByRole('combobox', { name: /^Code/ }).selectOption('ean13');
    await page.getByLabel('Value of the Barcode').selectOption('3');
    const before = await code.boundingBox();
    if (before === null) throw new Error('the overlay is not seen');
    await page.mouse.move(before.x + 10, before.y + 10);
    await page.mouse.down();
    await page.mouse.move(before.x + 40, before.y + 70, { steps: 4 });
    await page.mouse.up();
    const way = async () => {
      const { x = 0, y = 0 } = (await code.boundingBox()) ?? {};
      return [Math.round(x - before.x), Math.round(y - before.y)];
    };
    await expect.poll(way).toEqual([30, 60]);
    const label = async () => (await code.getAttribute('aria-label')) ?? '';
    const left = Number(/: (\d+) from/.exec(await label())?.[1]);
    await code.press('Shift+ArrowLeft');
    await expect.poll(label).toContain(`: ${left - 10} from the left`);
    await code.press('Alt+ArrowRight');
    await expect.poll(label).toContain('161 by 60 points');
    // Files are named by columns, chosen by keys alone.
    const named = page.getByLabel('Column 1 of the file name');
    await named.focus();
    await named.press('ArrowDown');
    await page.getByLabel('Column 2 of the file name').selectOption('last_name');
    await page.getByText('row_1_Ada 0_Łoś, 0.pdf').waitFor();
    // Any row beside its data.
    await page.getByRole('spinbutton', { name: /^Row/ }).fill('6');
    await page.getByRole('spinbutton', { name: /^Row/ }).press('Enter');
    await page.getByText('ada5@example.org').waitFor();
    await page.getByText('must be 12 digits').waitFor();

    await page.getByRole('button', { name: 'Fill 1,000 rows' }).click();
    await page.getByText('1000 of 1000').waitFor();
    const wrong = page.getByRole('region', { name: 'Rows to look at' });
    await wrong.getByText('must be 12 digits').waitFor();
    expect(await wrong.getByRole('row').count()).toBe(2);
    await wrong.getByRole('button', { name: '6', exact: true }).click();
    const saving = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download all' }).click();
    const saved = await saving;
    expect(saved.suggestedFilename()).toMatch(/\.zip$/);
    const bytes = await readFile(await saved.path());
    // The end of a ZIP tells its entries: a thousand PDFs and the manifest.
    expect(bytes.readUInt16LE(bytes.length - 12)).toBe(1_001);
    expect(bytes.includes('row_1000_Ada 999_Łoś, 999.pdf')).toBe(true);
  });

  const square = (background: string): Promise<Buffer> =>
    sharp({ create: { width: 20, height: 20, channels: 3, background } })
      .png()
      .toBuffer();
  /** The colour in the middle of the page, where the picture lies. */
  const colourOf = async (page: Page): Promise<readonly number[]> => {
    const shown = await page.getByRole('img', { name: 'Page 1, filled' }).getAttribute('src');
    const png = Buffer.from((shown ?? '').replace(/^[^,]*,/, ''), 'base64');
    if (png.length === 0) return [];
    const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const at = (Math.round(info.height * 0.47) * info.width + Math.round(info.width / 2)) * 3;
    return [...data.subarray(at, at + 3)];
  };

  test('a column of pictures is laid over the page, seen, and told of where it has none', async () => {
    const page = await open();
    const base64 = async (background: string) => (await square(background)).toString('base64');
    const rows = [
      `Ada,${await base64('#f00')}`,
      `Bob,"data:image/png;base64,${await base64('#00f')}"`,
      'Eve,',
    ];
    const buffer = Buffer.from(`first_name,photo\n${rows.join('\n')}\n`);
    await page
      .getByLabel('PDF to fill')
      .setInputFiles({ name: 'form.pdf', mimeType: 'application/pdf', buffer: pdf });
    await page.getByLabel('Rows as CSV').setInputFiles({ name: 'rows.csv', mimeType: 'text/csv', buffer });
    await page.getByText('1 of 4 filled').waitFor();
    await page.getByRole('button', { name: 'Picture' }).click();
    // It was found; it can be nothing but a column.
    expect(await page.getByLabel('Value of the Picture').inputValue()).toBe('1');
    expect(await page.getByLabel('Value of the Picture').locator('option').allInnerTexts()).toEqual([
      'first_name',
      'photo',
    ]);
    await page.getByRole('img', { name: 'photo', exact: true }).waitFor();
    const colour = () => colourOf(page);
    await expect.poll(colour).toEqual([255, 0, 0]);
    await page.getByRole('button', { name: 'Next row' }).click();
    await expect.poll(colour).toEqual([0, 0, 255]);
    await page.getByRole('button', { name: 'Next row' }).click();
    await page.getByText('Picture is left out: the row has none').waitFor();
    await page.getByRole('button', { name: 'Fill 3 rows' }).click();
    await page.getByText('3 of 3').waitFor();
    const wrong = page.getByRole('region', { name: 'Rows to look at' });
    await wrong.getByText('Picture is left out: the row has none').waitFor();
    expect(await wrong.getByRole('row').count()).toBe(2);
  });

  test('a package is saved, and loaded again', async () => {
    const page = await open();
    await give(page, 3);
    await page.getByRole('button', { name: 'QR code' }).click();
    await page.getByLabel('Fields become a part of the page').check();
    const saved = await savePackage(page);
    expect(saved.suggestedFilename()).toBe('form.doqlo');
    const buffer = await readFile(await saved.path());

    const other = await open();
    await give(other, 3);
    await loadPackage(other, buffer);
    expect(await other.getByLabel('Fields become a part of the page').isChecked()).toBe(true);
    await other.getByRole('button', { name: /^QR code: / }).waitFor();
    expect(await other.getByLabel('email', { exact: true }).inputValue()).toBe('2');
  });

  test('one picture for all rows is chosen, saved with its package, loaded and filled', async () => {
    const page = await open();
    await give(page, 3);
    await page.getByRole('button', { name: 'Picture', exact: true }).click();
    const file = page.getByLabel('File of the Picture');
    await file.setInputFiles({ name: 'my logo.png', mimeType: 'image/png', buffer: await square('#0f0') });
    await page.getByRole('img', { name: 'my_logo.png' }).waitFor();
    await expect.poll(() => colourOf(page)).toEqual([0, 255, 0]);
    const buffer = await readFile(await (await savePackage(page)).path());
    expect(buffer.includes('images/my_logo.png')).toBe(true);

    const other = await open();
    await give(other, 3);
    await loadPackage(other, buffer);
    await expect.poll(() => colourOf(other)).toEqual([0, 255, 0]);
    await other.getByRole('button', { name: /^Picture: / }).click();
    await other.getByRole('img', { name: 'my_logo.png' }).waitFor();
    // Another one of the same name is another picture.
    await other
      .getByLabel('File of the Picture')
      .setInputFiles({ name: 'my logo.png', mimeType: 'image/png', buffer: await square('#00f') });
    await expect.poll(() => colourOf(other)).toEqual([0, 0, 255]);
    await other.getByRole('button', { name: 'Fill 3 rows' }).click();
    await other.getByText('3 of 3').waitFor();
    expect(await other.getByRole('region', { name: 'Rows to look at' }).count()).toBe(0);
    // A column is chosen instead; none of the rows has a picture in it.
    await other.getByLabel('Value of the Picture').selectOption('0');
    await other.getByText('Picture is left out').waitFor();
    expect(await other.getByRole('img', { name: 'my_logo.png' }).count()).toBe(0);
  });

  test('a package keeps its fonts and its language when it is loaded, seen, saved and filled', async () => {
    const font = await readFile(join(folderOfPackage('dejavu-fonts-ttf') ?? '', 'ttf/DejaVuSerif.ttf'));
    const place = { page: 0, x: 280, y: 20, width: 100, height: 20 };
    const overlays = [{ ...place, type: 'text', value: { column: 'column_0' }, font: 'Brand' }];
    const form = new FormData();
    form.append('pdf', new Blob([Uint8Array.from(pdf)]), 'form.pdf');
    form.append('package', JSON.stringify({ overlays, language: 'ja' }));
    form.append('fonts/Brand.ttf', new Blob([Uint8Array.from(font)]), 'Brand.ttf');
    const made = await fetch(`${server.url}/api/v1/packages`, { method: 'POST', body: form });
    expect(made.status).toBe(201);
    const page = await open();
    await give(page, 3);
    await loadPackage(page, Buffer.from(await made.arrayBuffer()));
    await page.getByRole('button', { name: /^Text: / }).waitFor();
    const saved = await readFile(await (await savePackage(page)).path());
    const read = readPackage(saved);
    if ('defect' in read) throw new Error(read.defect);
    expect(read.pack).toMatchObject({ overlays, language: 'ja' });
    expect(Buffer.from(read.files.get('fonts/Brand.ttf') ?? []).equals(font)).toBe(true);
    await page.getByRole('button', { name: 'Fill 3 rows' }).click();
    await page.getByText('3 of 3').waitFor();
  });

  test('what is no PDF is refused in words, and the page goes on', async () => {
    const page = await open();
    await page
      .getByLabel('PDF to fill')
      .setInputFiles({ name: 'a.pdf', mimeType: 'application/pdf', buffer: Buffer.from('no PDF') });
    await page.getByRole('alert').getByText('is not a PDF').waitFor();
    await give(page, 2);
  });

  test.each([
    ['light', 1440],
    ['dark', 390],
  ] as const)(
    'axe has nothing against it, %s at %i pixels, and nothing is wider than the screen',
    async (colorScheme, width) => {
      const page = await open({ colorScheme, viewport: { width, height: 844 } });
      await give(page, 8);
      await page.getByRole('button', { name: 'Text', exact: true }).click();
      await page.getByRole('button', { name: 'Fill 8 rows' }).click();
      await page.getByText('8 of 8').waitFor();
      await page.getByText('Filling …').waitFor({ state: 'detached' });
      expect(await accessibilityFindings(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    },
  );
});
