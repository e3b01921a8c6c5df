import { once } from 'node:events';
import { join } from 'node:path';
import { answering, PostgresPrograms, urlOf } from '../../test/helpers/postgres-process.mjs';
import { removeDirectory, temporaryDirectory } from '../kit/server.mjs';

/** PostgreSQL with its defaults, so that each commit is on the disk: on a socket in a folder of its own. */
export async function startPostgres() {
  const programs = new PostgresPrograms();
  const directory = temporaryDirectory('postgres');
  programs.own(directory);
  const data = join(directory, 'data');
  programs.init(data);
  const server = programs.start({ data, directory });
  const exited = once(server, 'exit');
  const kill = () => server.kill('SIGQUIT');
  process.once('exit', kill);
  const url = urlOf(directory);
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
