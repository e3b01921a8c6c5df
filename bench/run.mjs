import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { passes, table } from './kit/figure.mjs';
import { FilledStores } from './kit/filled-store.mjs';

/**
 * Runs the benchmarks, all or those named, one after the other, and prints one table.
 *
 *     npm run bench -- [names...] [--short] [--profile=DIRECTORY]
 *
 * `--profile` has the servers write CPU profiles there (`node --cpu-prof`); figures are then of little worth.
 */

const modules = {
  render: './render-rate.mjs',
  'http-render': './http-render.mjs',
  latency: './latency.mjs',
  submit: './submit.mjs',
  cancel: './cancel.mjs',
  memory: './memory.mjs',
  recovery: './recovery.mjs',
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { short: { type: 'boolean', default: false }, profile: { type: 'string' } },
});
const unknown = positionals.filter((name) => !(name in modules));
if (unknown.length > 0) {
  console.error(`Not a benchmark: ${unknown.join(', ')}. There are: ${Object.keys(modules).join(', ')}`);
  process.exit(2);
}
const machine = `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model.trim()}`;
console.log(machine);

const stores = new FilledStores(values.short ? 100_000 : 1_000_000, say);
/** @type {{ benchmark: string, figure: import('./kit/figure.mjs').Figure }[]} */
const rows = [];
/** @type {string[]} */
const broken = [];
for (const [benchmark, path] of Object.entries(modules)) {
  if (positionals.length > 0 && !positionals.includes(benchmark)) continue;
  const load = loadavg()[0] ?? 0;
  console.log(`\n${benchmark} (load of the machine before it: ${load.toFixed(2)})`);
  try {
    const { run } = await import(path);
    const figures = await run({
      short: values.short,
      profile: (/** @type {string} */ part) =>
        values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}/${part}`],
      say,
      filledStore: () => stores.open(),
    });
    rows.push(
      ...figures.map((/** @type {import('./kit/figure.mjs').Figure} */ figure) => ({ benchmark, figure })),
    );
  } catch (error) {
    broken.push(benchmark);
    console.error(error);
  }
}
stores.close();

console.log(`\n${table(rows)}\n`);
const missed = rows.filter(({ figure }) => passes(figure) === false);
if (broken.length > 0) console.log(`Broken off: ${broken.join(', ')}`);
console.log(missed.length === 0 ? 'All targets are met.' : `${missed.length} targets are missed.`);
const results = {
  at: new Date().toISOString(),
  machine,
  short: values.short,
  broken,
  figures: rows.map(({ benchmark, figure }) => ({ benchmark, ...figure, passed: passes(figure) ?? null })),
};
writeFileSync(new URL('./results.json', import.meta.url), `${JSON.stringify(results, null, 2)}\n`);
process.exitCode = missed.length + broken.length > 0 ? 1 : 0;

/** @param {string} line */
function say(line) {
  console.log(`  ${line.replaceAll('\n', '\n  ')}`);
}
