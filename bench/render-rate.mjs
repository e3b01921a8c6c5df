import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/**
 * pdfmake as its README shows it against the document kind, on one thread: runs bench/render.mjs in a process of its own.
 * @param {import('./kit/figure.mjs').Run} run
 * @returns {Promise<import('./kit/figure.mjs').Figure[]>}
 */
export async function run({ short, say }) {
  const script = fileURLToPath(new URL('./render.mjs', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...(short ? ['3', '10'] : [])]);
  say(stdout.trim());
  /** @param {RegExp} shape */
  const read = (shape) => {
    const [, value] = shape.exec(stdout) ?? [];
    if (value === undefined) throw new Error(`bench/render.mjs did not print ${shape}`);
    return Number(value);
  };
  const [, spread = ''] = /\((.*)\)/.exec(stdout) ?? [];
  return [
    { name: 'pdfmake (README use)', value: read(/^pdfmake .*?([\d.]+) documents\/s/m), unit: 'documents/s' },
    { name: 'Inkwire document kind', value: read(/^Inkwire .*?([\d.]+) documents\/s/m), unit: 'documents/s' },
    { name: 'ratio', value: read(/^ratio +([\d.]+)/m), unit: 'x', atLeast: 3, note: spread },
  ];
}
