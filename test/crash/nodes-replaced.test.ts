import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DiskBlobs } from '../../src/engine/disk-blobs.js';
import type { Fact } from '../../src/engine/engine.js';
import { openPostgresEngine } from '../../src/engine/postgres/postgres-engine.js';
import { isTerminalFact } from '../../src/protocol/fact.js';
import { isTerminal, type JobStatus } from '../../src/protocol/job-record.js';
import { openOptions } from '../contracts/engine.suite.js';
import { usePostgres, withoutPostgres } from '../helpers/postgres-server.js';
import { eventually } from '../helpers/real-time.js';
import { type RovingWatcher, startRovingWatcher } from '../helpers/roving-watcher.js';
import type { RunningServer } from '../helpers/server.js';
import { startServiceNode } from '../helpers/service-node.js';

const roles = ['gateway', 'gateway', 'worker', 'worker'] as const;
const callers = 6;

interface Answer {
  readonly job_id: string;
  readonly status: JobStatus;
}

/** As an upgrade does it: one after the other is asked to end, and another one begins in its place. */
describe.skipIf(withoutPostgres)('nodes that are replaced under load', () => {
  const database = usePostgres({ durable: true });
  let folder: string;
  const nodes: RunningServer[] = [];
  const accepted: string[] = [];
  /** Answers that no caller has to expect. */
  const surprises: string[] = [];
  const exits: (number | null)[] = [];
  let watcher: RovingWatcher;
  let facts: readonly Fact[] = [];

  const startNode = (at: number): Promise<RunningServer> =>
    startServiceNode({ databaseUrl: database().url, folder, at, role: roles[at], before: nodes[at] });
  const gateways = (): readonly string[] => nodes.slice(0, 2).map(({ url }) => url);

  /** A server that ends closes connections at rest, upon which a request may be on its way: clients ask again then. */
  const resets: readonly unknown[] = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'];

  /** One request to the next gateway. Where nobody listens, a balancer would have asked another one. */
  async function ask(at: number, path: string, init: RequestInit): Promise<Answer | undefined> {
    try {
      const answer = await fetch(`${gateways()[at % 2]}${path}`, init);
      const { data } = JSON.parse(await answer.text());
      if (answer.ok) return data;
      if (answer.status !== 503 || answer.headers.get('retry-after') === null)
        surprises.push(`${path} ${answer.status}`);
    } catch (error) {
      const { code } = Object(error instanceof Error ? error.cause : undefined);
      if (!resets.includes(code)) surprises.push(`${path} ${code} ${error}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
    return undefined;
  }

  /** Submits a job and waits for its end, each request at the other gateway. */
  async function oneJob(first: number): Promise<void> {
    const headers = { 'content-type': 'application/json', 'idempotency-key': randomUUID() };
    const body = JSON.stringify({ operations: [{ type: 'add_text', text: 'A letter' }] });
    let at = first;
    let job: Answer | undefined;
    for (; job === undefined; at += 1) job = await ask(at, '/api/v1/jobs', { method: 'POST', headers, body });
    accepted.push(job.job_id);
    let status: JobStatus = 'pending';
    for (; !isTerminal(status); at += 1) {
      const path = `/api/v1/jobs/${job.job_id}`;
      status = (await ask(at, path, { headers: { prefer: 'wait=2' } }))?.status ?? status;
    }
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inkwire-replaced-'));
    nodes.push(...(await Promise.all([...roles.keys()].map(startNode))));
    watcher = startRovingWatcher(gateways, 0);
    await eventually('the watcher is there', () => watcher.connections > 0);
    let isOver = false;
    const load = Array.from({ length: callers }, async (_, at) => {
      for (let asked = at; !isOver; asked += 1) await oneJob(asked);
    });
    for (const at of roles.keys()) {
      const before = accepted.length;
      await eventually('jobs are taken', () => accepted.length > before + 8);
      exits.push((await nodes[at]?.stop()) ?? null);
      nodes[at] = await startNode(at);
    }
    isOver = true;
    await Promise.all(load);
    const engine = await openPostgresEngine({
      ...openOptions,
      url: database().url,
      isGateway: false,
      openBlobs: (readSmall) => DiskBlobs.open(join(folder, 'blobs'), readSmall),
    });
    await eventually('every job has ended', async () => {
      const { pending, running } = await engine.store.depth();
      return pending + running === 0;
    });
    ({ facts } = await engine.store.everyFact(0, 100_000));
    await engine.close();
    await eventually('the watcher has heard all', () => watcher.events.length >= facts.length);
  }, 600_000);
  afterAll(async () => {
    await watcher?.stop();
    await Promise.all(nodes.map((node) => node.stop()));
    await rm(folder, { recursive: true, force: true });
  });

  it('end in order', () => {
    expect(exits).toEqual(roles.map(() => 0));
  });

  it('refuse no request but by 503 with Retry-After', () => {
    expect(surprises).toEqual([]);
  });

  it('make every accepted job, once more only where a worker that ended has handed it back', () => {
    const types = new Map(accepted.map((id) => [id, [] as string[]]));
    for (const { jobId, type } of facts) types.get(jobId)?.push(type);
    for (const [id, own] of types) {
      const [starts, handedBack] = ['job.started', 'job.requeued'].map(
        (sought) => own.filter((type) => type === sought).length,
      );
      expect([id, starts]).toEqual([id, 1 + (handedBack ?? 0)]);
      expect([id, own.at(-1)]).toEqual([id, 'job.completed']);
    }
    expect(facts.filter(({ type }) => isTerminalFact(type)).length).toBe(accepted.length);
  });

  it('are one service to a watcher that goes on at another one', () => {
    expect(watcher.events).toEqual(facts.map(({ type, jobId, rev }) => ({ type, jobId, rev })));
    expect(watcher.resets).toBe(0);
    expect(watcher.connections).toBeGreaterThan(1);
  });
});
