/** As they were before a test put its own clock in their place. */
const { setTimeout } = globalThis;

const lookMs = 5;
const patienceMs = 120_000;

/**
 * Waits, in real time whatever a test does to the clock, for what a thread, a socket or a disk brings about. It sleeps
 * between its looks, so that the processor is left to what is waited for; it counts looks, not time, since a machine
 * that stands still must not use up the patience.
 */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let look = 0; look < patienceMs / lookMs; look += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
  throw new Error(`It never came to this: ${what}`);
}
