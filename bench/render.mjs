/**
 * Documents per second on one thread, and the CPU of its process for each: pdfmake as its README shows it against
 * Inkwire's document kind, the same pages in alternating rounds. Each has a process of its own, so that neither collects
 * the garbage of the other or shares its code. No document comes twice. They are an `invoice` with a table of 20 rows, a `label` with a QR code and a Code 128, a `statement` of 2,000 rows, a `ledger`
 * of 10,000 (embedded DejaVu Sans), and a `japanese` page.
 *
 * Where `npm ci --prefix bench/render` was run, Typst makes the invoice and the tables in the same rounds.
 *
 *     npm run build && node bench/render.mjs [rounds] [documents per round] [page]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
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

/** What Typst's template takes; undefined for pages that it is not measured with. @param {number} n */
function tableData(n) {
  if (page === 'invoice')
    return { title: `Invoice 2024-${varied(n, 0)}`, lines, headers, rows: rowsOf(n, 20), closing: [closing] };
  const count = { statement: 2_000, ledger: 10_000 }[page];
  return count === undefined ? undefined : { lines: [], headers, rows: rowsOf(n, count), closing: [] };
}

const hasTypst =
  tableData(0) !== undefined &&
  existsSync(join(root, 'bench/render/node_modules/@myriaddreamin/typst-ts-node-compiler'));

async function byTypst() {
  const { typst } = await import('./render/typst.mjs');
  const make = typst(dirname(ttf('DejaVuSans')));
  return async (/** @type {number} */ n) => {
    const data = tableData(n);
    if (data === undefined) throw new Error(`Typst has no page ${page}`);
    return make(data).length;
  };
}

async function ours(n) {
  return (await rendered({ fonts: { default: mine, size: 10 }, operations: chosen.operations(n) })).length;
}

/**
 * What a contender's process answers: bytes of the first document once it is warm, and then each round.
 * @typedef {{ bytes: number }} Ready
 * @typedef {{ rate: number, cpuMs: number }} Round
 */

// The compiler is at work for some hundred documents; both have as long.
const warmUpMs = 3_000;

/** The process of one contender: a round for each message. @param {(n: number) => Promise<number>} render */
async function contend(render) {
  let next = 0;
  const answer = (/** @type {Ready | Round} */ message) => process.send?.(message);
  const bytes = await render(next++);
  for (const end = performance.now() + warmUpMs; performance.now() < end; ) await render(next++);
  process.on('message', async () => {
    const start = performance.now();
    const before = process.cpuUsage();
    for (let i = 0; i < documents; i++) await render(next++);
    const { user, system } = process.cpuUsage(before);
    const rate = (documents * 1000) / (performance.now() - start);
    answer({ rate, cpuMs: (user + system) / 1000 / documents });
  });
  answer({ bytes });
}

class Contender {
  /** @type {Round[]} */
  rounds = [];
  bytes = 0;

  /** @param {'plain' | 'ours' | 'typst'} role */
  constructor(role) {
    this.process = fork(fileURLToPath(import.meta.url), [String(rounds), String(documents), page, role]);
  }

  /** One does not warm up beside the other. */
  async ready() {
    [{ bytes: this.bytes }] = await this.#answer();
  }

  async round() {
    this.process.send('round');
    const [round] = await this.#answer();
    this.rounds.push(round);
  }

  async #answer() {
    const failed = once(this.process, 'exit').then(([code]) => {
      throw new Error(`The process of a contender ended with ${code}`);
    });
    return Promise.race([once(this.process, 'message'), failed]);
  }

  /** @param {'rate' | 'cpuMs'} figure */
  median(figure) {
    return median(this.rounds.map((round) => round[figure]));
  }

  toString() {
    const [rate, cpuMs] = [this.median('rate').toFixed(1), this.median('cpuMs').toFixed(2)];
    return `${rate} documents/s   ${cpuMs} ms CPU   ${this.bytes} bytes`;
  }
}

/** @param {number[]} values */
const median = (values) => values.toSorted((x, y) => x - y)[Math.floor(values.length / 2)] ?? Number.NaN;

async function compare() {
  const [pdfmake, inkwire] = [new Contender('plain'), new Contender('ours')];
  const typst = hasTypst ? [new Contender('typst')] : [];
  const all = [pdfmake, inkwire, ...typst];
  const ratios = [];
  try {
    for (const one of all) await one.ready();
    for (let round = 0; round < rounds; round++) {
      // The order alternates, so that neither always runs in the other's wake.
      for (const one of round % 2 === 0 ? all : all.toReversed()) await one.round();
      const [theirs, mine] = [pdfmake.rounds.at(-1), inkwire.rounds.at(-1)];
      ratios.push((mine?.rate ?? Number.NaN) / (theirs?.rate ?? Number.NaN));
    }
  } finally {
    for (const one of all) one.process.kill();
  }
  console.log(`${page}, no document twice, embedded fonts, one thread, Node ${process.version}`);
  console.log(`pdfmake (README use)   ${pdfmake}`);
  console.log(`Inkwire document kind  ${inkwire}`);
  const each = ratios.map((ratio) => ratio.toFixed(1)).join(' ');
  console.log(`ratio                  ${median(ratios).toFixed(2)} (median of ${rounds} rounds: ${each})`);
  for (const one of typst) {
    const times = inkwire.rounds.map(({ rate }, i) => rate / (one.rounds[i]?.rate ?? Number.NaN));
    console.log(`Typst, untagged        ${one}`);
    console.log(`times Typst            ${median(times).toFixed(2)} (median of ${rounds} rounds)`);
  }
}

const role = process.argv[5];
if (role === undefined) await compare();
else await contend(role === 'plain' ? plain : role === 'typst' ? await byTypst() : ours);
