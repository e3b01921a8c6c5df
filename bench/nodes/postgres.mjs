import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { answering, hasPgbouncer, PostgresPrograms, urlOf } from '../../test/helpers/postgres-process.mjs';
import { processCpuMs } from '../kit/cpu.mjs';
import { removeDirectory, temporaryDirectory } from '../kit/server.mjs';

/** PostgreSQL with its defaults, so that each commit is on the disk: on a socket in a folder of its own. */
export async function startPostgres() {
  const programs = new PostgresPrograms();
  const directory = temporaryDirectory('postgres');
  programs.own(directory);
  const data = join(directory, 'data');
  programs.init(data);
  const server = programs.start({ data, directory });
  return {
    ...(await held(server, directory, 'SIGQUIT')),
    /** For clients that do not read `url`. */
    address: { host: directory, user: 'inkwire', database: 'postgres' },
    /** Counts from now on: what its processes take, those apart that end meanwhile. */
    cpuMeter() {
      const cpu = () =>
        childrenOf(server.pid ?? 0).map((pid) => /** @type {const} */ ([pid, processCpuMs(pid)]));
      const before = new Map(cpu());
      return { ms: () => cpu().reduce((sum, [pid, ms]) => sum + ms - (before.get(pid) ?? 0), 0) };
    },
  };
}

export { hasPgbouncer };

/**
 * PgBouncer that pools transactions, before a server.
 * @param {Awaited<ReturnType<typeof startPostgres>>} postgres
 */
export async function startPooler({ address }) {
  const programs = new PostgresPrograms();
  const directory = temporaryDirectory('pooler');
  programs.own(directory);
  const pooler = programs.startPooler({ directory, server: address.host, mode: 'transaction', size: 20 });
  return held(pooler, directory, 'SIGKILL');
}

/**
 * A server that answers, until it is stopped or this process ends; its folder goes with it.
 * @param {import('node:child_process').ChildProcess} server
 * @param {string} directory
 * @param {NodeJS.Signals} signal ends it
 */
async function held(server, directory, signal) {
  const exited = once(server, 'exit');
  const kill = () => server.kill(signal);
  process.once('exit', kill);
  const url = urlOf(directory);
  await answering(url, server);
  return {
    url,
    async stop() {
      process.off('exit', kill);
      kill();
      await exited;
      removeDirectory(directory);
    },
  };
}

/** @param {number} parent */
function childrenOf(parent) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return Number(readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ')[1]) === parent;
      } catch {
        return false;
      }
    });
}
