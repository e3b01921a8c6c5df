#!/usr/bin/env node
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { WriteStream } from 'node:tty';
import { meantBy } from './cli/arguments.js';
import { commands } from './cli/commands.js';
import { exitCodes } from './cli/exit-codes.js';
import { fileReason } from './cli/file-reason.js';
import type { KeysCommand } from './cli/keys.js';
import { openFilesLimit, openFilesRefusal } from './cli/open-files.js';
import { clientVariables, printLine, type Shell, type TextStream } from './cli/terminal.js';
import { type Config, type Environment, readConfig } from './config.js';
import { tracingWish } from './tracing-settings.js';
import type { OpenTracing } from './work/tracing.js';

/**
 * The process: arguments, configuration, signals, streams, exit code. Each command is loaded when it is called, so that
 * `inkwire submit` does not wait for the server's half of the program.
 */

const usage = `Usage:
  inkwire serve          run the server (configured by INKWIRE_* variables, see docs/OPERATIONS.md)
  inkwire doctor         check whether a server could run here, or how the one is that runs
  inkwire keys ...       make and end API keys
  inkwire backup FOLDER  write a backup of the data directory, beside a server that may run
  inkwire restore FOLDER put a backup back, or check it
  inkwire migrate-store  take a data directory over into PostgreSQL

  inkwire submit FILE    submit a job; watch it, save its result
  inkwire watch NAME     watch a job or a group
  inkwire batch FOLDER   make one document of each file in a folder
  inkwire jobs ...       list, show, cancel, retry and delete jobs
  inkwire top            what render threads do, what waits, what failed: live
  inkwire queue ...      have all jobs wait, and go on
  inkwire designs ...    check, draw, watch and store designs that are files
  inkwire fill PDF ROWS  fill a PDF with many rows
  inkwire package ...    make, look into and try packages: what goes where on a PDF
  inkwire webhooks ...   tell addresses what happens to jobs; test, replay
  inkwire verify URL     prove that a server loses, repeats and reorders nothing
  inkwire completion SHELL  completion of words for bash, zsh or fish

  inkwire --version
  inkwire COMMAND --help

docs/CLI.md tells all of it.`;

const print = (line: string): void => console.log(line);
const say = (line: string): void => console.error(line);

process.exitCode = await run(process.argv.slice(2));
// What was written last may be refused in the next turn: by a disk that is full.
await new Promise((resolve) => setImmediate(resolve));
// A thread that cannot be ended must not keep a process alive that a signal has asked to end.
process.exit();

async function run([command, ...args]: readonly string[]): Promise<number> {
  switch (command) {
    case 'serve':
      return serveAs(args);
    case 'keys':
      return keysWith(args);
    case 'verify':
      return asClient(args, (await import('./cli/verify/verify.js')).runVerify);
    case 'submit':
      return asClient(args, (await import('./cli/submit.js')).runSubmit);
    case 'watch':
      return asClient(args, (await import('./cli/watch.js')).runWatch);
    case 'batch':
      return asClient(args, (await import('./cli/batch/batch.js')).runBatch);
    case 'jobs':
      return asClient(args, (await import('./cli/jobs.js')).runJobs);
    case 'top':
      return asClient(args, (await import('./cli/top.js')).runTop);
    case 'queue':
      return asClient(args, (await import('./cli/queue.js')).runQueue);
    case 'completion':
      return asClient(args, (await import('./cli/completion.js')).runCompletion);
    case 'designs':
      return asClient(args, (await import('./cli/designs/designs.js')).runDesigns);
    case 'fill':
      return asClient(args, (await import('./cli/packages/fill.js')).runFill);
    case 'package':
      return asClient(args, (await import('./cli/packages/package.js')).runPackage);
    case 'webhooks':
      return asClient(args, (await import('./cli/webhooks.js')).runWebhooks);
    case 'doctor':
      return doctorWith(args);
    case 'backup': {
      const { runBackup } = await import('./cli/backup/backup.js');
      return asClient(args, (shell) => runBackup(shell, { dataDir, random: randomBytes }));
    }
    case 'restore': {
      const { runRestore } = await import('./cli/backup/restore.js');
      return asClient(args, (shell) => runRestore(shell, { dataDir, random: randomBytes }));
    }
    case 'migrate-store':
      return asClient(args, (await import('./cli/backup/migrate-store.js')).runMigrateStore);
    case '--version':
      print(version());
      return 0;
    case undefined:
    case '--help':
    case '-h':
    case 'help':
      print(usage);
      return command === undefined ? 2 : 0;
    default:
      say(`"${command}" is not known; did you mean "inkwire ${meantBy(command, Object.keys(commands))}"?`);
      say('See "inkwire --help".');
      return 2;
  }
}

