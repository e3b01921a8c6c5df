import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { removeDirectory, temporaryDirectory } from '../kit/server.mjs';

/**
 * PostgreSQL as Debian ships it and with its defaults, so that each commit is on the disk: on a socket in a folder of
 * its own.
 */
export async function startPostgres() {
  const versions = '/usr/lib/postgresql';
  const [newest] = (existsSync(versions) ? readdirSync(versions) : []).sort((a, b) => Number(b) - Number(a));
  if (newest === undefined) throw new Error('There is no PostgreSQL: install Debian’s package postgresql');
  const bin = join(versions, newest, 'bin');
  const directory = temporaryDirectory('postgres');
  const as = identity();
  if (as !== undefined) chownSync(directory, as.uid, as.gid);
  const data = join(directory, 'data');
  const init = ['-D', data, '-U', 'inkwire', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
  execFileSync(join(bin, 'initdb'), init, { ...as, cwd: directory, stdio: 'ignore' });
  const settings = ['listen_addresses=', `unix_socket_directories=${directory}`, 'max_connections=200'];
  const args = ['-D', data, ...settings.flatMap((setting) => ['-c', setting])];
  const server = spawn(join(bin, 'postgres'), args, { ...as, cwd: directory, stdio: 'ignore' });
  const exited = once(server, 'exit');
  const kill = () => server.kill('SIGQUIT');
  process.once('exit', kill);
  const url = `postgres://inkwire@/postgres?host=${encodeURIComponent(directory)}`;
  await answering(url, server);
  return {
    url,
    /** For clients that do not read `url`. */
    address: { host: directory, user: 'inkwire', database: 'postgres' },
    pid: server.pid ?? 0,
    async stop() {
      process.off('exit', kill);
      kill();
      await exited;
      removeDirectory(directory);
    },
  };
}

/** The server refuses to run for root. */
function identity() {
  if (process.getuid?.() !== 0) return undefined;
  const idOf = (/** @type {string} */ kind) =>
    Number(execFileSync('id', [kind, 'postgres'], { encoding: 'utf8' }));
  return { uid: idOf('-u'), gid: idOf('-g') };
}

/**
 * @param {string} url
 * @param {import('node:child_process').ChildProcess} server
 */
async function answering(url, server) {
  while (server.exitCode === null && server.signalCode === null) {
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
  throw new Error(`PostgreSQL ended with ${server.exitCode ?? server.signalCode}`);
}
