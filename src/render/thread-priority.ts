import { setPriority } from 'node:os';

/**
 * Lowers the priority of the calling thread alone. On Linux a priority belongs to a thread: its work then yields to the
 * thread that answers. Elsewhere the whole process would be lowered, so it is left as it is.
 * @param nice 0 is normal, 19 the lowest
 */
export function lowerThreadPriority(nice: number): void {
  if (process.platform === 'linux' && nice > 0) setPriority(0, nice);
}
