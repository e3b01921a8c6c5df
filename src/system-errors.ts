/** What an error of the machine means for whoever meets it. */
export interface SystemError {
  /**
   * - `passes`: the same call may succeed later. Work waits without a count of attempts, HTTP answers 503
   *   `storage-unavailable`, the server is unready for as long as it lasts, and its log says so once.
   * - `stays`: no later call mends it. The call fails, and the server stays unready.
   */
  readonly course: 'passes' | 'stays';
  /** For people. */
  readonly reason: string;
}

/** The one table: by the code of Node, the beginning of SQLite's, or that of an object store. Every other code is a defect, or tells of one file. */
const systemErrors: Readonly<Record<string, SystemError>> = {
  ENOSPC: { course: 'passes', reason: 'the disk is full' },
  EDQUOT: { course: 'passes', reason: 'the disk quota is used up' },
  EROFS: { course: 'passes', reason: 'the file system is read-only' },
  EIO: { course: 'passes', reason: 'the disk has failed to read or write' },
  EMFILE: { course: 'passes', reason: 'the process has too many open files' },
  ENFILE: { course: 'passes', reason: 'the machine has too many open files' },
  ENOMEM: { course: 'passes', reason: 'the machine has no memory left' },
  EAGAIN: { course: 'passes', reason: 'the machine has too few resources' },
  EBUSY: { course: 'passes', reason: 'a file or a disk is busy' },
  ESTALE: { course: 'passes', reason: 'the network disk is away' },
  ETXTBSY: { course: 'passes', reason: 'a file is busy' },
  SQLITE_FULL: { course: 'passes', reason: 'the disk is full' },
  SQLITE_IOERR: { course: 'passes', reason: 'the disk has failed to read or write' },
  SQLITE_BUSY: { course: 'passes', reason: 'another process has the database' },
  SQLITE_LOCKED: { course: 'passes', reason: 'the database is locked' },
  SQLITE_CANTOPEN: { course: 'passes', reason: 'a file of the database cannot be opened' },
  SQLITE_READONLY: { course: 'passes', reason: 'the database cannot be written' },
  SQLITE_NOMEM: { course: 'passes', reason: 'the machine has no memory left' },
  SQLITE_PROTOCOL: { course: 'passes', reason: 'the database is locked' },
  SQLITE_CORRUPT: { course: 'stays', reason: 'the database is damaged' },
  SQLITE_NOTADB: { course: 'stays', reason: 'the database is damaged' },
  S3_AWAY: { course: 'passes', reason: 'the object store cannot be reached' },
  S3_REFUSED: { course: 'passes', reason: 'the object store refuses: its keys, the bucket or a permission' },
};

/** @param code also an extended one of SQLite, such as `SQLITE_IOERR_WRITE` */
export function systemErrorOf(code: string): SystemError | undefined {
  const [base = code] = /^SQLITE_[A-Z]+/.exec(code) ?? [];
  return Object.hasOwn(systemErrors, base) ? systemErrors[base] : undefined;
}

/**
 * The code by which an error, or what has caused it, is a passing one of the machine. Errors of the file system name the
 * call that failed; the same codes mean other things elsewhere.
 */
export function passingCodeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code: unknown = Reflect.get(error, 'code');
  const isOfSystem = 'syscall' in error || (typeof code === 'string' && /^(SQLITE|S3)_/.test(code));
  if (typeof code === 'string' && isOfSystem && systemErrorOf(code)?.course === 'passes') return code;
  return error.cause === undefined ? undefined : passingCodeOf(error.cause);
}