async function withConfig(use: (config: Config) => Promise<number>): Promise<number> {
  const read = readConfig(serverEnvironment(), (path) => readFileSync(path, 'utf8'));
  if (read.ok) return use(read.config);
  for (const defect of read.defects) say(defect);
  return 2;
}

function dataDir(): string | readonly string[] {
  const read = readConfig(serverEnvironment(), (path) => readFileSync(path, 'utf8'));
  return read.ok ? resolve(read.config.dataDir) : read.defects;
}

/** A shell that is set up for clients may start a server, too. */
function serverEnvironment(): Environment {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !clientVariables.includes(name)));
}

async function serveAs(args: readonly string[]): Promise<number> {
  const { serveAnswer } = await import('./cli/serve.js');
  const answer = serveAnswer(args);
  if (answer === undefined) return withConfig(serveWith);
  (answer.code === exitCodes.ok ? print : say)(answer.text);
  return answer.code;
}

async function serveWith(config: Config): Promise<number> {
  const tooFew = openFilesRefusal(openFilesLimit(readSystemFile('/proc/self/limits')));
  if (tooFew !== undefined) {
    for (const line of tooFew) say(line);
    return exitCodes.failed;
  }
  const { beginOpening, StartRefused } = await import('./opening.js');
  const { serve } = await import('./cli/serve.js');
  const { startFailureOf } = await import('./cli/start-failure.js');
  const { prettyLine } = await import('./cli/pretty-log.js');
  const { pino } = await import('pino');
  const [firstSignal, secondSignal] = signals(['SIGINT', 'SIGTERM', 'SIGHUP']);
  const destination = pino.destination({ fd: 2, sync: false });
  // A terminal that is gone, or a full disk: the server works without its log.
  destination.on('error', () => undefined);
  const isPretty = config.logFormat === 'auto' ? process.stderr.isTTY : config.logFormat === 'pretty';
  const logStream = isPretty
    ? { write: (line: string) => void destination.write(prettyLine(line)) }
    : destination;
  const log = pino({ level: config.logLevel }, logStream);
  // Beside this file, wherever the bundle has put what it imports.
  const threads = new URL('.', import.meta.url);
  const tracing = await askedTracing();
  const start = async () => {
    const opening = beginOpening({ config, log, threads });
    const { startApp } = await import('./app.js');
    return startApp({ config, version: version(), log, logStream, threads, tracing, opening });
  };
  try {
    return await serve({ start, firstSignal, secondSignal, print, say });
  } catch (error) {
    const lines = error instanceof StartRefused ? [error.message] : startFailureOf(error, config);
    if (lines === undefined) throw error;
    for (const line of lines) say(line);
    return 1;
  }
}

/** Traces are an aid: the server works without them, also where their variables are wrong. */
async function askedTracing(): Promise<OpenTracing | undefined> {
  const wish = tracingWish(process.env);
  if (wish.type === 'refused') say(`Traces are off: ${wish.reason}.`);
  if (wish.type !== 'on') return undefined;
  const { exporterFor, openTracing } = await import('./tracing.js');
  const exporter = await exporterFor(wish.protocol);
  return (parts) => openTracing(exporter, parts);
}

/** Empty where the system has no such file. */
function readSystemFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

async function keysWith(args: readonly string[]): Promise<number> {
  const { keysUsage, runKeys } = await import('./cli/keys.js');
  if (args.includes('--help') || args.includes('-h')) {
    print(keysUsage);
    return 0;
  }
  const { out, err } = shellWith(args, new AbortController().signal);
  return withConfig(async (config) => {
    const opened = await keysOf(config, args);
    if (typeof opened === 'number') return opened;
    const { keys, place } = opened;
    try {
      return await runKeys({
        args,
        keys,
        place,
        now: Date.now(),
        random: randomBytes,
        print: (line) => printLine(out, line),
        say: (line) => printLine(err, line),
      });
    } finally {
      await keys.close();
    }
  });
}

