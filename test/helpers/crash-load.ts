import { randomUUID } from 'node:crypto';

/** One job as its submitter knows it. */
export interface Submitted {
  readonly key: string;
  readonly body: string;
  /** Set by the first 201 or 200. */
  id?: string;
}

export interface Load {
  readonly submitted: readonly Submitted[];
  /** Answers that contradict the promise: another id for a known key, or a refusal that nothing explains. */
  readonly contradictions: readonly string[];
  /** Lets the callers submit so many more jobs, and resolves when the first of them was accepted. */
  more(count: number): Promise<void>;
  /** Ends when every job that was begun is accepted. */
  stop(): Promise<void>;
}

const bodies = [
  (n: number) => ({ operations: [{ type: 'add_text', text: `Letter ${n}` }], group: 'small' }),
  (n: number) => ({
    operations: [
      { type: 'add_text', text: `Invoice ${n}`, font_size: 18 },
      {
        type: 'add_table',
        headers: ['#', 'Item'],
        rows: Array.from({ length: 150 }, (_, row) => [String(row), `Item ${row}`]),
      },
    ],
    group: 'large',
  }),
  (n: number) => ({
    operations: Array.from({ length: 250 }, (_, line) => ({
      type: 'add_text',
      text: `Line ${line} of ${n} `.repeat(8),
    })),
  }),
];

/**
 * Submits jobs over and over, each under a key of its own, and never gives up on one: what was not answered is sent again
 * under the same key, and what was answered is sometimes sent again, too.
 */
export function startLoad(url: () => string, callers: number, random: () => number): Load {
  const submitted: Submitted[] = [];
  const contradictions: string[] = [];
  let running = true;
  let allowed = 0;
  const waiting: (() => void)[] = [];
  const idle: (() => void)[] = [];

  const post = async (job: Submitted): Promise<void> => {
    const response = await fetch(`${url()}/api/v1/jobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': job.key },
      body: job.body,
    });
    const text = await response.text();
    if (response.status === 503) return;
    const id: unknown = JSON.parse(text)?.data?.job_id;
    if (typeof id !== 'string') contradictions.push(`${response.status} ${text}`);
    else if (job.id !== undefined && job.id !== id)
      contradictions.push(`${job.key} made ${job.id} and ${id}`);
    else {
      job.id = id;
      for (const wake of waiting.splice(0)) wake();
    }
  };
  const postUntilKnown = async (job: Submitted): Promise<void> => {
    do await post(job).catch(pause);
    while (job.id === undefined);
  };
  const call = async (): Promise<void> => {
    while (running) {
      if (allowed === 0) {
        await new Promise<void>((resolve) => idle.push(resolve));
        continue;
      }
      allowed -= 1;
      // Apart, so that a kill finds some of them on their way.
      await new Promise((resolve) => setTimeout(resolve, random() * 80));
      const make = bodies[Math.floor(random() * bodies.length)] ?? bodies[0];
      const job: Submitted = { key: randomUUID(), body: JSON.stringify(make?.(submitted.length)) };
      submitted.push(job);
      await postUntilKnown(job);
      const earlier = submitted[Math.floor(random() * submitted.length)];
      if (earlier?.id !== undefined && random() < 0.2) await post(earlier).catch(pause);
    }
  };
  const calls = Array.from({ length: callers }, call);
  const wakeIdle = (): void => {
    for (const wake of idle.splice(0)) wake();
  };
  return {
    submitted,
    contradictions,
    more(count) {
      allowed += count;
      wakeIdle();
      return new Promise<void>((resolve) => waiting.push(resolve));
    },
    async stop() {
      running = false;
      wakeIdle();
      await Promise.all(calls);
    },
  };
}

/** The server is down: its successor needs a moment. */
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}
