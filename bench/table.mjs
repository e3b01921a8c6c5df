/**
 * One long table in this process: prints the CPU that it took, the peak of the process's memory, and the file's size.
 *
 *     npm run build && node --max-old-space-size=1024 bench/table.mjs pdfmake|inkwire [rows]
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { longTable } from './kit/documents.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [, , engine, count = '1000'] = process.argv;

const [{ headers, rows }] = longTable(Number(count)).operations;
const widths = ['auto', '*', 'auto', 'auto', 'auto'];

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
  // Loaded for this one alone: what is measured is the memory of a process.
  const { rendered } = await import('./kit/in-process.mjs');
  const document = await rendered({
    fonts: { default: 'dejavu-sans', size: 10 },
    footer: '{page}/{pages}',
    operations: [{ type: 'add_table', headers, rows, widths }],
  });
  return document.length;
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
