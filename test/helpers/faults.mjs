import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { getEnvironmentData } from 'node:worker_threads';

/**
 * Calls of the system that fail when a test says so, in whichever thread or process they are made. The test and its threads
 * share three numbers: what fails (by its index here), how many calls still fail, how many have failed. The process that
 * decodes pictures shares a file.
 */
export const places = [
  ...['begin', 'commit', 'write', 'read', 'checkpoint', 'version', 'close'].map((name) => `store ${name}`),
  ...['open', 'write', 'close', 'read', 'readFile'].map((name) => `thread ${name}`),
  // What an attempt has begun is removed when it fails.
  'thread write and thread unlink',
  ...[
    'open',
    'append',
    'sync',
    'close',
    'read',
    'writeFile',
    'rename',
    'copyFile',
    'unlink',
    'mkdir',
    'rm',
  ].map((name) => `server ${name}`),
  ...['createReadStream', 'readFile'].map((name) => `server ${name}`),
  ...['read', 'write'].map((name) => `picture ${name}`),
];

/** Code of the failure; throws it where the place is the one. */
export function faultsOf(numbers) {
  const shared = new Int32Array(numbers);
  return (place, code) => {
    const chosen = places[Atomics.load(shared, 0)] ?? '';
    if (!chosen.split(' and ').includes(place) || Atomics.load(shared, 1) <= 0) return;
    Atomics.sub(shared, 1, 1);
    Atomics.add(shared, 2, 1);
    throw failure(place, code);
  };
}

function failure(place, code) {
  return Object.assign(new Error(`${place} was made to fail`), { code, syscall: place });
}

const numbers = getEnvironmentData('faults');
const fail = numbers === undefined ? () => undefined : faultsOf(numbers);

/** In a render thread. */
export function patchThread() {
  const around = (name, place, code, isDone = false) => {
    const real = fs[name];
    fs[name] = (...given) => {
      if (isDone) real(...given);
      fail(place, code);
      if (!isDone) return real(...given);
    };
  };
  around('openSync', 'thread open', 'EMFILE');
  around('writeSync', 'thread write', 'ENOSPC');
  around('readFileSync', 'thread read', 'EIO');
  around('unlinkSync', 'thread unlink', 'EROFS');
  // The descriptor is free whatever the system says.
  around('closeSync', 'thread close', 'EDQUOT', true);
  const { readFile } = fs.promises;
  fs.promises.readFile = async (...given) => {
    fail('thread readFile', 'EMFILE');
    return readFile(...given);
  };
  syncBuiltinESMExports();
}

/** In the thread of the store: `{ Connection, Statement }` of the driver. */
export function patchStore({ Connection, Statement }) {
  const texts = new WeakMap();
  const { prepare, pragma, close } = Connection.prototype;
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
  Connection.prototype.close = function () {
    close.call(this);
    fail('store close', 'SQLITE_IOERR_CLOSE');
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

/**
 * In a process that decodes pictures.
 * @param control a file that says `<place> once` or `<place> for a while`; beside it comes one that says that it was met
 */
export async function patchPictures(control) {
  const { default: sharp } = await import('sharp');
  const { readFile, appendFile } = fs.promises;
  const isMet = (place) => {
    const said = fs.existsSync(control) ? fs.readFileSync(control, 'utf8') : '';
    if (!said.startsWith(place)) return false;
    fs.writeFileSync(`${control}-met`, place);
    if (said.endsWith('once')) fs.unlinkSync(control);
    return true;
  };
  fs.promises.readFile = async (...given) => {
    if (isMet('picture read')) throw failure('picture read', 'EIO');
    return readFile(...given);
  };
  const { toFile } = sharp.prototype;
  let isFull = false;
  sharp.prototype.toFile = function (...given) {
    isFull = isMet('picture write');
    // As the library tells it, without a code.
    return isFull ? Promise.reject(new Error('pngsave: write failed')) : toFile.apply(this, given);
  };
  fs.promises.appendFile = async (...given) => {
    if (isFull) throw failure('picture write', 'ENOSPC');
    return appendFile(...given);
  };
  syncBuiltinESMExports();
}

const serverCodes = {
  writeFile: 'ENOSPC',
  rename: 'EDQUOT',
  copyFile: 'ENOSPC',
  unlink: 'EROFS',
  mkdir: 'EROFS',
  rm: 'EIO',
  readFile: 'EIO',
};

/** In the thread of the test: calls about files below a folder. @returns what undoes it */
export function patchServer(folder, failHere) {
  const { promises, createReadStream } = fs;
  const before = { ...promises };
  for (const [name, code] of Object.entries(serverCodes)) {
    promises[name] = async (path, ...given) => {
      if (String(path).startsWith(folder)) failHere(`server ${name}`, code);
      return before[name](path, ...given);
    };
  }
  promises.open = async (path, ...given) => {
    if (!String(path).startsWith(folder)) return before.open(path, ...given);
    failHere('server open', 'EMFILE');
    const handle = await before.open(path, ...given);
    const around = (name, place, code) => {
      const real = handle[name].bind(handle);
      handle[name] = async (...values) => {
        failHere(`server ${place}`, code);
        return real(...values);
      };
    };
    around('sync', 'sync', 'EIO');
    around('writeFile', 'append', 'ENOSPC');
    around('read', 'read', 'EIO');
    const close = handle.close.bind(handle);
    handle.close = async () => {
      // The descriptor is free whatever the system says.
      await close();
      failHere('server close', 'EDQUOT');
    };
    return handle;
  };
  fs.createReadStream = (path, ...given) => {
    const stream = createReadStream(path, ...given);
    try {
      if (String(path).startsWith(folder)) failHere('server createReadStream', 'EMFILE');
    } catch (error) {
      stream.destroy(error);
    }
    return stream;
  };
  syncBuiltinESMExports();
  return () => {
    Object.assign(promises, before);
    fs.createReadStream = createReadStream;
    syncBuiltinESMExports();
  };
}
