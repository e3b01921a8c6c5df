import { crc32 } from 'node:zlib';
import { PDFDocument, StandardFonts } from '@cantoo/pdf-lib';
import * as fontkit from 'fontkit';
import { TemplateBuilder } from '../../../dist/src/render/kinds/bulk-fill/template/compile.js';
import { rowFiller } from '../../../dist/src/render/kinds/bulk-fill/template/row-filler.js';
import { openSource } from '../../../dist/src/render/kinds/bulk-fill/template/source.js';
import { median } from '../../kit/statistics.mjs';
import { columns, makeForm, row, ttf } from '../form.mjs';

/**
 * Rows per CPU second of filling a form of two pages and twelve fields, beside what the README of the PDF library shows:
 * load, fill, update appearances, save, for each row; once with the same embedded font, once with Helvetica, which loses
 * what it has no letters for. CPU time of the process; peers run in the same run, in turns.
 * @param {import('../../kit/figure.mjs').Run} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, say }) {
  const count = short ? 2_000 : 10_000;
  const rounds = short ? 1 : 3;
  const form = await makeForm();
  const rows = Array.from({ length: count }, (_, i) => row(i));
  const templates = [];
  for (const flatten of [false, true]) templates.push(await template(form, rows, flatten, say));
  /** @type {Record<'kept' | 'flattened' | 'embedded' | 'helvetica', number[]>} */
  const rates = { kept: [], flattened: [], embedded: [], helvetica: [] };
  const sizes = { kept: 0, embedded: 1 };
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, name] of /** @type {const} */ (['kept', 'flattened']).entries()) {
      const { prefix, program } = templates[at] ?? never();
      const fill = rowFiller({ length: prefix.length, crc32: crc32(prefix) }, program);
      let check = 0;
      const { rate, bytes } = await measure(`template, fields ${name}`, count, say, (i) => {
        const { tail, crc32: sum } = fill(rows[i] ?? [], i);
        check ^= sum;
        return prefix.length + tail.length;
      });
      rates[name].push(rate);
      if (name === 'kept') sizes.kept = bytes;
      if (check === 0) throw new Error('nothing was made');
    }
    for (const name of /** @type {const} */ (['embedded', 'helvetica'])) {
      const times = (short ? 20 : 60) * (name === 'embedded' ? 1 : 3);
      const label = `README loop, ${name}`;
      const { rate, bytes } = await measure(
        label,
        times,
        say,
        async (i) => (await library(form, rows[i] ?? [], name === 'embedded')).length,
      );
      rates[name].push(rate);
      if (name === 'embedded') sizes.embedded = bytes;
    }
  }
  const ratio = (/** @type {'embedded' | 'helvetica'} */ peer) =>
    median(rates.kept.map((rate, at) => rate / (rates[peer][at] ?? Number.NaN)));
  const [few, many] = [
    await manyFields(12, short ? 2_000 : 20_000, say),
    await manyFields(1_000, short ? 100 : 1_000, say),
  ];
  return [
    { name: 'fields kept', value: median(rates.kept), unit: 'rows per CPU-s' },
    { name: 'flattened', value: median(rates.flattened), unit: 'rows per CPU-s' },
    { name: 'README loop, the same font', value: median(rates.embedded), unit: 'rows per CPU-s' },
    {
      name: 'README loop, Helvetica',
      value: median(rates.helvetica),
      unit: 'rows per CPU-s',
      note: 'loses characters',
    },
    { name: 'against the same font', value: ratio('embedded'), unit: 'x', atLeast: 400 },
    { name: 'against Helvetica', value: ratio('helvetica'), unit: 'x', atLeast: 100 },
    {
      name: 'bytes a file, against the same font',
      value: sizes.kept / sizes.embedded,
      unit: 'x',
      atMost: 1,
      note: `${Math.round(sizes.kept)} against ${Math.round(sizes.embedded)}`,
    },
    { name: 'a field of 1,000 against one of 12', value: many / few, unit: 'x', atLeast: 0.5 },
  ];
}

/**
 * @param {Uint8Array} form
 * @param {readonly string[]} values
 * @param {boolean} embedded
 */
async function library(form, values, embedded) {
  const document = await PDFDocument.load(form);
  document.registerFontkit(/** @type {any} */ (fontkit));
  const font = embedded
    ? await document.embedFont(ttf, { subset: true })
    : await document.embedFont(StandardFonts.Helvetica);
  const shown = (/** @type {string} */ text) =>
    embedded ? text : text.replace(/[^\x20-\x7e\xa0-\xff€]/g, '?');
  const filled = document.getForm();
  for (const [i, name] of columns.entries()) {
    const text = values[i] ?? '';
    if (name === 'agree') filled.getCheckBox(name)[text === 'true' ? 'check' : 'uncheck']();
    else if (name === 'country') filled.getDropdown(name).select(text);
    else if (name === 'plan') filled.getRadioGroup(name).select(text);
    else filled.getTextField(name).setText(shown(text));
  }
  filled.updateFieldAppearances(font);
  return document.save({ updateFieldAppearances: false });
}

/**
 * @param {string} label
 * @param {number} rows
 * @param {(line: string) => void} say
 * @param {(row: number) => number | Promise<number>} fill
 */
async function measure(label, rows, say, fill) {
  for (let i = 0; i < Math.min(rows, 20); i++) await fill(i);
  const cpu = process.cpuUsage();
  let bytes = 0;
  for (let i = 0; i < rows; i++) {
    const made = fill(i);
    bytes += typeof made === 'number' ? made : await made;
  }
  const { user, system } = process.cpuUsage(cpu);
  const rate = rows / ((user + system) / 1e6);
  const each = bytes / rows;
  say(`${label.padEnd(32)} ${rate.toFixed(1).padStart(10)} rows per CPU-s, ${Math.round(each)} bytes a file`);
  return { rate, bytes: each };
}

/** @param {boolean} flatten */
const pack = (flatten) => ({
  format: /** @type {const} */ ('inkwire-package'),
  version: /** @type {const} */ (1),
  source: { sha256: '', page_count: 2 },
  overlays: [],
  fields: columns.map((name, i) => ({ name, value: { column: `column_${i}` } })),
  flatten,
});

/**
 * @param {Uint8Array} form
 * @param {readonly (readonly string[])[]} rows
 * @param {boolean} flatten
 * @param {(line: string) => void} say
 */
async function template(form, rows, flatten, say) {
  const cpu = process.cpuUsage();
  const source = await openSource(form);
  if ('refused' in source) throw new Error(source.message);
  const builder = new TemplateBuilder({ source, pack: pack(flatten), images: new Map() });
  for (const each of rows) builder.add(each);
  const made = builder.compile();
  const { user, system } = process.cpuUsage(cpu);
  const what = `${flatten ? 'flattened' : 'fields kept'}: ${rows.length} rows read and compiled`;
  say(`${what} in ${Math.round((user + system) / 1e3)} CPU-ms; prefix ${made.prefix.length} bytes`);
  return made;
}

/**
 * A form of many text fields: what a field costs must not grow with the number of its neighbours.
 * @param {number} count
 * @param {number} times
 * @param {(line: string) => void} say
 */
async function manyFields(count, times, say) {
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
  const fill = rowFiller({ length: prefix.length, crc32: crc32(prefix) }, program);
  const { rate } = await measure(
    `template, ${count} text fields`,
    times,
    say,
    (i) => fill(values, i).tail.length,
  );
  return rate * count;
}

/** @returns {never} */
function never() {
  throw new Error('There is no template');
}
