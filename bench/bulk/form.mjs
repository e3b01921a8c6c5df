import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { PDFDocument, rgb } from '@cantoo/pdf-lib';
import * as fontkit from 'fontkit';

/** The form and the rows that everything here is measured with: two pages, twelve fields, an embedded font, names of many languages. */

const require = createRequire(import.meta.url);
export const ttf = readFileSync(require.resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf'));
const textNames = ['name', 'street', 'city', 'iban', 'amount', 'date', 'email'];
const plans = ['basic', 'plus', 'pro'];
const countries = ['Austria', 'Germany', 'Switzerland', 'France'];
export const columns = [...textNames, 'agree', 'comment', 'reference', 'country', 'plan'];

/** @returns {Promise<Uint8Array>} */
export async function makeForm() {
  const document = await PDFDocument.create();
  document.registerFontkit(/** @type {any} */ (fontkit));
  const font = await document.embedFont(ttf, { subset: true });
  const words = 'The undersigned agrees that the particulars given here are complete and correct. '.repeat(3);
  const [first, second] = [document.addPage([595, 842]), document.addPage([595, 842])];
  for (const page of [first, second]) {
    page.drawText('Application for membership', { x: 50, y: 780, size: 18, font });
    for (let i = 0; i < 14; i++)
      page.drawText(words.slice(i * 3, i * 3 + 95), { x: 50, y: 400 - i * 20, size: 9, font });
    page.drawLine({
      start: { x: 50, y: 760 },
      end: { x: 545, y: 760 },
      thickness: 0.4,
      color: rgb(0.5, 0.5, 0.7),
    });
  }
  const form = document.getForm();
  const at = (/** @type {number} */ y, width = 300, height = 22) => ({
    x: 130,
    y,
    width,
    height,
    borderWidth: 0.5,
  });
  for (const [i, name] of textNames.entries()) {
    first.drawText(name, { x: 50, y: 720 - i * 40, size: 9, font });
    const field = form.createTextField(name);
    field.addToPage(first, at(710 - i * 40));
    field.setFontSize(11);
  }
  form.createCheckBox('agree').addToPage(first, { x: 460, y: 710, width: 16, height: 16 });
  const comment = form.createTextField('comment');
  comment.enableMultiline();
  comment.addToPage(second, at(640, 300, 80));
  comment.setFontSize(10);
  const reference = form.createTextField('reference');
  reference.setMaxLength(10);
  reference.enableCombing();
  reference.addToPage(second, at(600, 200));
  reference.setFontSize(11);
  const country = form.createDropdown('country');
  country.addOptions(countries);
  country.addToPage(second, at(560, 200));
  const plan = form.createRadioGroup('plan');
  for (const [i, each] of plans.entries())
    plan.addOptionToPage(each, second, { x: 130 + i * 60, y: 530, width: 14, height: 14 });
  return document.save();
}

const names = [
  'Anna Müller',
  'Łukasz Kowalczyk',
  'Nguyễn Szabó',
  'Ульяна Žižka',
  'Περικλής Øberg',
  'Zoë Smith',
];
const cities = ['Kraków', 'Zürich', 'Łódź', 'Liège', 'Αθήνα', 'București'];

/** @param {number} i */
export function row(i) {
  const pick = (/** @type {readonly string[]} */ list, /** @type {number} */ by) =>
    list[(i * by) % list.length] ?? '';
  return [
    `${pick(names, 7)} ${i}`,
    `Lange Straße ${i % 250}`,
    `${10_000 + (i % 89_999)} ${pick(cities, 5)}`,
    `AT${10 + (i % 89)} 1904 3002 ${1000 + (i % 8999)}`,
    `${(i * 1.37).toFixed(2)} €`,
    `2026-${String(1 + (i % 12)).padStart(2, '0')}-17`,
    `user${i}@example.com`,
    i % 2 === 0 ? 'true' : 'false',
    `Row ${i}: please send the certificate by post to the address above and keep the original on file until the end of the year.`,
    String(i).padStart(10, '0'),
    pick(countries, 3),
    pick(plans, 5),
  ];
}

/**
 * With a line of names.
 * @param {number} rows
 */
export function csv(rows) {
  const lines = Array.from({ length: rows }, (_, i) =>
    row(i)
      .map((text) => `"${text}"`)
      .join(','),
  );
  return `${columns.join(',')}\n${lines.join('\n')}\n`;
}
