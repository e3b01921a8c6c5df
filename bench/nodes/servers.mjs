import { join } from 'node:path';
import { startServer } from '../kit/server.mjs';

/**
 * Starts complete servers of one service, a process each, which share their blobs.
 * @param {string} url of the database
 * @param {string} directory has a folder for each server, and one for the blobs
 * @param {Readonly<Record<string, string>>} [env] more `INKWIRE_*` variables
 */
export function serversOf(url, directory, env = {}) {
  let started = 0;
  /**
   * @param {string} role
   * @param {{ readonly workers?: number, readonly profile?: readonly string[], readonly under?: readonly string[] }} [options] render
   *   threads, arguments for Node, and a program that becomes the server's process
   */
  return (role, { workers = 1, profile = [], under = [] } = {}) => {
    started += 1;
    return startServer({
      directory: join(directory, `${role}-${started}`),
      env: {
        INKWIRE_DATABASE_URL: url,
        INKWIRE_BLOBS: join(directory, 'blobs'),
        INKWIRE_ROLE: role,
        INKWIRE_WORKERS: String(workers),
        ...env,
      },
      profile,
      under,
    });
  };
}
