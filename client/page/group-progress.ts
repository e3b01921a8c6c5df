import { useEffect, useState } from 'preact/hooks';
import type { GroupProgress } from '../sdk/types.js';
import { useModel } from './model.js';
import { nextPace, type Pace } from './pace.js';
import { type OpenSession, reasonOf } from './session.js';

/** Least time between two questions for the same, in milliseconds. */
const gapMs = 1_000;

export interface Asked<T> {
  readonly answer?: T;
  readonly fault?: string;
}

/** Asks now, and again after jobs of groups have changed: at most once a second. */
export function useGroups<T>(open: OpenSession, ask: (signal: AbortSignal) => Promise<T>): Asked<T> {
  const { session } = useModel();
  const [asked, setAsked] = useState<Asked<T>>({});
  useEffect(() => {
    const gone = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let busy = false;
    let wanted = false;
    const run = async () => {
      busy = true;
      wanted = false;
      try {
        setAsked({ answer: await ask(gone.signal) });
      } catch (error) {
        if (gone.signal.aborted) return;
        session.refuse(error);
        setAsked(({ answer }) => ({ ...(answer === undefined ? {} : { answer }), fault: reasonOf(error) }));
      }
      if (gone.signal.aborted) return;
      timer = setTimeout(() => {
        busy = false;
        if (wanted) void run();
      }, gapMs);
    };
    const again = () => {
      if (busy) wanted = true;
      else void run();
    };
    const unwatch = [open.jobs.groupRevision.subscribe(again), session.returns.subscribe(again)];
    return () => {
      for (const stop of unwatch) stop();
      gone.abort();
      clearTimeout(timer);
    };
  }, [open, session, ask]);
  return asked;
}

/** How fast a group gets on, from one look at it to the next. */
export function groupPace(pace: Pace | undefined, group: GroupProgress, now: number): Pace | undefined {
  if (group.pending + group.running === 0) return undefined;
  return nextPace(pace, { attempt: 0, progress: group.progress, at: now });
}
