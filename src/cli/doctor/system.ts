import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { count } from '../progress-bar.js';
import { type Check, type Finding, ok, type Patient, warn } from './finding.js';

/** The machine and the program on it. */

const mebibyte = 1024 * 1024;
/** Beside the heaps: the process itself, caches, fonts. */
const baseMb = 256;
/** What the store, the fonts and the threads hold open, with room. */
const ownFiles = 256;
const fewFiles = 4_096;

export const memory: Check = { name: 'memory', run: checkMemory };
export const files: Check = { name: 'files', run: checkFiles };
export const page: Check = { name: 'page', run: checkPage };

function checkMemory({ config }: Patient): readonly Finding[] {
  const threads = config.workers === 0 ? availableParallelism() : config.workers;
  const wantedMb = threads * config.workerHeapMb + baseMb;
  const hasMb = memoryLimit() / mebibyte;
  const said = `${count(threads, 'render thread')} of up to ${config.workerHeapMb} MiB; this machine has ${Math.round(hasMb)} MiB`;
  if (wantedMb <= hasMb) return [ok('memory', said)];
  return [
    warn(
      'memory',
      said,
      'Large documents in all threads at once would not fit: lower INKWIRE_WORKERS or INKWIRE_WORKER_HEAP_MB.',
    ),
  ];
}

/** Bytes that this process may use: of its container, where it is in one. */
function memoryLimit(): number {
  const path = '/sys/fs/cgroup/memory.max';
  const limit = existsSync(path) ? Number(readFileSync(path, 'utf8')) : Number.NaN;
  return Math.min(totalmem(), limit > 0 ? limit : Number.POSITIVE_INFINITY);
}

function checkFiles(): readonly Finding[] {
  const path = '/proc/self/limits';
  if (!existsSync(path)) return [ok('files', 'the limit of open files is not known on this system')];
  const limit = /^Max open files\s+(\S+)/m.exec(readFileSync(path, 'utf8'))?.[1];
  if (limit === undefined || limit === 'unlimited') return [ok('files', 'any number of files may be open')];
  const most = Number(limit);
  const said = `${most.toLocaleString('en')} files may be open: about ${Math.max(0, most - ownFiles).toLocaleString('en')} connections`;
  if (most >= fewFiles) return [ok('files', said)];
  return [
    warn('files', said, 'Every connection is a file: raise the limit (ulimit -n, LimitNOFILE= of the unit).'),
  ];
}

function checkPage({ program }: Patient): readonly Finding[] {
  const folder = new URL('../web/', program);
  const missing = ['index.html', 'client.js'].filter((name) => !existsSync(new URL(name, folder)));
  if (missing.length === 0) return [ok('page', 'the live page and the browser client are built')];
  return [
    warn(
      'page',
      `${missing.join(' and ')} of the live page ${missing.length === 1 ? 'is' : 'are'} not built`,
      'Run "npm run build".',
    ),
  ];
}

/** Whether this Node can run the server. @param version as `process.versions.node` */
export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const said = `Node ${version}`;
  if (major > 20 || (major === 20 && minor >= 19)) return ok('node', said);
  return { check: 'node', verdict: 'fail', said, advice: 'Inkwire needs Node 20.19 or newer.' };
}
