/**
 * Documents per second on one thread, and the CPU of the process for each: pdfmake as its README shows it against
 * Inkwire's document kind, the same pages in the same process, in alternating rounds. No document comes twice. They are
 * an `invoice` with a table of 20 rows, a `label` with a QR code and a Code 128, a `statement` of 2,000 rows, a `ledger`
 * of 10,000 (embedded DejaVu Sans), and a `japanese` page.
 *
 *     npm run build && node bench/render.mjs [rounds] [documents per round] [page]
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rendered } from './kit/in-process.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const rounds = Number(process.argv[2] ?? 9);
const documents = Number(process.argv[3] ?? 30);
const page = process.argv[4] ?? 'invoice';

const headers = ['Pos', 'Item', 'Qty', 'Price', 'Total'];
const widths = ['auto', '*', 'auto', 'auto', 'auto'];

/** A number that is another one for each document and place. @param {number} document @param {number} place */
const varied = (document, place) => (document * 7919 + place * 104_729) % 99_991;

/** @param {number} document @param {number} count */
const rowsOf = (document, count) =>
  Array.from({ length: count }, (_, i) => [
    String(i + 1),
    `Widget number ${varied(document, i)} with description`,
    String((i % 7) + 1),
    `${(varied(document, i) / 100).toFixed(2)} €`,
    `${(varied(document, i + count) / 50).toFixed(2)} €`,
  ]);

const require = createRequire(import.meta.url);
const pdfmake = require('pdfmake');
const bwip = require('bwip-js');
const ttf = (name) => join(root, 'node_modules/dejavu-fonts-ttf/ttf', `${name}.ttf`);
pdfmake.setFonts({
  DejaVu: {
    normal: ttf('DejaVuSans'),
    bold: ttf('DejaVuSans-Bold'),
    italics: ttf('DejaVuSans-Oblique'),
    bolditalics: ttf('DejaVuSans-BoldOblique'),
  },
  NotoSansJP: { normal: join(root, 'node_modules/@embedpdf/fonts-jp/fonts/NotoSansJP-Regular.otf') },
});
// Without the policies it prints two warnings per document.
pdfmake.setUrlAccessPolicy(() => false);
pdfmake.setLocalAccessPolicy(() => true);

const address = ['ACME Widgets GmbH', 'Main Street 1', '12345 Somewhere'];
const lines = [
  'ACME Widgets GmbH, Main Street 1, 12345 Somewhere',
  'Thank you for your order. The positions:',
];
const closing = 'Payable within 14 days.';
const sentences = [
  '拝啓　平素は格別のお引き立てを賜り、厚く御礼申し上げます。',
  'ご注文いただきました商品を本日発送いたしましたので、ご案内申し上げます。',
  '納品書と請求書を同封しておりますので、ご確認のほどよろしくお願いいたします。',
  'ご不明な点がございましたら、担当者までお気軽にお問い合わせください。',
];

/** A table of so many rows, alone. @param {number} count */
const tableOf = (count) => ({
  content: (/** @type {number} */ n) => [
    {
      table: {
        headerRows: 1,
        widths: [...widths],
        body: [headers.map((text) => ({ text, bold: true })), ...rowsOf(n, count)],
      },
    },
  ],
  operations: (/** @type {number} */ n) => [{ type: 'add_table', headers, rows: rowsOf(n, count), widths }],
});

/** @param {number} n */
const paragraphs = (n) =>
  Array.from({ length: 13 }, (_, i) => `${sentences[i % 4]}番号${varied(n, i)}。${sentences[(i + n) % 4]}`);

/**
 * What the document of a number is for pdfmake, and for us.
 * @type {Record<string, { content: (n: number) => unknown[], operations: (n: number) => object[], family?: [theirs: string, ours: string] }>}
 */
