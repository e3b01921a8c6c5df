/** The exit codes of every command that talks to a server; docs/CLI.md describes them for users. */
export const exitCodes = {
  ok: 0,
  /** A job failed or was cancelled, a batch had failures, a check failed, a file could not be written. */
  failed: 1,
  /** The command line, or a file that it names, cannot be used. */
  misuse: 2,
  /** No usable answer: no server listens, or it answers "not now" for too long. */
  unreachable: 3,
  /** The server understood and refused. */
  refused: 4,
  /** By a signal (128 and SIGINT's number). */
  interrupted: 130,
  /** The reader of the output has left (128 and SIGPIPE's number), as the shell's own tools end then. */
  readerGone: 141,
} as const;
