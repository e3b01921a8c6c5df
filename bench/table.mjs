/**
 * One long table in this process: prints the CPU that it took, the peak of the process's memory, and the file's size.
 *
 *     npm run build && node --max-old-space-size=1024 bench/table.mjs pdfmake|inkwire [rows]
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = process.env.INKWIRE_DIST ?? join(root, 'dist/src');
const [, , engine, count = '1000'] = process.argv;

const headers = ['No', 'Text', 'Day', 'Amount', 'State'];
const widths = ['auto', '*', 'auto', 'auto', 'auto'];
const rows = Array.from({ length: Number(count) }, (_, i) => [
  String(i + 1),
  `Entry number ${i} of the ledger`,
  new Date(1.7e12 + i * 3.6e6).toISOString().slice(0, 10),
  (i * 3.17).toFixed(2),
  i % 3 === 0 ? 'paid' : 'open',
]);

/** As its README shows it, with the font that the other has. */
async function pdfmake() {
  const engine = createRequire(import.meta.url)('pdfmake');
  /** @param {string} name */
  const ttf = (name) => join(root, 'node_modules/dejavu-fonts-ttf/ttf', `${name}.ttf`);
  engine.setFonts({ DejaVu: { normal: ttf('DejaVuSans'), bold: ttf('DejaVuSans-Bold') } });
  engine.setUrlAccessPolicy(() => false);
  engine.setLocalAccessPolicy(() => true);
  const document = engine.createPdf({
    defaultStyle: { font: 'DejaVu', fontSize: 10 },
    /** @param {number} page @param {number} pages */
    footer: (page, pages) => ({ text: `${page}/${pages}`, alignment: 'center' }),
    content: [
      {
        table: {
          headerRows: 1,
          widths,
          body: [headers.map((text) => ({ text, bold: true })), ...rows],
        },
      },
    ],
  });
  return (await document.getBuffer()).length;
}

async function inkwire() {
  const { documentKind } = await import(join(dist, 'render/kinds/document/request.js'));
  const { documentRunner } = await import(join(dist, 'render/kinds/document/run.js'));
  const parsed = documentKind.parse({
    fonts: { default: 'dejavu-sans', size: 10 },
    footer: '{page}/{pages}',
    operations: [{ type: 'add_table', headers, rows, widths }],
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  /** @type {Uint8Array[]} */
  const chunks = [];
  await documentRunner.run(JSON.parse(JSON.stringify(parsed.plan.request)), {
    inputPath: () => '',
    fetched: () => undefined,
    progress: () => undefined,
    warn: () => undefined,
    artifact: () => ({
      write: (/** @type {Uint8Array} */ chunk) => chunks.push(chunk),
      end: () => undefined,
    }),
  });
  // Stock pdfmake gives the file in one piece, too.
  return Buffer.concat(chunks).length;
}

const bytes = await (engine === 'pdfmake' ? pdfmake() : inkwire());
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
console.log(
  JSON.stringify({
    engine,
    rows: rows.length,
    cpuMs: Math.round((userCPUTime + systemCPUTime) / 1000),
    peakMiB: Math.round(maxRSS / 1024),
    bytes,
  }),
);