const pages = {
  invoice: {
    content: (n) => [
      { text: `Invoice 2024-${varied(n, 0)}`, fontSize: 20, bold: true },
      ...lines,
      {
        table: {
          headerRows: 1,
          widths: [...widths],
          body: [headers.map((text) => ({ text, bold: true })), ...rowsOf(n, 20)],
        },
      },
      { text: closing, italics: true },
    ],
    operations: (n) => [
      { type: 'add_text', text: `Invoice 2024-${varied(n, 0)}`, font_size: 20, bold: true },
      ...lines.map((text) => ({ type: 'add_text', text })),
      { type: 'add_table', headers, rows: rowsOf(n, 20), widths },
      { type: 'add_text', text: closing, italic: true },
    ],
  },
  label: {
    content: (n) => [
      ...address,
      { qr: `https://example.org/p/4711-${varied(n, 0)}`, fit: 70, eccLevel: 'M' },
      // pdfmake draws no bars of its own: its users hand it the drawing of an encoder.
      {
        svg: bwip.toSVG({ bcid: 'code128', text: `PARCEL-${varied(n, 1)}`, height: 15, includetext: true }),
        width: 142,
      },
    ],
    operations: (n) => [
      ...address.map((text) => ({ type: 'add_text', text })),
      { type: 'add_qr', value: `https://example.org/p/4711-${varied(n, 0)}`, size: 25, ecc: 'M' },
      { type: 'add_barcode', symbology: 'code128', value: `PARCEL-${varied(n, 1)}`, width: 50 },
    ],
  },
  statement: tableOf(2_000),
  ledger: tableOf(10_000),
  japanese: {
    content: paragraphs,
    operations: (n) => paragraphs(n).map((text) => ({ type: 'add_text', text })),
    family: ['NotoSansJP', 'noto-sans-jp'],
  },
};
const chosen = pages[page];
if (chosen === undefined) throw new Error(`There is no page ${page}: ${Object.keys(pages).join(', ')}`);

const [theirs, mine] = chosen.family ?? ['DejaVu', 'dejavu-sans'];

async function plain(n) {
  const definition = { defaultStyle: { font: theirs, fontSize: 10 }, content: chosen.content(n) };
  return (await pdfmake.createPdf(definition).getBuffer()).length;
}

async function ours(n) {
  return (await rendered({ fonts: { default: mine, size: 10 }, operations: chosen.operations(n) })).length;
}

let next = 0;

async function measured(render) {
  const start = performance.now();
  const before = process.cpuUsage();
  for (let i = 0; i < documents; i++) await render(next++);
  const { user, system } = process.cpuUsage(before);
  return {
    rate: (documents * 1000) / (performance.now() - start),
    cpuMs: (user + system) / 1000 / documents,
  };
}

const bytes = { plain: await plain(0), ours: await ours(0) };
// The compiler is at work for some hundred documents; both have as long.
const warmUpMs = 3_000;
for (const render of [plain, ours])
  for (const end = performance.now() + warmUpMs; performance.now() < end; ) await render(next++);
const ratios = [];
const results = { plain: [], ours: [] };
for (let round = 0; round < rounds; round++) {
  // The order alternates, so that neither always runs in the other's wake.
  const first = round % 2 === 0 ? [plain, ours] : [ours, plain];
  const a = await measured(first[0]);
  const b = await measured(first[1]);
  const [p, o] = round % 2 === 0 ? [a, b] : [b, a];
  results.plain.push(p);
  results.ours.push(o);
  ratios.push(o.rate / p.rate);
}
const median = (values) => values.toSorted((x, y) => x - y)[Math.floor(values.length / 2)];
const told = (list) =>
  `${median(list.map(({ rate }) => rate)).toFixed(1)} documents/s   ${median(list.map(({ cpuMs }) => cpuMs)).toFixed(2)} ms CPU`;
console.log(`${page}, no document twice, embedded fonts, one thread, Node ${process.version}`);
console.log(`pdfmake (README use)   ${told(results.plain)}   ${bytes.plain} bytes`);
console.log(`Inkwire document kind  ${told(results.ours)}   ${bytes.ours} bytes`);
console.log(
  `ratio                  ${median(ratios).toFixed(2)} (median of ${rounds} rounds: ${ratios.map((r) => r.toFixed(1)).join(' ')})`,
);
