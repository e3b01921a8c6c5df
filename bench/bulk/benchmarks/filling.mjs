/**
 * Rows per CPU second of filling a form of two pages and twelve fields, beside what the README of the PDF library shows:
 * load, fill, update appearances, save, for each row; once with the same embedded font, once with Helvetica, which loses
 * what it has no letters for. CPU time of the process; peers run in the same run.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { crc32 } from 'node:zlib';
import { PDFDocument, rgb, StandardFonts } from '@cantoo/pdf-lib';
import * as fontkit from 'fontkit';
import { TemplateBuilder } from '../dist/src/render/kinds/bulk-fill/template/compile.js';
import { rowFiller } from '../dist/src/render/kinds/bulk-fill/template/row-filler.js';
import { openSource } from '../dist/src/render/kinds/bulk-fill/template/source.js';

const require = createRequire(import.meta.url);
const ttf = readFileSync(require.resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf'));
const textNames = ['name', 'street', 'city', 'iban', 'amount', 'date', 'email'];
const plans = ['basic', 'plus', 'pro'];
const countries = ['Austria', 'Germany', 'Switzerland', 'France'];
const columns = [...textNames, 'agree', 'comment', 'reference', 'country', 'plan'];

async function makeForm() {
  const document = await PDFDocument.create();
  document.registerFontkit(fontkit);
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
  const at = (y, width = 300, height = 22) => ({ x: 130, y, width, height, borderWidth: 0.5 });
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

function row(i) {
  const pick = (list, by) => list[(i * by) % list.length];
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

async function library(form, values, embedded) {
  const document = await PDFDocument.load(form);
  document.registerFontkit(fontkit);
  const font = embedded
    ? await document.embedFont(ttf, { subset: true })
    : await document.embedFont(StandardFonts.Helvetica);
  const shown = (text) => (embedded ? text : text.replace(/[^\x20-\x7e\xa0-\xff€]/g, '?'));
  const filled = document.getForm();
  for (const [i, name] of columns.entries()) {
    const text = values[i];
    if (name === 'agree') filled.getCheckBox(name)[text === 'true' ? 'check' : 'uncheck']();
    else if (name === 'country') filled.getDropdown(name).select(text);
    else if (name === 'plan') filled.getRadioGroup(name).select(text);
    else filled.getTextField(name).setText(shown(text));
  }
  filled.updateFieldAppearances(font);
  return document.save({ updateFieldAppearances: false });
}

async function measure(label, rows, fill) {
  for (let i = 0; i < Math.min(rows, 20); i++) await fill(i);
  const [cpu, wall] = [process.cpuUsage(), performance.now()];
  let bytes = 0;
  for (let i = 0; i < rows; i++) {
    const made = fill(i);
    bytes += typeof made === 'number' ? made : await made;
  }
  const used = process.cpuUsage(cpu);
  const cpuSeconds = (used.user + used.system) / 1e6;
  const rate = rows / cpuSeconds;
  const wallRate = (rows * 1000) / (performance.now() - wall);
  console.log(
    `${label.padEnd(44)} ${rate.toFixed(1).padStart(10)} rows per CPU-s ${wallRate.toFixed(1).padStart(10)} rows/s ${Math.round(bytes / rows)} bytes a file`,
  );
  return rate;
}

const form = await makeForm();
const rows = Array.from({ length: 10_000 }, (_, i) => row(i));
const pack = (flatten) => ({
  format: 'inkwire-package',
  version: 1,
  source: { sha256: '', page_count: 2 },
  overlays: [],
  fields: columns.map((name, i) => ({ name, value: { column: `column_${i}` } })),
  flatten,
});

async function template(flatten) {
  const cpu = process.cpuUsage();
  const source = await openSource(form);
  if ('refused' in source) throw new Error(source.message);
  const builder = new TemplateBuilder({ source, pack: pack(flatten), images: new Map() });
  for (const each of rows) builder.add(each);
  const made = builder.compile();
  const used = process.cpuUsage(cpu);
  console.log(
    `${flatten ? 'flattened' : 'fields kept'}: opened, 10,000 rows read and compiled in ${Math.round((used.user + used.system) / 1e3)} CPU-ms; prefix ${made.prefix.length} bytes`,
  );
  return made;
}

const own = [];
for (const flatten of [false, true]) {
  const { prefix, program } = await template(flatten);
  const fill = rowFiller(prefix.length, program);
  const prefixCrc = crc32(prefix);
  let check = 0;
  const label = `template, ${flatten ? 'flattened' : 'fields kept'}`;
  own.push(
    await measure(label, rows.length, (i) => {
      const { tail } = fill(rows[i], i);
      check ^= crc32(tail, prefixCrc);
      return prefix.length + tail.length;
    }),
  );
  if (check === 0) throw new Error('nothing was made');
}
const peers = [];
for (const embedded of [true, false]) {
  const label = `README loop, ${embedded ? 'embedded font' : 'Helvetica'}`;
  peers.push(
    await measure(label, embedded ? 60 : 200, async (i) => (await library(form, rows[i], embedded)).length),
  );
}
console.log(
  `fields kept / embedded font: ${(own[0] / peers[0]).toFixed(0)}x; / Helvetica: ${(own[0] / peers[1]).toFixed(0)}x`,
);

/** A form of many text fields: what a field costs must not grow with the number of its neighbours. */
async function manyFields(count, times) {
  const document = await PDFDocument.create();
  const page = document.addPage([595, 842]);
  const fields = document.getForm();
  for (let i = 0; i < count; i++)
    fields
      .createTextField(`f${i}`)
      .addToPage(page, { x: 20 + (i % 10) * 55, y: 20 + (i / 10) * 8, width: 50, height: 8 });
  const source = await openSource(await document.save());
  if ('refused' in source) throw new Error(source.message);
  const values = Array.from({ length: count }, (_, i) => `Value ${i % 10}`);
  const mapped = values.map((_, i) => ({ name: `f${i}`, value: { column: `column_${i}` } }));
  const builder = new TemplateBuilder({
    source,
    pack: { ...pack(false), fields: mapped },
    images: new Map(),
  });
  builder.add(values);
  const { prefix, program } = builder.compile();
  const fill = rowFiller(prefix.length, program);
  const rate = await measure(`template, ${count} text fields`, times, (i) => fill(values, i).tail.length);
  return rate * count;
}
const [few, many] = [await manyFields(12, 20_000), await manyFields(1_000, 1_000)];
console.log(
  `fields per CPU-s: ${few.toFixed(0)} of 12, ${many.toFixed(0)} of 1,000 (${(many / few).toFixed(2)}x)`,
);