type OpenKeys = Pick<KeysCommand, 'keys' | 'place'> & { readonly keys: { close(): Promise<void> } };

/** The keys of the data directory, or of the service; or the exit code where they cannot be had. */
async function keysOf(config: Config, args: readonly string[]): Promise<OpenKeys | number> {
  const dataDir = resolve(config.dataDir);
  const { isWithoutData, openSqliteKeys } = await import('./engine/sqlite/keys.js');
  if (
    config.databaseUrl === '' &&
    isWithoutData(dataDir) &&
    !(args[0] === 'create' && args.includes('--init'))
  ) {
    say(`No server has worked in ${dataDir}: none would know the key.`);
    say('Set INKWIRE_DATA_DIR to that of the server. "inkwire keys create --init ..." begins a new one.');
    return exitCodes.misuse;
  }
  try {
    if (config.databaseUrl === '') return { keys: await openSqliteKeys(dataDir), place: dataDir };
    const { openServiceKeys } = await import('./engine/postgres/service-keys.js');
    return { keys: await openServiceKeys(config.databaseUrl), place: 'INKWIRE_DATABASE_URL' };
  } catch (error) {
    const { startFailureOf } = await import('./cli/start-failure.js');
    const lines = startFailureOf(error, config);
    if (lines === undefined) throw error;
    for (const line of lines) say(line);
    return exitCodes.failed;
  }
}

/** A command that the first signal ends in order, and the second at once. */
function asClient(args: readonly string[], act: (shell: Shell) => Promise<number>): Promise<number> {
  const [firstSignal, secondSignal] = signals();
  const interrupted = new AbortController();
  void firstSignal.then((signal) => interrupted.abort(new Error(signal)));
  void secondSignal.then(() => process.exit(exitCodes.interrupted));
  return act(shellWith(args, interrupted.signal));
}

async function doctorWith(args: readonly string[]): Promise<number> {
  const { runDoctor } = await import('./cli/doctor/doctor.js');
  return runDoctor(shellWith(args, new AbortController().signal), {
    environment: serverEnvironment(),
    readFile: (path) => readFileSync(path, 'utf8'),
    version: version(),
    nodeVersion: process.versions.node,
    uid: process.getuid?.(),
    program: new URL('.', import.meta.url),
  });
}

function shellWith(args: readonly string[], interrupted: AbortSignal): Shell {
  return {
    args,
    environment: process.env,
    out: textStreamOf(process.stdout),
    err: textStreamOf(process.stderr),
    input: process.stdin,
    interrupted,
    now: Date.now,
  };
}

/**
 * A stream whose reader has left ends the process without a word, as SIGPIPE ends other tools; one that cannot be
 * written otherwise, with one.
 */
function textStreamOf(stream: WriteStream): TextStream {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exitCodes.readerGone);
    if (stream !== process.stderr) say(`The output cannot be written: ${fileReason(error)}.`);
    process.exit(exitCodes.failed);
  });
  return {
    write: (data) => void stream.write(data),
    flushed: () => new Promise((resolve) => stream.write('', () => resolve())),
    terminal: stream.isTTY === true && process.env.TERM !== 'dumb',
    columns: () => stream.columns || 80,
    rows: () => stream.rows || 24,
  };
}

/** The first and the second signal that ask the process to end. */
function signals(
  names: readonly ('SIGINT' | 'SIGTERM' | 'SIGHUP')[] = ['SIGINT', 'SIGTERM'],
): readonly [first: Promise<string>, second: Promise<string>] {
  const heard: ((signal: string) => void)[] = [];
  const promises = [0, 1].map(() => new Promise<string>((resolve) => heard.push(resolve)));
  for (const name of names) {
    process.on(name, () => {
      // A terminal that is closed tells it twice, itself and by its shell, which is no wish for more haste.
      if (name !== 'SIGHUP' || heard.length === promises.length) heard.shift()?.(name);
    });
  }
  const [first, second] = promises;
  if (first === undefined || second === undefined) throw new Error('two promises were made');
  return [first, second];
}

function version(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL(import.meta.resolve('inkwire/package.json')), 'utf8'),
  );
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : '0';
}
