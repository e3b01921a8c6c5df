/**
 * One long table on a render thread, the first large document of a process that has drawn small ones: prints how much more
 * memory the process has at its highest, and the CPU of all its threads.
 *
 *     npm run build && node bench/table-in-pool.mjs PLAN
 *
 * PLAN is a file with what a thread gets for the document (`planned` of bench/kit/direct-pool.mjs): to make it here would
 * leave room on the heap that the document then takes.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openPool, planned, task } from './kit/direct-pool.mjs';
import { invoice } from './kit/documents.mjs';

const [, , plan = ''] = process.argv;
/** The pool starts a spare thread half a second after the first document, which takes memory of its own. */
const settleMs = 2_000;

const directory = mkdtempSync(join(tmpdir(), 'inkwire-bench-table-'));
const pool = openPool({ threads: 1 });
try {
  await pool.ready();
  const small = planned(invoice());
  for (let n = 0; n < 20; n += 1) await run(small, `small-${n}`);
  await pause(settleMs);
  const before = residentMiB('VmRSS');
  // From here on the highest is counted anew.
  writeFileSync('/proc/self/clear_refs', '5');
  const cpu = process.cpuUsage();
  const { pages } = await run(readFileSync(plan, 'utf8'), 'table');
  const { user, system } = process.cpuUsage(cpu);
  const grownMiB = Math.round((residentMiB('VmHWM') - before) * 10) / 10;
  console.log(JSON.stringify({ pages, cpuMs: Math.round((user + system) / 1000), grownMiB }));
} finally {
  await pool.close();
  rmSync(directory, { recursive: true });
}

/** @param {string} inline @param {string} name */
async function run(inline, name) {
  const outcome = await pool.run(task(inline, join(directory, name)));
  if (outcome.type !== 'done') throw new Error(JSON.stringify(outcome));
  return outcome;
}

/** @param {'VmRSS' | 'VmHWM'} what */
function residentMiB(what) {
  const [, kib] = new RegExp(`${what}:\\s+(\\d+) kB`).exec(readFileSync('/proc/self/status', 'latin1')) ?? [];
  return Number(kib) / 1024;
}
