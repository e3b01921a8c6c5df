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
  /**
   * Makes the thread ready for a theme: some milliseconds each, the first one up to some hundred. None rejects.
   * @param begun kinds of which the thread has begun a task, also later
   */
  steps(theme: string, begun: ReadonlySet<string>): readonly (() => Promise<void>)[];
}

/** Of pages that are drawn: the engine of PDFs, and what encodes pictures. */
export const previewTheme = 'preview';

/**
 * Steps ahead for whole kinds: to load what each job needs, then to do such work for nobody. None rejects.
 * @param isUnderWay whether the thread has begun a job of the kind: what that does is practice enough, and nobody shall wait for more
 */
export function stepsAhead({ load }: KindBack, isUnderWay: () => boolean): readonly (() => Promise<void>)[] {
  let loaded: ReturnType<typeof load> | undefined;
  const runner = () => (loaded ??= load());
  const warm = async (): Promise<void> => (await runner()).warm?.();
  const practise = async (): Promise<void> => {
    const found = await runner();
    if ('practise' in found && !isUnderWay()) await found.practise?.();
  };
  return [warm, practise].map((step) => async () => {
    try {
      await step();
    } catch {
      // Whatever is wrong here, the first job of the kind will say it to somebody.
    }
  });
}
