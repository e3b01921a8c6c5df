import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { passes, table } from '../kit/figure.mjs';
import { hasNchan } from './nchan.mjs';

/**
 * Runs the benchmarks of the stream, all or those named, one after the other, and prints one table.
 *
 *     npm run bench:stream -- [names...] [--short] [--profile=DIRECTORY]
 */

const modules = {
  burst: './benchmarks/burst.mjs',
  paced: './benchmarks/paced.mjs',
  idle: './benchmarks/idle.mjs',
  stalled: './benchmarks/stalled.mjs',
  stopped: './benchmarks/stopped.mjs',
  irrelevant: './benchmarks/irrelevant.mjs',
  resume: './benchmarks/resume.mjs',
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
installPeers();
const machine = `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model.trim()}`;
console.log(machine);
if (!hasNchan()) console.log('nchan is left out: it needs nginx-light and libnginx-mod-nchan (Debian)');

/** @type {{ benchmark: string, figure: import('../kit/figure.mjs').Figure }[]} */
const rows = [];
/** @type {string[]} */
const broken = [];
for (const [benchmark, path] of Object.entries(modules)) {
  if (positionals.length > 0 && !positionals.includes(benchmark)) continue;
  console.log(`\n${benchmark} (load of the machine before it: ${(loadavg()[0] ?? 0).toFixed(2)})`);
  try {
    const { run } = await import(path);
    const figures = await run({ short: values.short, profile: profiled, say });
    rows.push(
      ...figures.map((/** @type {import('../kit/figure.mjs').Figure} */ figure) => ({ benchmark, figure })),
    );
  } catch (error) {
    broken.push(benchmark);
    console.error(error);
  }
}

console.log(`\n${table(rows)}\n`);
const missed = rows.filter(({ figure }) => passes(figure) === false);
if (broken.length > 0) console.log(`Broken off: ${broken.join(', ')}`);
else console.log(missed.length === 0 ? 'All targets are met.' : `${missed.length} targets are missed.`);
const results = {
  at: new Date().toISOString(),
  machine,
  short: values.short,
  broken,
  figures: rows.map(({ benchmark, figure }) => ({ benchmark, ...figure, passed: passes(figure) ?? null })),
};
writeFileSync(new URL('./results.json', import.meta.url), `${JSON.stringify(results, null, 2)}\n`);
process.exit(missed.length + broken.length > 0 ? 1 : 0);

/** The peers have a lock file of their own and are installed here, when first needed. */
function installPeers() {
  const directory = fileURLToPath(new URL('.', import.meta.url));
  if (existsSync(new URL('./node_modules/socket.io', import.meta.url))) return;
  console.log('Installing the peers ...');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: directory,
    stdio: 'inherit',
  });
  if (status !== 0) {
    console.error('The peers could not be installed');
    process.exit(2);
  }
}

/** @param {string} part @returns {readonly string[]} arguments for Node */
function profiled(part) {
  return values.profile === undefined
    ? []
    : ['--cpu-prof', '--cpu-prof-interval=250', `--cpu-prof-dir=${values.profile}/${part}`];
}

/** @param {string} line */
function say(line) {
  console.log(`  ${line.replaceAll('\n', '\n  ')}`);
}
