import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The pages of bench/render.mjs: how many times as fast as pdfmake and as Typst at least, ms of CPU at most, and documents in a round. */
const targets = {
  invoice: { atLeast: 20, typst: 6, cpuMs: 1.5, documents: 30 },
  label: { atLeast: 4, cpuMs: 2.5, documents: 30 },
  statement: { atLeast: 4, typst: 6, cpuMs: 100, documents: 2 },
  ledger: { atLeast: 4, typst: 10, cpuMs: 400, documents: 1 },
  japanese: { atLeast: 4, cpuMs: 5, documents: 30 },
};

/**
 * pdfmake as its README shows it against the document kind, on one thread: runs bench/render.mjs in processes of its own.
 * @param {import('./kit/figure.mjs').Run} run
 * @returns {Promise<import('./kit/figure.mjs').Figure[]>}
 */
export async function run({ short, say }) {
  const figures = [];
  for (const [page, target] of Object.entries(targets))
    figures.push(...(await figuresOf(page, { ...target, short, say })));
  return figures;
}

/**
 * @param {string} page
 * @param {{ atLeast: number, typst?: number, cpuMs: number, documents: number, short: boolean, say: (text: string) => void }} options
 * @returns {Promise<import('./kit/figure.mjs').Figure[]>}
 */
async function figuresOf(page, { atLeast, typst, cpuMs, documents, short, say }) {
  const script = fileURLToPath(new URL('./render.mjs', import.meta.url));
  const rounds = short ? ['3', String(Math.ceil(documents / 3))] : ['9', String(documents)];
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...rounds, page]);
  say(stdout.trim());
  /** @param {RegExp} shape */
  const read = (shape) => {
    const [, value] = shape.exec(stdout) ?? [];
    if (value === undefined) throw new Error(`bench/render.mjs did not print ${shape}`);
    return Number(value);
  };
  // Typst is there where bench/render is installed.
  const hasTypst = typst !== undefined && /^Typst/m.test(stdout);
  const [, spread = ''] = /\((median.*)\)/.exec(stdout) ?? [];
  const unit = 'documents/s';
  return [
    { name: `${page}: pdfmake (README use)`, value: read(/^pdfmake .*?([\d.]+) documents\/s/m), unit },
    { name: `${page}: Inkwire document kind`, value: read(/^Inkwire .*?([\d.]+) documents\/s/m), unit },
    {
      name: `${page}: CPU of Inkwire`,
      value: read(/^Inkwire .*?([\d.]+) ms CPU/m),
      unit: 'ms',
      atMost: cpuMs,
    },
    { name: `${page}: ratio`, value: read(/^ratio +([\d.]+)/m), unit: 'x', atLeast, note: spread },
    ...(hasTypst
      ? [
          { name: `${page}: Typst, untagged`, value: read(/^Typst.*?([\d.]+) documents\/s/m), unit },
          { name: `${page}: times Typst`, value: read(/^times Typst +([\d.]+)/m), unit: 'x', atLeast: typst },
        ]
      : []),
  ];
}
