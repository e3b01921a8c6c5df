/**
 * Documents per second on one thread: pdfmake as its README shows it against Inkwire's document kind, the same page
 * (embedded DejaVu Sans) in the same process, in alternating rounds. The page is an `invoice` with a table of 20 rows, or a
 * `label` with a QR code and a Code 128.
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

const title = 'Invoice 2024-0001';
const lines = [
  'ACME Widgets GmbH, Main Street 1, 12345 Somewhere',
  'Thank you for your order. The positions:',
];
const headers = ['Pos', 'Item', 'Qty', 'Price', 'Total'];
const rows = Array.from({ length: 20 }, (_, i) => [
  String(i + 1),
  `Widget number ${i} with description`,
  String((i % 7) + 1),
  `${(i * 3.17).toFixed(2)} €`,
  `${(i * 6.34).toFixed(2)} €`,
]);
const closing = 'Payable within 14 days.';

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
});
// Without the policies it prints two warnings per document.
pdfmake.setUrlAccessPolicy(() => false);
pdfmake.setLocalAccessPolicy(() => true);

const address = ['ACME Widgets GmbH', 'Main Street 1', '12345 Somewhere'];
const link = 'https://example.org/p/4711-0815-2';
const parcel = 'PARCEL-00471108';

/** What each page is for pdfmake, and for us. */
const pages = {
  invoice: {
    content: () => [
      { text: title, fontSize: 20, bold: true },
      ...lines,
      {
        table: {
          headerRows: 1,
          widths: ['auto', '*', 'auto', 'auto', 'auto'],
          body: [headers.map((text) => ({ text, bold: true })), ...rows.map((row) => [...row])],
        },
      },
      { text: closing, italics: true },
    ],
    operations: [
      { type: 'add_text', text: title, font_size: 20, bold: true },
      ...lines.map((text) => ({ type: 'add_text', text })),
      { type: 'add_table', headers, rows, widths: ['auto', '*', 'auto', 'auto', 'auto'] },
      { type: 'add_text', text: closing, italic: true },
    ],
  },
  label: {
    content: () => [
      ...address,
      { qr: link, fit: 70, eccLevel: 'M' },
      // pdfmake draws no bars of its own: its users hand it the drawing of an encoder.
      { svg: bwip.toSVG({ bcid: 'code128', text: parcel, height: 15, includetext: true }), width: 142 },
    ],
    operations: [
      ...address.map((text) => ({ type: 'add_text', text })),
      { type: 'add_qr', value: link, size: 25, ecc: 'M' },
      { type: 'add_barcode', symbology: 'code128', value: parcel, width: 50 },
    ],
  },
};
const chosen = pages[page];
if (chosen === undefined) throw new Error(`There is no page ${page}: ${Object.keys(pages).join(', ')}`);

async function plain() {
  const definition = { defaultStyle: { font: 'DejaVu', fontSize: 10 }, content: chosen.content() };
  return (await pdfmake.createPdf(definition).getBuffer()).length;
}

const request = { fonts: { default: 'dejavu-sans', size: 10 }, operations: chosen.operations };

async function ours() {
  return (await rendered(request)).length;
}

async function perSecond(render) {
  const start = performance.now();
  for (let i = 0; i < documents; i++) await render();
  return (documents * 1000) / (performance.now() - start);
}

const bytes = { plain: await plain(), ours: await ours() };
await perSecond(plain);
await perSecond(ours);
const ratios = [];
const speeds = { plain: [], ours: [] };
for (let round = 0; round < rounds; round++) {
  // The order alternates, so that neither always runs in the other's wake.
  const first = round % 2 === 0 ? [plain, ours] : [ours, plain];
  const a = await perSecond(first[0]);
  const b = await perSecond(first[1]);
  const [p, o] = round % 2 === 0 ? [a, b] : [b, a];
  speeds.plain.push(p);
  speeds.ours.push(o);
  ratios.push(o / p);
}
const median = (values) => values.toSorted((x, y) => x - y)[Math.floor(values.length / 2)];
console.log(`one-page ${page}, embedded TrueType, one thread, Node ${process.version}`);
console.log(`pdfmake (README use)   ${median(speeds.plain).toFixed(1)} documents/s   ${bytes.plain} bytes`);
console.log(`Inkwire document kind  ${median(speeds.ours).toFixed(1)} documents/s   ${bytes.ours} bytes`);
console.log(
  `ratio                  ${median(ratios).toFixed(2)} (median of ${rounds} rounds: ${ratios.map((r) => r.toFixed(1)).join(' ')})`,
);
