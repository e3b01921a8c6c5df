import { SseDecoder } from './sse-decoder.js';

/** An event as a watcher got it. */
export interface Watched {
  readonly type: string;
  /** Empty for an event of a group. */
  readonly jobId: string;
  readonly rev: number;
}

/** Follows all jobs of a service, and goes to another gateway whenever its connection ends. */
export interface RovingWatcher {
  readonly events: readonly Watched[];
  readonly resets: number;
  readonly connections: number;
  stop(): Promise<void>;
}

const facts = /^(job\.(?!progress)|group\.)/;

/** @param urls of the gateways; @param first index of the one to begin with */
export function startRovingWatcher(urls: () => readonly string[], first: number): RovingWatcher {
  const events: Watched[] = [];
  const leaving = new AbortController();
  let [resets, connections, at, cursor] = [0, 0, first, ''];
  const follow = async (): Promise<void> => {
    const all = urls();
    const response = await fetch(`${all[at % all.length]}/api/v1/events?topic=jobs&snapshot=false`, {
      headers: { accept: 'text/event-stream', ...(cursor === '' ? {} : { 'last-event-id': cursor }) },
      signal: leaving.signal,
    });
    if (response.status !== 200) return;
    connections += 1;
    const decoder = new SseDecoder();
    for await (const bytes of response.body ?? []) {
      for (const { event, id, data = '' } of decoder.push(bytes)) {
        if (event === 'reset') resets += 1;
        if (id !== undefined) cursor = id;
        if (!facts.test(event)) continue;
        const { job } = JSON.parse(data);
        events.push({ type: event, jobId: job?.job_id ?? '', rev: job?.rev ?? 0 });
      }
    }
  };
  const run = async (): Promise<void> => {
    for (; !leaving.signal.aborted; at += 1) {
      // A gateway that was killed ends it in any of several ways: the next one is asked with the cursor.
      await follow().catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const running = run();
  return {
    events,
    get resets() {
      return resets;
    },
    get connections() {
      return connections;
    },
    async stop() {
      leaving.abort();
      await running;
    },
  };
}
