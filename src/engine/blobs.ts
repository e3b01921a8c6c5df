/** A file that was written aside by a thread: complete, but not yet durable and under no name. */
export interface AsideFile {
  readonly path: string;
  readonly sha256: string;
}

/** A small blob on its way into the store, with the command that names it (`Store.apply`). */
export interface SmallBlob {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A blob where a thread can read it. */
export interface OpenBlob {
  readonly path: string;
  /** Says that nobody reads at `path` any more. Safe twice. */
  release(): Promise<void>;
}

/** A larger blob is always a file: rows of the store stay short, and what waits for a commit stays in bounds. */
export const smallBlobMaxBytes = 64 * 1024;

/** Where the bytes of a blob lie is told by the character before their digest: `.` in the store, `-` in a file. */
const digestLength = 64;

/** The name of a small blob; `scope` as for `Blobs.keep`. */
export function smallBlobName(sha256: string, scope: string): string {
  return `${scope}.${sha256}`;
}

/** Whether the bytes of a blob lie in the store. */
export function isSmallBlob(name: string): boolean {
  return name.at(-digestLength - 1) === '.';
}

/** SHA-256 of the bytes of a blob, lower-case hex. */
export function digestOfBlob(name: string): string {
  return name.slice(-digestLength);
}

const nameShape = /^[A-Za-z0-9_-]{1,80}-[0-9a-f]{64}$/;

/** Whether a text has the shape of the name of a file: such a name leads out of no folder. */
export function isFileBlobName(name: string): boolean {
  return nameShape.test(name);
}

/**
 * Where the file of a blob lies in the folder or the bucket of the blobs: `ab/<name>`, where `ab` begins the digest.
 * @throws for what is no such name
 */
export function placeOfBlob(name: string): string {
  if (!isFileBlobName(name)) throw new Error(`Not the name of a blob: ${JSON.stringify(name)}`);
  return `${digestOfBlob(name).slice(0, 2)}/${name}`;
}

/** What reading a blob that is not there rejects with. */
export function missingBlob(name: string): Error {
  return Object.assign(new Error(`no such blob: ${name}`), { code: 'ENOENT', syscall: 'read' });
}

/** Whether reading a blob failed because it is not there. */
export function isMissingBlob(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/**
 * Stores the bytes of jobs. A blob is immutable; its name holds the digest of the bytes. There are two sorts:
 * - files, which are durable before a commit names them. A file that no commit came to name is an orphan.
 * - small blobs, whose bytes are stored by the commit that names them and go by the commit that takes their last holder
 *   away: there is never an orphan, and reading them is a read of the store.
 */
export interface Blobs {
  /** A fresh path to write a file aside; `cleanUp` removes files that are left there. */
  aside(): string;
  /**
   * Makes a file that was written aside durable under its name, and returns the name. Equal bytes in the same scope are
   * one blob: a caller that wants to remove a blob whose job was not committed asks `Store.unused` first.
   * @param scope keeps equal bytes of different jobs apart, so that each goes with its own job: up to 80 letters,
   *   digits, `_` and `-`. A job's id keeps the references of neighbours together in an index.
   */
  keep(file: AsideFile, scope: string): Promise<string>;
  /** Keeps bytes at hand as a file, of whatever size: `aside`, write, `keep`. */
  put(bytes: Uint8Array, scope: string): Promise<string>;
  /** Keeps the bytes of a blob once more, as a file in another scope; undefined when the blob is not there. */
  copy(name: string, scope: string): Promise<string | undefined>;
  /**
   * Puts a blob where a thread can read it, until `release`: the file itself, or what a driver has to write aside for
   * it. A reader still finds out that the file of a blob is missing.
   */
  open(name: string): Promise<OpenBlob>;
  /**
   * Bytes `start` to `end`, both inclusive, or all. Rejects when the blob is not there. The caller reads the stream to
   * its end or destroys it: until then a file is open.
   */
  read(
    name: string,
    range?: { readonly start: number; readonly end: number },
  ): Promise<NodeJS.ReadableStream>;
  /** Removes files that no commit names. Small blobs among them go with their last holder, not here. */
  remove(names: readonly string[]): Promise<void>;
  /**
   * Removes the file that was written aside at a path, and its parts `path.0`, `path.1`, ... up to the first that is
   * missing; the first `atLeast` of them may be missing.
   */
  discard(path: string, atLeast?: number): Promise<void>;
  /**
   * Removes files that were written before a time and that no job refers to: blobs (it asks about their names in
   * batches) and files written aside. May run beside other work. Returns how many files it removed.
   * @param before milliseconds since 1970. A younger file may belong to a commit that is still to come, so a caller
   *   leaves a period of grace that is far longer than any upload or attempt (`work/run/sweeper.ts`). Left out, the
   *   moment in which the blobs were opened: only where no other process works on them (`Capabilities.exclusive`)
   */
  cleanUp(unused: (names: readonly string[]) => Promise<readonly string[]>, before?: number): Promise<number>;
  /** Rejects when nothing can be written. For readiness. */
  ping(): Promise<void>;
}
