/** What every command that talks to a server ends with; docs/CLI.md has them for users. */
export const exitCodes = {
  ok: 0,
  /** A job failed or was cancelled, a batch had failures, a check failed, a file could not be written. */
  failed: 1,
  /** The command line, or a file that it names, cannot be used. */
  misuse: 2,
  /** No usable answer: nobody listens, or the server says "not now" for too long. */
  unreachable: 3,
  /** The server understood and refused. */
  refused: 4,
  /** By a signal (128 and SIGINT's number). */
  interrupted: 130,
  /** Whoever read the output has left (128 and SIGPIPE's number), as the shell's own tools end then. */
  readerGone: 141,
} as const;
