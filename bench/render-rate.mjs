import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The least of each page: a table of 20 rows, and a label with a QR code and a Code 128. */
const targets = { invoice: 3, label: 4 };

/**
 * pdfmake as its README shows it against the document kind, on one thread: runs bench/render.mjs in processes of its own.
 * @param {import('./kit/figure.mjs').Run} run
 * @returns {Promise<import('./kit/figure.mjs').Figure[]>}
 */
export async function run({ short, say }) {
  const figures = [];
  for (const [page, atLeast] of Object.entries(targets)) {
    figures.push(...(await figuresOf(page, { atLeast, short, say })));
  }
  return figures;
}

/**
 * @param {string} page
 * @param {{ atLeast: number, short: boolean, say: (text: string) => void }} options
 * @returns {Promise<import('./kit/figure.mjs').Figure[]>}
 */
async function figuresOf(page, { atLeast, short, say }) {
  const script = fileURLToPath(new URL('./render.mjs', import.meta.url));
  const rounds = short ? ['3', '10'] : ['9', '30'];
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...rounds, page]);
  say(stdout.trim());
  /** @param {RegExp} shape */
  const read = (shape) => {
    const [, value] = shape.exec(stdout) ?? [];
    if (value === undefined) throw new Error(`bench/render.mjs did not print ${shape}`);
    return Number(value);
  };
  const [, spread = ''] = /\((median.*)\)/.exec(stdout) ?? [];
  const unit = 'documents/s';
  return [
    { name: `${page}: pdfmake (README use)`, value: read(/^pdfmake .*?([\d.]+) documents\/s/m), unit },
    { name: `${page}: Inkwire document kind`, value: read(/^Inkwire .*?([\d.]+) documents\/s/m), unit },
    { name: `${page}: ratio`, value: read(/^ratio +([\d.]+)/m), unit: 'x', atLeast, note: spread },
  ];
}
