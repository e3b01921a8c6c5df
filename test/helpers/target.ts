import { readFile } from 'node:fs/promises';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { ProblemSlug } from '../../src/protocol/problem.js';
import { eventually } from './real-time.js';
import { type RunningServer, type ServerOptions, startServer } from './server.js';

/** A real server under attack, and a way to ask it. */
export interface Target {
  readonly server: RunningServer;
  ask(question: Question): Promise<Answered>;
  /** Submits a body and waits for the end of its job. */
  run(body: unknown): Promise<Record<string, unknown>>;
  /** Fails unless the server is ready, has logged no error, lost no more threads than that, and holds what it held before. */
  expectUnharmed(bounds?: { readonly maxRespawns?: number }): Promise<void>;
  close(): Promise<void>;
}

export interface Question {
  /** `POST` where there is a body, else `GET`. */
  readonly method?: string;
  readonly path: string;
  /** Replaces what is sent otherwise (key, content type); undefined leaves it out. */
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>;
  /** Bytes and texts as they are, anything else as JSON. */
  readonly body?: unknown;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  /** The JSON in it, or an empty object. */
  readonly json: Readonly<Record<string, unknown>>;
  readonly ms: number;
  /**
   * What the server's process spent meanwhile, all threads together: the same however busy the machine is. Whole hundredths
   * of a second, from Linux; elsewhere it is `ms`.
   */
  readonly processorMs: number;
  /** The part of the main thread, which answers everybody. From Linux, in fractions; elsewhere it is `ms`. */
  readonly mainMs: number;
}

export const alice = 'alice-token-0123456789';
export const bob = 'bob-token-0123456789';

/** More of the processor than this is an answer that cost more than its limits. */
export const answerMaxMs = 10_000;

/** Of a server whose `heldBytes` can be asked for. */
export const heldMemoryArgs: readonly string[] = [
  '--expose-gc',
  '--import',
  fileURLToPath(new URL('held-memory.mjs', import.meta.url)),
];
/**
 * What its main thread may hold more than at its start, after a collection: some 2 MB are code that has been used. One of the bodies that stays is 30 MB. Render threads have limits of their own, and are replaced.
 */
const maxGrowthBytes = 25_000_000;

export async function openTarget(options: ServerOptions = {}): Promise<Target> {
  const server = await startServer({
    ...options,
    nodeArgs: heldMemoryArgs,
    env: { INKWIRE_KEYS: `alice=${alice},bob=${bob}`, INKWIRE_WORKERS: '2', ...options.env },
  });
  const heldBefore = await heldBytes(server);
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const ask = async (question: Question): Promise<Answered> => {
    const [processorBefore, mainBefore] = [await spentMs(server.pid), await mainSpentMs(server.pid)];
    const answer = await send(server.port, agent, question);
    const [processor, main] = [await spentMs(server.pid), await mainSpentMs(server.pid)];
    return {
      ...answer,
      processorMs: difference(processorBefore, processor) ?? answer.ms,
      mainMs: difference(mainBefore, main) ?? answer.ms,
    };
  };
  return {
    server,
    ask,
    async run(body) {
      const submitted = await ask({ path: '/api/v1/jobs', body, headers: { prefer: 'wait=60' } });
      expect(submitted.status, submitted.bytes.toString('utf8', 0, 500)).toBe(201);
      return dataOf(submitted);
    },
    async expectUnharmed({ maxRespawns = 0 } = {}) {
      const readiness = await ask({ path: '/readyz' });
      expect(readiness.status, readiness.bytes.toString()).toBe(200);
      expect(errorsIn(server.log())).toEqual([]);
      const metrics = (await ask({ path: '/metrics' })).bytes.toString();
      expect(figure(metrics, 'inkwire_render_respawns_total')).toBeLessThanOrEqual(maxRespawns);
      const growth = (await heldBytes(server)) - heldBefore;

      expect(growth).toBeLessThan(maxGrowthBytes);
    },
    async close() {
      agent.destroy();
      await server.stop();
    },
  };
}

