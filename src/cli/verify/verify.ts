import { nanoid } from 'nanoid';
import { errorOf, type InkwireError } from '../../../client/sdk/error.js';
import { Misuse, readArguments, readWhole } from '../arguments.js';
import { exitCodes } from '../exit-codes.js';
import { obey, type Server, serverOptions, serverUsage, withServer } from '../server-access.js';
import { printLine, type Shell } from '../terminal.js';
import { FactCheck, type Faults } from './fact-check.js';
import { type Follow, followers } from './followers.js';

export const verifyUsage = `Usage:
  inkwire verify [URL] [options]

Submits jobs, follows them over WebSocket, SSE and long-poll at once while it cuts its own connections, and counts facts
that are missing, repeated or out of order: one line for each transport. The jobs stay on the server as any others do.

  --jobs N       how many; default 50
  --cut-after N  a connection is cut after 1 to N facts; default 6
  --seconds N    when it gives up; default 120

${serverUsage}

Exit code: 0 nothing was wrong, 1 something was, or not all came in time, 2 not understood, 3 the server cannot be
reached, 4 refused, 130 interrupted (the jobs go on).`;

const options = {
  ...serverOptions,
  jobs: { type: 'string' },
  'cut-after': { type: 'string' },
  seconds: { type: 'string' },
} as const;

interface Counts {
  readonly jobs: number;
  readonly cutAfter: number;
  readonly seconds: number;
}

interface Plan extends Counts {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly json: boolean;
}

const pauseMs = 200;

/** `inkwire verify`. @returns the exit code */
export function runVerify(shell: Shell): Promise<number> {
  return obey(shell, 'verify', async () => {
    const { values, positionals } = readArguments(shell.args, options);
    if (values.help) {
      printLine(shell.out, verifyUsage);
      return exitCodes.ok;
    }
    const [named, ...more] = positionals;
    if (more.length > 0 || (named !== undefined && values.url !== undefined)) {
      throw new Misuse('Name one server.');
    }
    const counts = {
      jobs: readWhole('--jobs', values.jobs, [1, 1_000_000]) ?? 50,
      cutAfter: readWhole('--cut-after', values['cut-after'], [1, 1_000_000]) ?? 6,
      seconds: readWhole('--seconds', values.seconds, [1, 1_000_000]) ?? 120,
    };
    return withServer(shell, { ...values, url: named ?? values.url }, (server) =>
      verify(shell, server, counts, values.json === true),
    );
  });
}

async function verify(
  shell: Shell,
  { client, url, headers }: Server,
  counts: Counts,
  json: boolean,
): Promise<number> {
  // First of all: the command fails at once when the server is away or refuses the key.
  await client.list({ limit: 1, signal: shell.interrupted });
  const plan = { ...counts, url, headers, json };
  const group = `verify-${nanoid()}`;
  const start = await cursorNow(plan, shell.interrupted);
  const deadline = AbortSignal.any([AbortSignal.timeout(plan.seconds * 1000), shell.interrupted]);
  const done = new AbortController();
  const runs = Object.entries(followers).map(([name, follow]) => {
    const check = new FactCheck();
    const stop = AbortSignal.any([deadline, done.signal]);
    return { name, check, cuts: keepFollowing(plan, follow, `group:${group}`, start, check, stop) };
  });
  try {
    const ids = await submitAll(plan, group, deadline);
    while (!deadline.aborted && runs.some(({ check }) => check.ended < ids.length)) await pause(50);
    // Whatever comes twice comes now.
    await pause(2 * pauseMs);
    done.abort();
    shell.interrupted.throwIfAborted();
    let wrong = 0;
    for (const { name, check, cuts } of runs) {
      const faults = check.faults(ids);
      wrong += sumOf(faults);
      const run = { transport: name, facts: check.facts, jobs: ids.length, cuts: await cuts };
      printLine(shell.out, json ? JSON.stringify(jsonOf(run, faults)) : lineOf(run, faults));
    }
    if (ids.length < plan.jobs) {
      printLine(
        shell.err,
        `Only ${ids.length} of ${plan.jobs} jobs could be submitted within ${plan.seconds} s; try fewer, or longer.`,
      );
    }
    return wrong === 0 && ids.length === plan.jobs ? exitCodes.ok : exitCodes.failed;
  } finally {
    done.abort();
    await Promise.all(runs.map(({ cuts }) => cuts));
  }
}

interface Run {
  readonly transport: string;
  readonly facts: number;
  readonly jobs: number;
  readonly cuts: number;
}

function jsonOf(run: Run, { lostEnds, ...faults }: Faults): object {
  return { type: 'transport', ...run, ...faults, lost_ends: lostEnds };
}

function lineOf(run: Run, { gaps, repeats, reorders, lostEnds }: Faults): string {
  return (
    `${run.transport}: ${run.facts} facts of ${run.jobs} jobs, ${run.cuts} cuts; ` +
    `${gaps} gaps, ${repeats} repeats, ${reorders} out of order, ${lostEnds} ends lost`
  );
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

async function cursorNow({ url, headers }: Plan, signal: AbortSignal): Promise<string> {
  const response = await fetch(`${url}/api/v1/events?topic=jobs&snapshot=false&wait=0`, {
    headers: { ...headers, accept: 'application/json' },
    signal,
  });
  if (!response.ok) throw await refusalOf(response);
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

/**
 * The id; undefined when it has to be sent again (under the same key, so that it makes one job). Throws an
 * `InkwireError` for a refusal that asking again does not change.
 */
async function submit(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<string | undefined> {
  let response: Response;
  try {
    response = await fetch(`${url}/api/v1/jobs`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body,
    });
    if (response.ok) {
      const answer = (await response.json()) as { data?: { job_id: string } };
      return answer.data?.job_id;
    }
  } catch {
    return undefined;
  }
  const refusal = await refusalOf(response);
  if (refusal.retryable) return undefined;
  throw refusal;
}

async function refusalOf(response: Response): Promise<InkwireError> {
  const body: unknown = await response.json().catch(() => undefined);
  return errorOf(response.status, body, response.headers.get('retry-after'));
}

function sumOf(faults: Faults): number {
  return faults.gaps + faults.repeats + faults.reorders + faults.lostEnds;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
