import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const token = 'npk_live_benchkey_0123456789abcdef0123456789abcdef';
export const owner = 'bench';
export const dist = process.env.INKWIRE_DIST ?? fileURLToPath(new URL('../../dist/src', import.meta.url));

/** @param {string} name */
export function temporaryDirectory(name) {
  return mkdtempSync(join(tmpdir(), `inkwire-bench-${name}-`));
}

/**
 * With the log of the server that worked in it.
 * @param {string} directory
 */
export function removeDirectory(directory) {
  rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  rmSync(`${directory}.log`, { force: true });
}

/**
 * A server of its own process, with what an operator would have: keys, log lines for each request, everything synced.
 *
 * @typedef {Awaited<ReturnType<typeof startServer>>} Server
 *
 * @param {object} options
 * @param {string} options.directory
 * @param {Readonly<Record<string, string>>} [options.env] more `INKWIRE_*` variables
 * @param {readonly string[]} [options.profile] arguments for Node
 * @param {readonly string[]} [options.under] a program, with its arguments, that becomes the server's process: `taskset`
 */
export async function startServer({ directory, env = {}, profile = [], under = [] }) {
  const logPath = `${directory}.log`;
  const log = openSync(logPath, 'a');
  const startedAt = performance.now();
  const [program = '', ...args] = [...under, process.execPath, ...profile, join(dist, 'main.js'), 'serve'];
  const child = spawn(program, args, {
    env: {
      PATH: process.env.PATH,
      INKWIRE_DATA_DIR: directory,
      INKWIRE_PORT: '0',
      INKWIRE_KEYS: `${owner}=${token}`,
      // What is measured is the server, not how it turns callers away.
      INKWIRE_RATE_LIMIT: '0',
      INKWIRE_IP_RATE_LIMIT: '0',
      INKWIRE_METRICS_PUBLIC: 'true',
      INKWIRE_SHUTDOWN_TIMEOUT: '1',
      ...env,
    },
    stdio: ['ignore', 'pipe', log],
  });
  closeSync(log);
  /** @type {Promise<void>} */
  const exited = new Promise((resolve) => child.once('exit', () => resolve()));
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  /** @type {string} */
  const url = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', (line) =>
      resolve(line.match(/http:\/\/\S+/)?.[0] ?? ''),
    );
    void exited.then(() =>
      reject(new Error(`The server did not start:\n${readFileSync(logPath, 'utf8').slice(-2000)}`)),
    );
  });
  let asked = false;
  void exited.then(() => {
    if (!asked) console.error(`The server ended by itself:\n${readFileSync(logPath, 'utf8').slice(-2000)}`);
  });
  const end = async (/** @type {NodeJS.Signals} */ signal) => {
    asked = true;
    child.kill(signal);
    const late = setTimeout(kill, 15_000);
    await exited;
    clearTimeout(late);
    process.off('exit', kill);
  };
  return {
    port: Number(new URL(url).port),
    pid: child.pid ?? 0,
    /** From the start of the process to the line that says that it is ready. */
    readyMs: performance.now() - startedAt,
    /** When that line came, milliseconds since 1970. */
    readyAt: Date.now(),
    logPath,
    stop: () => end('SIGTERM'),
    /** As a power failure would, but for the disk. */
    kill: () => end('SIGKILL'),
  };
}

/**
 * The value of a series in the server's figures.
 * @param {number} port
 * @param {string} series name with labels, as in the text format
 */
export async function metric(port, series) {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `));
  if (line === undefined) throw new Error(`The server has no figure ${series}`);
  return Number(line.slice(series.length + 1));
}