/** What the main thread holds after a collection. */
export async function heldBytes({ pid, log }: RunningServer): Promise<number> {
  const told = () => log().match(/^held \d+$/gm) ?? [];
  const before = told().length;
  process.kill(pid, 'SIGUSR2');
  await eventually('the server says what it holds', () => told().length > before);
  return Number(told().at(-1)?.slice('held '.length));
}

/** Fails unless an answer is this problem, for a price that is bounded. `pointer`: one of the members that a 422 names. */
export function expectProblem(
  answer: Answered,
  status: number,
  slug: ProblemSlug,
  pointer?: string,
  maxMs = answerMaxMs,
): void {
  const text = answer.bytes.toString('utf8', 0, 1_000);
  expect(answer.status, text).toBe(status);
  expect(answer.headers['content-type'], text).toBe('application/problem+json');
  const { type, title, detail, status: told, request_id: id, errors } = answer.json;
  expect(String(type).split('/').at(-1), text).toBe(slug);
  expect(told).toBe(status);
  expect(title).toEqual(expect.any(String));
  expect(detail).toEqual(expect.any(String));
  expect(id).toBe(answer.headers['x-request-id']);
  if (pointer !== undefined) expect(pointersOf(errors), text).toContain(pointer);
  expect(answer.processorMs).toBeLessThan(maxMs);
}

function pointersOf(errors: unknown): readonly unknown[] {
  return Array.isArray(errors) ? errors.map((error: { pointer?: unknown }) => error.pointer) : [];
}

export function dataOf(answer: Answered): Record<string, unknown> {
  return answer.json.data as Record<string, unknown>;
}

/** Lines of the log at level `error` and above. */
export function errorsIn(log: string): readonly string[] {
  return log.split('\n').filter((line) => Number(/"level":(\d+)/.exec(line)?.[1] ?? 0) >= 50);
}

/** @param name with its labels, as the text format has them */
export function figure(metrics: string, name: string): number {
  const line = metrics.split('\n').find((one) => one.startsWith(`${name} `));
  if (line === undefined) throw new Error(`There is no metric ${name}`);
  return Number(line.slice(name.length + 1));
}

/** Milliseconds of the processor that a process has had, or nothing where the system does not tell as Linux does. */
async function spentMs(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The name of the program may hold spaces and ends with the last bracket. Linux counts hundredths of a second.
  const [user, system] =
    stat
      ?.slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13)
      .map(Number) ?? [];
  return user === undefined || system === undefined ? undefined : (user + system) * 10;
}

/** Likewise of the main thread alone, whose number is the process's. */
async function mainSpentMs(pid: number): Promise<number | undefined> {
  const told = await readFile(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').catch(() => undefined);
  return told === undefined ? undefined : Number(told.split(' ', 1)[0]) / 1e6;
}

function difference(before: number | undefined, after: number | undefined): number | undefined {
  return before === undefined || after === undefined ? undefined : after - before;
}

type Sent = Omit<Answered, 'processorMs' | 'mainMs'>;

function send(port: number, agent: Agent, question: Question): Promise<Sent> {
  const { path, body } = question;
  const bytes = body === undefined ? undefined : bytesOf(body);
  const given = {
    authorization: `Bearer ${alice}`,
    ...(bytes === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': String(bytes.length) }),
    ...question.headers,
  };
  const headers = Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const method = question.method ?? (bytes === undefined ? 'GET' : 'POST');
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    const asked = request({ port, host: '127.0.0.1', agent, method, path, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        const received = Buffer.concat(chunks);
        const ms = performance.now() - startedAt;
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          bytes: received,
          json: jsonIn(received, answer.headers['content-type']),
          ms,
        });
      });
    });
    asked.on('error', reject);
    asked.end(bytes);
  });
}

function bytesOf(body: unknown): Buffer {
  if (body instanceof Uint8Array) return Buffer.from(body);
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

function jsonIn(bytes: Buffer, type: string | undefined): Readonly<Record<string, unknown>> {
  return /[/+]json/.test(type ?? '') ? (JSON.parse(bytes.toString()) as Record<string, unknown>) : {};
}
