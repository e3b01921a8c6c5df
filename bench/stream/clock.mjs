/** Milliseconds of the machine's monotonic clock: the same in every process. */
export function nowMs() {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}
