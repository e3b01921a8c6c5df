import { resolve } from 'node:path';
import type { Config } from '../config.js';
import { StoreFailed } from '../engine/engine.js';
import { listenRefusal } from './listen-refusal.js';

/**
 * Why a server could not start, in a sentence for the operator, who can fix it; undefined for a defect of the program.
 */
export function startFailureOf(
  error: unknown,
  config: Pick<Config, 'host' | 'port' | 'dataDir' | 'databaseUrl'>,
): readonly string[] | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  const call: unknown = Reflect.get(error, 'syscall');
  if (call === 'listen' || call === 'bind' || call === 'getaddrinfo') {
    const { said, advice } = listenRefusal(String(error.code), `${config.host}:${config.port}`);
    return [`The server cannot start: ${said}.`, advice];
  }
  if (config.databaseUrl !== '' && error instanceof StoreFailed) return databaseFailureOf(error);
  return directoryFailureOf(error, config.dataDir);
}

/** The address is not repeated: it may hold a password. */
export function databaseFailureOf(error: StoreFailed): readonly string[] {
  return [
    `The database of INKWIRE_DATABASE_URL cannot be used: ${error.message} (${error.code}).`,
    '"inkwire doctor --only database" says what is wrong with it, and what to do.',
  ];
}

/** Why a data directory could not be opened; undefined for what is a defect of the program. */
export function directoryFailureOf(error: unknown, directory: string): readonly string[] | undefined {
  // Only what the system, SQLite or the store refuses has a code.
  if (!(error instanceof Error) || !('code' in error) || /^ERR_/.test(String(error.code))) return undefined;
  if (error.code === 'directory-in-use') {
    return [`${error.message}.`, 'End it, or give this one another INKWIRE_DATA_DIR and INKWIRE_PORT.'];
  }
  if (error.code === 'restore-unfinished') {
    return [
      `${error.message}.`,
      'Run it once more ("inkwire restore FOLDER"), with --replace where it asks for it.',
    ];
  }
  if (error.code === 'no-database')
    return [`${error.message}.`, 'Is INKWIRE_DATA_DIR the one of the server?'];
  return [
    `The data directory ${resolve(directory)} cannot be used: ${error.message}.`,
    '"inkwire doctor --only directory,database" says what is wrong with it, and what to do.',
  ];
}
