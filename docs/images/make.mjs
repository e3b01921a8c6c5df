/**
 * Draws the examples of docs/DESIGNS.md: each block of JSON that stands before a picture, with its first sample.
 *
 *     npm run docs:images      (needs pdftoppm)
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rendered } from '../../bench/kit/in-process.mjs';
import { dist } from '../../bench/kit/server.mjs';

const { compileDesign } = await import(join(dist, 'render/kinds/report/design.js'));
const text = readFileSync(new URL('../DESIGNS.md', import.meta.url), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'inkwire-images-'));
const examples = text.matchAll(/```json\n([^`]*)```\n\n!\[[^\]]*\]\(images\/([\w-]+)\.png\)/g);
for (const [, json, name] of examples) {
  const design = compileDesign(JSON.parse(json));
  const [sample = {}] = Object.values(design.samples);
  const { request, warnings } = design.expand(sample);
  if (warnings.length > 0) console.error(name, warnings);
  const pdf = join(folder, `${name}.pdf`);
  writeFileSync(pdf, await rendered(request));
  const to = new URL(`./${name}`, import.meta.url).pathname;
  execFileSync('pdftoppm', ['-r', '80', '-gray', '-png', '-singlefile', pdf, to]);
  console.log(name);
}
rmSync(folder, { recursive: true });
