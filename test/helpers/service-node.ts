import { join } from 'node:path';
import { type RunningServer, startServer } from './server.js';

export interface ServiceNode {
  /** What all nodes share: the address of the database, and a folder for blobs and for what each has of its own. */
  readonly databaseUrl: string;
  readonly folder: string;
  readonly at: number;
  readonly role: string | undefined;
  /** Where it was: callers and watchers know it by its address. */
  readonly before: RunningServer | undefined;
}

/** Starts one of the processes that work on a database, with one render thread. */
export function startServiceNode({
  databaseUrl,
  folder,
  at,
  role = 'worker',
  before,
}: ServiceNode): Promise<RunningServer> {
  return startServer({
    env: {
      INKWIRE_DATABASE_URL: databaseUrl,
      INKWIRE_BLOBS: join(folder, 'blobs'),
      INKWIRE_ROLE: role,
      INKWIRE_WORKERS: '1',
      INKWIRE_LOG_LEVEL: 'error',
    },
    dataDir: join(folder, `node-${at}`),
    ...(before === undefined ? {} : { port: before.port }),
  });
}
