import { type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import type { Network } from './network.js';
import { answering, PostgresPrograms, postgresPrograms, urlOf } from './postgres-process.mjs';

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

/** Without PostgreSQL these tests are left out, but where they have to run. */
export const withoutPostgres = process.env.CI !== 'true' && postgresPrograms() === undefined;

export interface ServerSettings {
  /** Whether a commit is on the disk before it is answered; a test that takes no power away needs it not. */
  readonly durable?: boolean;
  /** Where its data lies, and stays; a server that was there before goes on as after a crash. Default: a folder of its own. */
  readonly data?: string;
  /** In which it listens at port 5432, beside its socket. */
  readonly network?: Network;
}

export function startPostgres(settings: ServerSettings = {}): Promise<PostgresServer> {
  return openServer(settings, (programs, data) => programs.init(data));
}

/** @param make fills the data directory */
async function openServer(
  settings: ServerSettings,
  make: (programs: PostgresPrograms, data: string) => void,
): Promise<PostgresServer> {
  const { durable = false, network } = settings;
  const programs = new PostgresPrograms();
  const directory = mkdtempSync(join(tmpdir(), 'inkwire-pg-'));
  programs.own(directory);
  const data = settings.data ?? join(directory, 'data');
  if (existsSync(join(data, 'PG_VERSION'))) rmSync(join(data, 'postmaster.pid'), { force: true });
  else make(programs, data);
  const quick = durable ? [] : ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'];
  const url = urlOf(directory);
  let server: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    server = programs.start({ data, directory, settings: quick, network });
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
      openServer({ durable }, (own, copy) => {
        const backup = ['-D', copy, '-h', directory, '-U', 'inkwire', '-R', '-X', 'stream', '--no-sync'];
        own.run('pg_basebackup', [...backup, '-c', 'fast'], dirname(copy));
      }),
    close: async () => {
      await end('SIGQUIT');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Where the socket of a server is. */
export function folderOf(url: string): string {
  return new URL(url.replace('@/', '@localhost/')).searchParams.get('host') ?? '';
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

/** The first one at once with the others: it would start new ones in the place of those that are gone. */
function signalAll(server: ChildProcess | undefined, signal: 'KILL' | 'STOP' | 'CONT'): void {
  if (server?.pid === undefined) return;
  spawnSync('kill', [`-${signal}`, String(server.pid), ...childrenOf(server.pid)]);
}

function childrenOf(pid: number | undefined): readonly string[] {
  const { stdout } = spawnSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line !== '');
}
