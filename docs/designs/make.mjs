/**
 * Draws the designs that come with the server in both languages: a sheet of pages for each, with 1 entry, the last page of 20, the second and
 * the last one of 500, and next to no values.
 *
 *     npm run docs:designs      (needs pdftoppm)
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { rendered } from '../../bench/kit/in-process.mjs';
import { dist } from '../../bench/kit/server.mjs';

const { compileDesign } = await import(join(dist, 'render/kinds/report/design.js'));
const lists = { invoice: 'items', statement: 'entries', certificate: 'modules', 'shipping-label': 'parcels' };
const languages = { English: 'en', 日本語: 'ja' };
const folder = mkdtempSync(join(tmpdir(), 'inkwire-designs-'));
const gap = 10;
/** Pixels. */
const heights = { invoice: 440, statement: 440, certificate: 240, 'shipping-label': 440 };

for (const [name, list] of Object.entries(lists)) {
  const design = JSON.parse(
    readFileSync(new URL(`../../src/designs/shipped/${name}.json`, import.meta.url), 'utf8'),
  );
  for (const [sample, language] of Object.entries(languages)) {
    const compiled = compileDesign(structuredClone(design));
    const values = compiled.samples[sample];
    const entries = values[list];
    const many = (/** @type {number} */ count) => ({
      ...values,
      [list]: Array.from({ length: count }, (_, i) => entries[i % entries.length]),
    });
    /** With the page that is shown of each: 0 is the last one. @type {[object, number][]} */
    const shown = [
      [many(1), 1],
      [many(20), 0],
      [many(500), 2],
      [many(500), 0],
      [{ language, [list]: [{}, {}, {}] }, 1],
    ];
    const pageHeight = heights[/** @type {keyof typeof heights} */ (name)];
    /** @type {Buffer[]} */
    const pages = [];
    for (const [params, page] of shown) {
      const { request, warnings } = compiled.expand(params);
      if (warnings.length > 0) console.error(name, sample, warnings);
      const pdf = join(folder, 'document.pdf');
      writeFileSync(pdf, await rendered(request));
      const count = /Pages:\s+(\d+)/.exec(execFileSync('pdfinfo', [pdf], { encoding: 'utf8' }))?.[1] ?? '1';
      const number = page === 0 ? count : String(page);
      const to = join(folder, 'page');
      const scaled = ['-scale-to-y', String(pageHeight), '-scale-to-x', '-1'];
      execFileSync('pdftoppm', ['-png', '-f', number, '-l', number, '-singlefile', ...scaled, pdf, to]);
      pages.push(readFileSync(`${to}.png`));
    }
    const sizes = await Promise.all(pages.map((page) => sharp(page).metadata()));
    let left = gap;
    const placed = pages.map((input, i) => {
      const place = { input, left, top: gap };
      left += (sizes[i]?.width ?? 0) + gap;
      return place;
    });
    const sheet = {
      width: left,
      height: pageHeight + 2 * gap,
      channels: /** @type {3} */ (3),
      background: '#8a919c',
    };
    await sharp({ create: sheet })
      .composite(placed)
      .png({ palette: true, colours: 64, compressionLevel: 9 })
      .toFile(new URL(`./${name}-${language}-filled.png`, import.meta.url).pathname);
    console.log(name, sample);
  }
}
rmSync(folder, { recursive: true });
