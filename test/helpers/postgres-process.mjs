import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, chownSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import pg from 'pg';

/**
 * PostgreSQL as Debian ships it: what tests and benchmarks need to run a server of their own, on a socket in a folder, so
 * that it takes no port.
 */

/** Where Debian puts the programs of the newest version; undefined where there is none. */
export function postgresPrograms() {
  const versions = '/usr/lib/postgresql';
  const found = existsSync(versions) ? readdirSync(versions) : [];
  const [newest] = found.sort((a, b) => Number(b) - Number(a));
  return newest === undefined ? undefined : join(versions, newest, 'bin');
}

/** Programs that run as the user of the server, which refuses to run for root. */
export class PostgresPrograms {
  #bin;
  #as;

  constructor() {
    const bin = postgresPrograms();
    if (bin === undefined) throw new Error('There is no PostgreSQL: install Debian’s package postgresql');
    this.#bin = bin;
    this.#as = identity();
  }

  /**
   * Gives a folder to the user of the server.
   * @param {string} directory
   */
  own(directory) {
    if (this.#as !== undefined) chownSync(directory, this.#as.uid, this.#as.gid);
  }

  /**
   * @param {string} program
   * @param {readonly string[]} args
   * @param {string} cwd
   */
  run(program, args, cwd) {
    execFileSync(join(this.#bin, program), args, { ...this.#as, cwd, stdio: 'ignore' });
  }

  /**
   * Makes an empty data directory.
   * @param {string} data
   */
  init(data) {
    const encoding = ['-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
    this.run('initdb', ['-D', data, '-U', 'inkwire', ...encoding], dirname(data));
    // Where it listens (`network`), it trusts who is beside it.
    appendFileSync(join(data, 'pg_hba.conf'), 'host all all samenet trust\n');
  }

  /**
   * Starts a server whose socket is in a folder. It answers later (`answering`).
   * @param {{ readonly data: string, readonly directory: string, readonly settings?: readonly string[],
   *   readonly network?: { readonly pid: number, readonly address: string } | undefined }} options `network` that of a
   *   process, in which it listens, too
   */
  start({ data, directory, settings = [], network }) {
    const all = [
      `listen_addresses=${network?.address ?? ''}`,
      `unix_socket_directories=${directory}`,
      'max_connections=200',
      ...settings,
    ];
    const args = ['-D', data, ...all.flatMap((setting) => ['-c', setting])];
    const server = join(this.#bin, 'postgres');
    if (network === undefined) return spawn(server, args, { ...this.#as, cwd: directory, stdio: 'ignore' });
    // The right to enter it ends with the user.
    const user = this.#as === undefined ? [] : ['--setuid', this.#as.uid, '--setgid', this.#as.gid];
    const enter = ['--target', network.pid, '--net', ...user].map(String);
    return spawn('nsenter', [...enter, server, ...args], { cwd: directory, stdio: 'ignore' });
  }

  /**
   * Starts PgBouncer, with its socket in a folder, before the server whose socket is in another. It answers later (`answering`).
   * @param {{ readonly directory: string, readonly server: string, readonly mode: 'transaction' | 'session',
   *   readonly size: number }} options `size` the connections with the server
   */
  startPooler({ directory, server, mode, size }) {
    const users = join(directory, 'users');
    writeFileSync(users, '"inkwire" ""\n');
    const settings = {
      listen_port: 5432,
      unix_socket_dir: directory,
      pool_mode: mode,
      default_pool_size: size,
      max_client_conn: 500,
      auth_type: 'trust',
      auth_file: users,
      // A server that was away is tried again soon.
      server_login_retry: 0.1,
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
    const config = join(directory, 'pgbouncer.ini');
    writeFileSync(config, `[databases]\n* = host=${server}\n[pgbouncer]\n${lines.join('')}`);
    return spawn(pgbouncer, ['-q', config], { ...this.#as, cwd: directory, stdio: 'ignore' });
  }
}

/** Where Debian puts it, which is not where the search path of most users leads. */
const pgbouncer = '/usr/sbin/pgbouncer';

export function hasPgbouncer() {
  return existsSync(pgbouncer);
}

/**
 * The address of the server whose socket is in a folder.
 * @param {string} directory
 */
export function urlOf(directory) {
  return `postgres://inkwire@/postgres?host=${encodeURIComponent(directory)}`;
}

function identity() {
  if (process.getuid?.() !== 0) return undefined;
  const idOf = (/** @type {string} */ kind) =>
    Number(execFileSync('id', [kind, 'postgres'], { encoding: 'utf8' }).trim());
  return { uid: idOf('-u'), gid: idOf('-g') };
}

/**
 * Resolves when the server at an address takes connections; rejects when it ends instead.
 * @param {string} url
 * @param {import('node:child_process').ChildProcess} server
 */
export async function answering(url, server) {
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
