import type { KindBack } from './kind.js';

/**
 * What a thread can make ready before it is first needed. A theme is a language (BCP 47, two letters), since fonts of East Asia
 * are megabytes, or the name of a kind, since some load large engines; and code is compiled when it has run some times.
 */
export interface Rehearsal {
  /**
   * The themes that this thread has worked on, in any order.
   * @param kinds of the tasks that it has run
   */
  themes(kinds: ReadonlySet<string>): readonly string[];
  /** Makes the thread ready for a theme: some milliseconds each, the first one up to some hundred. None rejects. */
  steps(theme: string): readonly (() => Promise<void>)[];
}

/** Of pages that are drawn: the engine of PDFs, and what encodes pictures. */
export const previewTheme = 'preview';

/** A step ahead for whole kinds. Whatever is wrong here, the first job of the kind will say it to somebody. */
export async function warmUp({ load }: KindBack): Promise<void> {
  try {
    await (await load()).warm?.();
  } catch {
    // Said by the first job.
  }
}
