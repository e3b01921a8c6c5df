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
  /** Resolves with the next job that is accepted; at once when no more will be submitted. */
  nextAnswer(): Promise<void>;
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
        rows: Array.from({ length: 300 }, (_, row) => [String(row), `Item ${row}`]),
      },
    ],
    group: 'large',
  }),
  (n: number) => ({
    operations: Array.from({ length: 600 }, (_, line) => ({
      type: 'add_text',
      text: `Line ${line} of ${n} `.repeat(8),
    })),
  }),
];

/**
 * Submits jobs over and over, each under a key of its own, and never gives up on one: what was not answered is sent again
 * under the same key, and what was answered is sometimes sent again, too.
 */
export function startLoad(url: () => string, callers: number, random: () => number, maxJobs: number): Load {
  const submitted: Submitted[] = [];
  const contradictions: string[] = [];
  let running = true;
  const waiting: (() => void)[] = [];

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
    while (running && submitted.length < maxJobs) {
      const make = bodies[Math.floor(random() * bodies.length)] ?? bodies[0];
      const job: Submitted = { key: randomUUID(), body: JSON.stringify(make?.(submitted.length)) };
      submitted.push(job);
      await postUntilKnown(job);
      const earlier = submitted[Math.floor(random() * submitted.length)];
      if (earlier?.id !== undefined && random() < 0.2) await post(earlier).catch(pause);
    }
  };
  const calls = Array.from({ length: callers }, call);
  const done = Promise.all(calls).then(() => undefined);
  return {
    submitted,
    contradictions,
    nextAnswer: () => Promise.race([done, new Promise<void>((resolve) => waiting.push(resolve))]),
    async stop() {
      running = false;
      await done;
    },
  };
}

/** The server is down: its successor needs a moment. */
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}
