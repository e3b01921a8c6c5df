import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { answering, hasPgbouncer, PostgresPrograms, urlOf } from './postgres-process.mjs';
import { folderOf, type PostgresServer } from './postgres-server.js';

/** PgBouncer as Debian ships it, between nodes and a server: on a socket in its own folder, so that it needs no port. */
export interface Pgbouncer {
  readonly url: string;
  /** It ends at once, with all connections. */
  kill(): Promise<void>;
  /** Starts it again, where it was. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** Without PgBouncer these tests are left out, but where they have to run. */
export const withoutPgbouncer = process.env.CI !== 'true' && !hasPgbouncer();

export interface PgbouncerSettings {
  readonly mode?: 'transaction' | 'session';
  /** Connections with the server. */
  readonly size?: number;
}

export async function startPgbouncer(
  server: Pick<PostgresServer, 'url'>,
  { mode = 'transaction', size = 20 }: PgbouncerSettings = {},
): Promise<Pgbouncer> {
  const programs = new PostgresPrograms();
  const directory = mkdtempSync(join(tmpdir(), 'inkwire-bouncer-'));
  programs.own(directory);
  const url = urlOf(directory);
  let pooler: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    pooler = programs.startPooler({ directory, server: folderOf(server.url), mode, size });
    await answering(url, pooler);
  };
  const kill = async (): Promise<void> => {
    const process = pooler;
    pooler = undefined;
    if (process === undefined || process.exitCode !== null || process.signalCode !== null) return;
    const exited = once(process, 'exit');
    process.kill('SIGKILL');
    await exited;
    rmSync(join(directory, '.s.PGSQL.5432'), { force: true });
  };
  await start();
  return {
    url,
    start,
    kill,
    close: async () => {
      await kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** By what address nodes reach the server of a file's tests: behind a pooler of transactions with NODE_POOLER=true. */
export function useWay(server: () => PostgresServer): () => string {
  let pooler: Pgbouncer | undefined;
  beforeAll(async () => {
    if (process.env.NODE_POOLER === 'true') pooler = await startPgbouncer(server());
  });
  afterAll(() => pooler?.close());
  return () => pooler?.url ?? server().url;
}
