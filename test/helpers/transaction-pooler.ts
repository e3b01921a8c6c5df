import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { folderOf, type PostgresServer } from './postgres-server.js';

/** A pooler of transactions, as the worst of them: no two go to the same connection of the server. */
export interface TransactionPooler {
  readonly url: string;
  close(): Promise<void>;
}

const socketName = '.s.PGSQL.5432';
/** The server is ready for the next transaction: type, length, `I` for idle. */
const idle = Buffer.from('Z\0\0\0\x05I');

export async function openTransactionPooler({ url }: PostgresServer): Promise<TransactionPooler> {
  const target = folderOf(url);
  const directory = await mkdtemp(join(tmpdir(), 'inkwire-pooler-'));
  const sockets = new Set<Socket>();
  const hold = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    return socket.once('close', () => sockets.delete(socket));
  };
  const server = createServer((client) => {
    hold(client);
    let startup: Buffer | undefined;
    /** Under way over this one; undefined between two transactions. */
    let current: Socket | undefined;
    client.on('close', () => current?.end());
    client.on('data', (bytes) => {
      if (current !== undefined) {
        current.write(bytes);
        return;
      }
      const isFirst = startup === undefined;
      startup ??= bytes;
      const backend = hold(connect(join(target, socketName)));
      current = backend;
      let isBegun = isFirst;
      backend.write(startup);
      backend.on('data', (answer) => {
        const isIdle = answer.subarray(-idle.length).equals(idle);
        if (isBegun) client.write(answer);
        if (!isIdle) return;
        if (isBegun) {
          current = undefined;
          backend.end();
        } else {
          isBegun = true;
          backend.write(bytes);
        }
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(join(directory, socketName), resolve));
  return {
    url: url.replace(encodeURIComponent(target), encodeURIComponent(directory)),
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(directory, { recursive: true, force: true });
    },
  };
}
