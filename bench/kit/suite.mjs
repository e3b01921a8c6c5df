import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { passes, table } from './figure.mjs';

/**
 * What the command line asks for: `[names...] [--short] [--profile=DIRECTORY]`. Ends the process at an unknown name.
 * @param {Readonly<Record<string, string>>} modules paths by the names of the benchmarks
 */
export function readCommand(modules) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { short: { type: 'boolean', default: false }, profile: { type: 'string' } },
  });
  const unknown = positionals.filter((name) => !(name in modules));
  if (unknown.length > 0) {
    console.error(`Not a benchmark: ${unknown.join(', ')}. There are: ${Object.keys(modules).join(', ')}`);
    process.exit(2);
  }
  const chosen = Object.entries(modules).filter(
    ([name]) => positionals.length === 0 || positionals.includes(name),
  );
  return { ...values, chosen };
}

/**
 * Arguments for Node with which a server writes a CPU profile of its own.
 * @param {string | undefined} directory none where it is undefined
 * @param {readonly string[]} [more]
 */
export function profiler(directory, more = []) {
  return (/** @type {string} */ part) =>
    directory === undefined ? [] : ['--cpu-prof', ...more, `--cpu-prof-dir=${directory}/${part}`];
}

/**
 * Runs benchmarks one after the other, prints one table and writes the results.
 * @param {object} suite
 * @param {readonly (readonly [name: string, path: string])[]} suite.chosen
 * @param {URL} suite.folder paths are relative to it, and `results.json` goes there
 * @param {boolean} suite.short
 * @param {object} suite.parts what each benchmark is given
 * @returns {Promise<number>} the exit code: 1 when a target was missed or a benchmark broke off
 */
export async function runSuite({ chosen, folder, short, parts }) {
  const machine = `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model.trim()}`;
  console.log(machine);
  /** @type {{ benchmark: string, figure: import('./figure.mjs').Figure }[]} */
  const rows = [];
  /** @type {string[]} */
  const broken = [];
  for (const [benchmark, path] of chosen) {
    console.log(`\n${benchmark} (load of the machine before it: ${(loadavg()[0] ?? 0).toFixed(2)})`);
    try {
      const { run } = await import(new URL(path, folder).href);
      const figures = await run({ ...parts, short, say });
      rows.push(
        ...figures.map((/** @type {import('./figure.mjs').Figure} */ figure) => ({ benchmark, figure })),
      );
    } catch (error) {
      broken.push(benchmark);
      console.error(error);
    }
  }
  console.log(`\n${table(rows)}\n`);
  const missed = rows.filter(({ figure }) => passes(figure) === false);
  if (broken.length > 0) console.log(`Broken off: ${broken.join(', ')}`);
  console.log(missed.length === 0 ? 'No target is missed.' : `${missed.length} targets are missed.`);
  const results = {
    at: new Date().toISOString(),
    machine,
    short,
    broken,
    figures: rows.map(({ benchmark, figure }) => ({ benchmark, ...figure, passed: passes(figure) ?? null })),
  };
  writeFileSync(new URL('results.json', folder), `${JSON.stringify(results, null, 2)}\n`);
  return missed.length + broken.length > 0 ? 1 : 0;
}

/** @param {string} line */
export function say(line) {
  console.log(`  ${line.replaceAll('\n', '\n  ')}`);
}
