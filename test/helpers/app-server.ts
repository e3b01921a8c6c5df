import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { startApp } from '../../src/app.js';
import { readConfig } from '../../src/config.js';
import type { Kind } from '../../src/render/kind.js';

/** The whole server in this process, from source; only its threads come from `dist/`. */
export interface AppServer {
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  close(): Promise<void>;
}

export const alice = 'alice-token-0123456789';
export const bob = 'bob-token-0123456789';

/** @param fronts in the place of the server's own; their backs are the server's */
export async function startAppServer(
  env: Readonly<Record<string, string>> = {},
  given?: string,
  logStream?: { write(line: string): void },
  fronts?: readonly Kind[],
): Promise<AppServer> {
  const threads = new URL('../../dist/src/', import.meta.url);
  const dataDir = given ?? (await mkdtemp(join(tmpdir(), 'inkwire-app-')));
  const read = readConfig(
    {
      INKWIRE_KEYS: `alice=${alice},bob=${bob}`,
      INKWIRE_WORKERS: '1',
      INKWIRE_PORT: '0',
      INKWIRE_DATA_DIR: dataDir,
      INKWIRE_LOG_LEVEL: logStream === undefined ? 'silent' : 'debug',
      ...env,
    },
    () => '',
  );
  if (!read.ok) throw new Error(read.defects.join('\n'));
  const app = await startApp({
    config: read.config,
    version: '0',
    log: pino({ level: read.config.logLevel }, logStream ?? { write: () => undefined }),
    logStream: logStream ?? { write: () => undefined },
    threads,
    ...(fronts === undefined
      ? {}
      : {
          kinds: {
            fronts,
            renderThread: new URL('render/thread.js', threads),
            bodyThread: new URL('body-thread.js', threads),
          },
        }),
  });
  return {
    url: app.url,
    port: Number(new URL(app.url).port),
    dataDir,
    async close() {
      await app.close();
      if (given === undefined) await rm(dataDir, { recursive: true, force: true });
    },
  };
}
