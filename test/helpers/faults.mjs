import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { getEnvironmentData } from 'node:worker_threads';

/**
 * Calls of the system that fail when a test says so, in whichever thread they are made. The test and its threads share
 * three numbers: the place that fails (by its index here), how many calls still fail, how many have failed.
 */
export const places = [
  ...['begin', 'commit', 'write', 'read', 'checkpoint', 'version'].map((name) => `store ${name}`),
  ...['open', 'write', 'read'].map((name) => `thread ${name}`),
  ...['open', 'writeFile', 'sync', 'rename', 'copyFile', 'unlink', 'mkdir'].map((name) => `server ${name}`),
];

/** Code of the failure; throws it where the place is the one. */
export function faultsOf(numbers) {
  const shared = new Int32Array(numbers);
  return (place, code) => {
    if (Atomics.load(shared, 0) !== places.indexOf(place) || Atomics.load(shared, 1) <= 0) return;
    Atomics.sub(shared, 1, 1);
    Atomics.add(shared, 2, 1);
    throw Object.assign(new Error(`${place} was made to fail`), { code, syscall: place });
  };
}

const numbers = getEnvironmentData('faults');
const fail = numbers === undefined ? () => undefined : faultsOf(numbers);

/** In a render thread. */
export function patchThread() {
  const around = (name, place, code) => {
    const real = fs[name];
    fs[name] = (...given) => {
      fail(place, code);
      return real(...given);
    };
  };
  around('openSync', 'thread open', 'EMFILE');
  around('writeSync', 'thread write', 'ENOSPC');
  around('readFileSync', 'thread read', 'EIO');
  syncBuiltinESMExports();
}

/** In the thread of the store: `{ Connection, Statement }` of the driver. */
export function patchStore({ Connection, Statement }) {
  const texts = new WeakMap();
  const { prepare, pragma } = Connection.prototype;
  Connection.prototype.prepare = function (sql) {
    const statement = prepare.call(this, sql);
    texts.set(statement, sql.trim().toUpperCase());
    return statement;
  };
  Connection.prototype.pragma = function (source) {
    if (source.startsWith('wal_checkpoint')) fail('store checkpoint', 'SQLITE_IOERR_FSYNC');
    if (source === 'data_version') fail('store version', 'SQLITE_IOERR_READ');
    return pragma.call(this, source);
  };
  for (const name of ['run', 'one', 'all']) {
    const real = Statement.prototype[name];
    Statement.prototype[name] = function (...values) {
      const sql = texts.get(this) ?? '';
      if (sql.startsWith('BEGIN')) fail('store begin', 'SQLITE_BUSY');
      else if (sql === 'COMMIT') fail('store commit', 'SQLITE_FULL');
      else if (/^(INSERT|UPDATE|DELETE)/.test(sql)) fail('store write', 'SQLITE_IOERR_WRITE');
      else if (/^(SELECT|WITH)/.test(sql)) fail('store read', 'SQLITE_IOERR_READ');
      return real.call(this, ...values);
    };
  }
}

/** In the thread of the test: calls about files below a folder. @returns what undoes it */
export function patchServer(folder, failHere) {
  const { promises } = fs;
  const before = { ...promises };
  const codes = {
    writeFile: 'ENOSPC',
    rename: 'EDQUOT',
    copyFile: 'ENOSPC',
    unlink: 'EROFS',
    mkdir: 'EROFS',
  };
  for (const [name, code] of Object.entries(codes)) {
    promises[name] = async (path, ...given) => {
      if (String(path).startsWith(folder)) failHere(`server ${name}`, code);
      return before[name](path, ...given);
    };
  }
  promises.open = async (path, ...given) => {
    const isOurs = String(path).startsWith(folder);
    if (isOurs) failHere('server open', 'EMFILE');
    const handle = await before.open(path, ...given);
    const sync = handle.sync.bind(handle);
    handle.sync = async () => {
      if (isOurs) failHere('server sync', 'EIO');
      return sync();
    };
    return handle;
  };
  syncBuiltinESMExports();
  return () => {
    Object.assign(promises, before);
    syncBuiltinESMExports();
  };
}
