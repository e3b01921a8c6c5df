#!/usr/bin/env node
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import pino from 'pino';
import { StartRefused, startApp } from './app.js';
import { keysUsage, runKeys } from './cli/keys.js';
import { serve } from './cli/serve.js';
import { runVerify } from './cli/verify/verify.js';
import { type Config, readConfig } from './config.js';
import { StoreFailed } from './engine/engine.js';
import { openSqliteKeys } from './engine/sqlite/keys.js';

/** The process: arguments, configuration, signals, exit code. */

const usage = `Usage:
  inkwire serve          run the server (configured by INKWIRE_* variables, see docs/OPERATIONS.md)
  inkwire keys ...       make and end API keys
  inkwire verify URL     prove that a server loses, repeats and reorders nothing
  inkwire --version

${keysUsage}`;

const print = (line: string): void => console.log(line);
const say = (line: string): void => console.error(line);

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof StartRefused || error instanceof StoreFailed)) throw error;
  say(error.message);
  process.exitCode = 1;
}
// A thread that cannot be ended must not keep a process that was told to go.
process.exit();

async function run([command, ...args]: readonly string[]): Promise<number> {
  switch (command) {
    case 'serve':
      return withConfig(serveWith);
    case 'keys':
      return withConfig((config) => keysWith(config, args));
    case 'verify':
      return runVerify({ args, print, say });
    case '--version':
      print(version());
      return 0;
    case undefined:
    case '--help':
    case 'help':
      print(usage);
      return command === undefined ? 2 : 0;
    default:
      say(`"${command}" is not known.\n\n${usage}`);
      return 2;
  }
}

async function withConfig(use: (config: Config) => Promise<number>): Promise<number> {
  const read = readConfig(process.env, (path) => readFileSync(path, 'utf8'));
  if (read.ok) return use(read.config);
  for (const defect of read.defects) say(defect);
  return 2;
}

function serveWith(config: Config): Promise<number> {
  const [asked, insisted] = signals();
  const logStream = pino.destination({ fd: 2, sync: false });
  const log = pino({ level: config.logLevel }, logStream);
  const start = () => startApp({ config, version: version(), log, logStream });
  return serve({ start, asked, insisted, print, say });
}

async function keysWith(config: Config, args: readonly string[]): Promise<number> {
  const keys = await openSqliteKeys(config.dataDir);
  try {
    return await runKeys({ args, keys, now: Date.now(), random: randomBytes, print, say });
  } finally {
    await keys.close();
  }
}

/** The first and the second signal that ask the process to end. */
function signals(): readonly [first: Promise<string>, second: Promise<string>] {
  const heard: ((signal: string) => void)[] = [];
  const promises = [0, 1].map(() => new Promise<string>((resolve) => heard.push(resolve)));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => heard.shift()?.(signal));
  const [first, second] = promises;
  if (first === undefined || second === undefined) throw new Error('two promises were made');
  return [first, second];
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : '0';
}
