import { Countdown } from '../../countdown.js';

/** Resolves when the work is done, or after `ms` in which this process ran. Rejects as the work does. */
export async function atMost(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: Countdown | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = new Countdown(ms, resolve);
  });
  await Promise.race([work, deadline]);
  timer?.clear();
}
