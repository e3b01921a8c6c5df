import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { folderOf, type PostgresServer } from './postgres-server.js';

/** What a relay does with the next commit that comes by. */
export type CommitFault =
  /** The connection is cut before it arrives. */
  | 'before'
  /** It arrives, and the connection is cut before its answer. */
  | 'after';

/** A line between a node and its database that breaks around a commit. */
export interface PostgresRelay {
  readonly url: string;
  /** For the next commit; undefined lets it through. */
  fault: CommitFault | undefined;
  /** Faults so far. */
  readonly cuts: number;
  /**
   * From now on nothing comes through the connections that there are, nor does any end: as where a network has forgotten
   * them. New ones fare alike until `restore`.
   */
  swallow(): void;
  restore(): void;
  /** New connections lead there. */
  turnTo(server: PostgresServer): void;
  close(): Promise<void>;
}

const socketName = '.s.PGSQL.5432';
/** A simple query, as the driver sends it: type, length, text, NUL. */
const commit = Buffer.from('Q\0\0\0\x0bCOMMIT\0');

export async function openPostgresRelay({ url }: Pick<PostgresServer, 'url'>): Promise<PostgresRelay> {
  const first = folderOf(url);
  let target = first;
  const directory = await mkdtemp(join(tmpdir(), 'inkwire-relay-'));
  const sockets = new Set<Socket>();
  let cuts = 0;
  const relay: { fault: CommitFault | undefined } = { fault: undefined };
  let isSwallowing = false;
  const open = new Set<() => void>();
  const server = createServer((client) => {
    const database = connect(join(target, socketName));
    for (const socket of [client, database]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.once('close', () => sockets.delete(socket));
    }
    database.pipe(client);
    database.once('close', () => client.destroy());
    client.once('close', () => database.end());
    let isSwallowed = false;
    const swallow = (): void => {
      isSwallowed = true;
      database.unpipe(client);
      database.resume();
    };
    open.add(swallow);
    client.once('close', () => open.delete(swallow));
    if (isSwallowing) swallow();
    client.on('data', (bytes) => {
      if (isSwallowed) return;
      const at = bytes.indexOf(commit);
      if (at < 0 || relay.fault === undefined) {
        database.write(bytes);
        return;
      }
      const isAfter = relay.fault === 'after';
      relay.fault = undefined;
      cuts += 1;
      database.write(isAfter ? bytes : bytes.subarray(0, at));
      database.unpipe(client);
      client.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(join(directory, socketName), resolve));
  // Also for a pooler, which runs as another user.
  await chmod(directory, 0o755);
  await chmod(join(directory, socketName), 0o777);
  return {
    url: url.replace(encodeURIComponent(first), encodeURIComponent(directory)),
    get fault() {
      return relay.fault;
    },
    set fault(fault) {
      relay.fault = fault;
    },
    get cuts() {
      return cuts;
    },
    swallow() {
      isSwallowing = true;
      for (const each of open) each();
    },
    restore() {
      isSwallowing = false;
    },
    turnTo(server) {
      target = folderOf(server.url);
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(directory, { recursive: true, force: true });
    },
  };
}
