import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll } from 'vitest';

/** PostgreSQL as Debian ships it, started for tests: on a socket in its own folder, so that it needs no port. */
export interface PostgresServer {
  readonly url: string;
  /** Every process of the server ends at once, as when the power fails. */
  kill(): Promise<void>;
  /** Starts it again, on the same data. */
  start(): Promise<void>;
  /** Stands with all its processes until `thaw`. */
  freeze(): void;
  thaw(): void;
  /** A server that follows this one, from where it is now. */
  standby(): Promise<PostgresServer>;
  close(): Promise<void>;
}

/** Where Debian puts the newest version, or undefined. */
function programs(): string | undefined {
  const versions = '/usr/lib/postgresql';
  const found = existsSync(versions) ? readdirSync(versions) : [];
  const newest = found.sort((a, b) => Number(b) - Number(a))[0];
  return newest === undefined ? undefined : join(versions, newest, 'bin');
}

/** Without PostgreSQL these tests are left out, but where they have to run. */
export const withoutPostgres = process.env.CI !== 'true' && programs() === undefined;

export interface ServerSettings {
  /** Whether a commit is on the disk before it is answered; a test that takes no power away needs it not. */
  readonly durable?: boolean;
  /** Where its data lies, and stays; a server that was there before goes on as after a crash. Default: a folder of its own. */
  readonly data?: string;
}

export function startPostgres(settings: ServerSettings = {}): Promise<PostgresServer> {
  return openServer(settings, (bin, data, as) => {
    const init = ['-D', data, '-U', 'inkwire', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
    execFileSync(join(bin, 'initdb'), init, { ...as, cwd: dirname(data), stdio: 'ignore' });
  });
}

type Identity = ReturnType<typeof identity>;

/** @param make fills the data directory */
async function openServer(
  settings: ServerSettings,
  make: (bin: string, data: string, as: Identity) => void,
): Promise<PostgresServer> {
  const { durable = false } = settings;
  const bin = programs();
  if (bin === undefined) throw new Error('There is no PostgreSQL: install Debian’s package postgresql');
  const directory = mkdtempSync(join(tmpdir(), 'inkwire-pg-'));
  const as = identity();
  if (as !== undefined) chownSync(directory, as.uid, as.gid);
  const data = settings.data ?? join(directory, 'data');
  if (existsSync(join(data, 'PG_VERSION'))) rmSync(join(data, 'postmaster.pid'), { force: true });
  else make(bin, data, as);
  const options = [
    'listen_addresses=',
    `unix_socket_directories=${directory}`,
    'max_connections=200',
    ...(durable ? [] : ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']),
  ];
  const url = `postgres://inkwire@/postgres?host=${encodeURIComponent(directory)}`;
  let server: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const args = options.flatMap((option) => ['-c', option]);
    server = spawn(join(bin, 'postgres'), ['-D', data, ...args], {
      ...as,
      cwd: directory,
      stdio: 'ignore',
    });
    await answering(url, server);
  };
  const end = async (signal: 'SIGQUIT' | 'SIGKILL'): Promise<void> => {
    const process = server;
    server = undefined;
    if (process === undefined || process.exitCode !== null || process.signalCode !== null) return;
    const exited = once(process, 'exit');
    // The others notice that the first one is gone, and end, too; killed, they cannot even do that.
    if (signal === 'SIGKILL') signalAll(process, 'KILL');
    else process.kill(signal);
    await exited;
  };
  await start();
  return {
    url,
    start,
    kill: () => end('SIGKILL'),
    freeze: () => signalAll(server, 'STOP'),
    thaw: () => signalAll(server, 'CONT'),
    standby: () =>
      openServer({ durable }, (_, copy) => {
        const backup = ['-D', copy, '-h', directory, '-U', 'inkwire', '-R', '-X', 'stream', '--no-sync'];
        execFileSync(join(bin, 'pg_basebackup'), [...backup, '-c', 'fast'], {
          ...as,
          cwd: dirname(copy),
          stdio: 'ignore',
        });
      }),
    close: async () => {
      await end('SIGQUIT');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A server for the tests of a file. Call it at the top of a `describe`. */
export function usePostgres(settings: ServerSettings = {}): () => PostgresServer {
  let server: PostgresServer | undefined;
  beforeAll(async () => {
    server = await startPostgres(settings);
  });
  afterAll(() => server?.close());
  return () => {
    if (server === undefined) throw new Error('There is a server only while tests run');
    return server;
  };
}

/** The server refuses to run for root. */
function identity(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const idOf = (kind: string): number =>
    Number(execFileSync('id', [kind, 'postgres'], { encoding: 'utf8' }).trim());
  return { uid: idOf('-u'), gid: idOf('-g') };
}

/** The first one at once with the others: it would start new ones in the place of those that are gone. */
function signalAll(server: ChildProcess | undefined, signal: 'KILL' | 'STOP' | 'CONT'): void {
  if (server?.pid === undefined) return;
  spawnSync('kill', [`-${signal}`, String(server.pid), ...childrenOf(server.pid)]);
}

function childrenOf(pid: number | undefined): readonly string[] {
  const { stdout } = spawnSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line !== '');
}

async function answering(url: string, server: ChildProcess): Promise<void> {
  for (;;) {
    if (server.exitCode !== null || server.signalCode !== null) {
      throw new Error(`PostgreSQL ended with ${server.exitCode ?? server.signalCode}`);
    }
    const client = new pg.Client(url);
    try {
      await client.connect();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
