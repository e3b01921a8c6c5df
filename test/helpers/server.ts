import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The real server as a child process, from `dist/`: what a test can learn from it, an operator and a caller can too. */
export interface RunningServer {
  /** `http://127.0.0.1:port`, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly dataDir: string;
  /** Everything that it has said on standard error so far: JSON lines of the log, and words to the operator. */
  log(): string;
  /** Resolves when the process is gone, by whatever way: its exit code, or null when a signal ended it. */
  readonly exited: Promise<number | null>;
  /** Asks it to end and waits; removes the data directory unless the caller has brought it. Safe twice, and after `kill`. */
  stop(): Promise<number | null>;
  /** `kill -9`, and waits. The data directory stays, so that another server can be started on it. */
  kill(): Promise<void>;
}

export interface ServerOptions {
  /** `INKWIRE_*` variables beside the port and the data directory. */
  readonly env?: Readonly<Record<string, string>>;
  /** Belongs to the caller: never removed. Otherwise each server has a temporary one of its own. */
  readonly dataDir?: string;
  /** Default: a free one. */
  readonly port?: number;
  /** A command to run it under, such as a tracer; it has to leave the server's process the one that was started. */
  readonly under?: readonly string[];
  /** Of Node itself, before the program. */
  readonly nodeArgs?: readonly string[];
  /** In the place of `inkwire serve`: a module that starts the server with other parts. */
  readonly program?: URL;
}

const main = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));
const ready = /^Inkwire is ready: (http:\/\/\S+?)\/$/m;

/** Starts a server on a free port and waits until it is ready. Rejects with what it said when it ends before. */
export async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'inkwire-test-')));
  const { under = [], nodeArgs = [] } = options;
  const program = options.program === undefined ? [main, 'serve'] : [fileURLToPath(options.program)];
  const [command = process.execPath, ...args] = [...under, process.execPath, ...nodeArgs, ...program];
  const child = spawn(command, args, {
    env: {
      PATH: process.env.PATH,
      ...options.env,
      INKWIRE_PORT: String(options.port ?? 0),
      INKWIRE_DATA_DIR: dataDir,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // A test that dies must not leave a server behind, nor one that is ended because it hangs.
  const orphaned = () => child.kill('SIGKILL');
  process.once('exit', orphaned);
  process.once('SIGTERM', exit);
  const said = collect(child.stderr);
  const exited = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      process.off('exit', orphaned);
      process.off('SIGTERM', exit);
      resolve(code);
    });
  });
  const discard = () =>
    options.dataDir === undefined ? rm(dataDir, { recursive: true, force: true }) : undefined;

  const url = await Promise.race([readyLine(child), exited.then(() => undefined)]);
  if (url === undefined) {
    await discard();
    throw new Error(`The server ended before it was ready:\n${said()}`);
  }
  return {
    url,
    port: Number(new URL(url).port),
    // The process has printed a line, so that it was spawned.
    pid: child.pid ?? Number.NaN,
    dataDir,
    log: said,
    exited,
    async stop() {
      child.kill('SIGTERM');
      const code = await exited;
      await discard();
      return code;
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

function exit(): void {
  process.exit(143);
}

function readyLine(child: ChildProcess): Promise<string> {
  const printed = collect(child.stdout);
  return new Promise((resolve) => {
    child.stdout?.on('data', () => {
      const url = ready.exec(printed())?.[1];
      if (url !== undefined) resolve(url);
    });
  });
}

function collect(stream: ChildProcess['stdout']): () => string {
  const chunks: Buffer[] = [];
  stream?.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString('utf8');
}
