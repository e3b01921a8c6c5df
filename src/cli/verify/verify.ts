import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { FactCheck, type Faults } from './fact-check.js';
import { type Follow, followers } from './followers.js';

export interface VerifyCommand {
  /** After `verify`. */
  readonly args: readonly string[];
  print(line: string): void;
  say(line: string): void;
}

export const verifyUsage = `Usage:
  inkwire verify URL [--key KEY] [--jobs 50] [--cut-after 6] [--seconds 120]

Submits jobs, follows them over WebSocket, SSE and long-poll at once while it cuts its own connections after at most
--cut-after facts, and counts facts that are missing, repeated or out of order. Exit code 0 when there are none.`;

interface Plan {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly jobs: number;
  readonly cutAfter: number;
  readonly seconds: number;
}

const pauseMs = 200;

/** @returns the exit code: 0 nothing was wrong, 1 something was, 2 not understood */
export async function runVerify({ args, print, say }: VerifyCommand): Promise<number> {
  const plan = readPlan(args);
  if (plan === undefined) {
    say(verifyUsage);
    return 2;
  }
  const group = `verify-${randomBytes(6).toString('hex')}`;
  const start = await cursorNow(plan);
  const deadline = AbortSignal.timeout(plan.seconds * 1000);
  const done = new AbortController();
  const runs = Object.entries(followers).map(([name, follow]) => {
    const check = new FactCheck();
    const stop = AbortSignal.any([deadline, done.signal]);
    return { name, check, cuts: keepFollowing(plan, follow, `group:${group}`, start, check, stop) };
  });
  const ids = await submitAll(plan, group, deadline);
  while (!deadline.aborted && runs.some(({ check }) => check.ended < ids.length)) await pause(50);
  // Whatever comes twice comes now.
  await pause(2 * pauseMs);
  done.abort();
  let wrong = 0;
  for (const { name, check, cuts } of runs) {
    const faults = check.faults(ids);
    wrong += sumOf(faults);
    const { gaps, repeats, reorders, lostEnds } = faults;
    print(
      `${name}: ${check.facts} facts of ${ids.length} jobs, ${await cuts} cuts; ` +
        `${gaps} gaps, ${repeats} repeats, ${reorders} out of order, ${lostEnds} ends lost`,
    );
  }
  return wrong === 0 && ids.length === plan.jobs ? 0 : 1;
}

function readPlan(args: readonly string[]): Plan | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        key: { type: 'string' },
        jobs: { type: 'string', default: '50' },
        'cut-after': { type: 'string', default: '6' },
        seconds: { type: 'string', default: '120' },
      },
    });
    const [url, ...more] = positionals;
    const [jobs, cutAfter, seconds] = [values.jobs, values['cut-after'], values.seconds].map(Number);
    if (url === undefined || !URL.canParse(url) || more.length > 0) return undefined;
    if (!isCount(jobs) || !isCount(cutAfter) || !isCount(seconds)) return undefined;
    const headers: Record<string, string> =
      values.key === undefined ? {} : { authorization: `Bearer ${values.key}` };
    return { url: url.replace(/\/+$/, ''), headers, jobs, cutAfter, seconds };
  } catch {
    // `parseArgs` has no other word for it than an exception.
    return undefined;
  }
}

function isCount(value: number | undefined): value is number {
  return value !== undefined && Number.isInteger(value) && value > 0 && value <= 1_000_000;
}

/** One client of a transport, connection after connection. Resolves with how often it was cut. */
async function keepFollowing(
  plan: Plan,
  follow: Follow,
  topic: string,
  start: string,
  check: FactCheck,
  stop: AbortSignal,
): Promise<number> {
  let after = start;
  let cuts = 0;
  while (!stop.aborted) {
    const cut = new AbortController();
    let left = 1 + Math.floor(Math.random() * plan.cutAfter);
    const onEvent = (event: Parameters<FactCheck['take']>[0]): void => {
      if (left <= 0) return;
      check.take(event);
      after = event.id;
      left -= 1;
      if (left === 0) cut.abort();
    };
    const signal = AbortSignal.any([stop, cut.signal]);
    await follow({ url: plan.url, headers: plan.headers, topic, after, onEvent, cut: signal }).catch(() =>
      // Cut by us, or the server is down: either way it comes back with its cursor.
      cut.signal.aborted || stop.aborted ? undefined : pause(pauseMs),
    );
    if (cut.signal.aborted) cuts += 1;
  }
  return cuts;
}

async function cursorNow({ url, headers }: Plan): Promise<string> {
  const response = await fetch(`${url}/api/v1/events?topic=jobs&snapshot=false&wait=0`, {
    headers: { ...headers, accept: 'application/json' },
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  const { data } = (await response.json()) as { data: { cursor: string } };
  return data.cursor;
}

async function submitAll(
  { url, headers, jobs }: Plan,
  group: string,
  deadline: AbortSignal,
): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let job = 0; job < jobs; job += 1) {
    const body = JSON.stringify({
      group,
      operations: [{ type: 'add_text', text: `Job ${job} of ${group}` }],
    });
    const key = `${group}-${job}`;
    while (!deadline.aborted && ids.length === job) {
      const id = await submit(url, { ...headers, 'idempotency-key': key }, body);
      if (id === undefined) await pause(pauseMs);
      else ids.push(id);
    }
  }
  return ids;
}

/** The id; undefined when it has to be sent again (under the same key, so that it makes one job). */
async function submit(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<string | undefined> {
  try {
    const response = await fetch(`${url}/api/v1/jobs`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body,
    });
    const answer = (await response.json()) as { data?: { job_id: string } };
    return answer.data?.job_id;
  } catch {
    return undefined;
  }
}

function sumOf(faults: Faults): number {
  return faults.gaps + faults.repeats + faults.reorders + faults.lostEnds;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
