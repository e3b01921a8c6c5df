/** A file that was written aside by a thread: complete, but not yet durable and under no name. */
export interface AsideFile {
  readonly path: string;
  readonly sha256: string;
}

/** A blob is immutable. Its name is chosen by the store of blobs and holds the digest of the bytes. */
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
  /** Keeps bytes at hand: `aside`, write, `keep`. */
  put(bytes: Uint8Array, scope: string): Promise<string>;
  /** Keeps the bytes of a blob once more, in another scope; undefined when the blob is not there. */
  copy(name: string, scope: string): Promise<string | undefined>;
  /** A local path for a thread to read from. */
  path(name: string): Promise<string>;
  /** Bytes `start` to `end`, both inclusive, or all. Rejects when the blob is not there. */
  read(
    name: string,
    range?: { readonly start: number; readonly end: number },
  ): Promise<NodeJS.ReadableStream>;
  remove(names: readonly string[]): Promise<void>;
  /**
   * Removes the file that was written aside at a path, and its parts `path.0`, `path.1`, ... up to the first that is
   * missing; the first `atLeast` of them may be missing.
   */
  discard(path: string, atLeast?: number): Promise<void>;
  /**
   * Removes files that were written before a time and that no job refers to: blobs (it asks about their names in
   * batches) and files written aside. May run beside other work. Returns how many files it removed.
   * @param before milliseconds since 1970; left out, the moment in which the blobs were opened
   */
  cleanUp(unused: (names: readonly string[]) => Promise<readonly string[]>, before?: number): Promise<number>;
  /** Rejects when nothing can be written. For readiness. */
  ping(): Promise<void>;
}
