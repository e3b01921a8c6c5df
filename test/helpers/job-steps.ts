import type { Engine } from '../../src/engine/engine.js';
import type { Job } from '../../src/jobs/job.js';
import { claimOf } from '../../src/jobs/transition.js';
import { start, startJobs, submitted } from '../contracts/jobs-at-hand.js';

/** One step in the life of the jobs of an engine, each with its fact. */

export async function startedJob(engine: Engine, change: Partial<Job> = {}): Promise<Job> {
  await submitted(engine, change);
  const [job] = await startJobs(engine, { worker: 'w', limit: 1, now: start, leaseUntil: start + 60_000 });
  if (job === undefined) throw new Error('Nothing was ready');
  return job;
}

export async function complete(engine: Engine, job: Job): Promise<void> {
  await apply(engine, job.id, { type: 'complete', claim: claimOf(job), result: { artifacts: [] } });
}

export async function cancel(engine: Engine, id: string): Promise<void> {
  await apply(engine, id, { type: 'cancel' });
}

export async function remove(engine: Engine, id: string): Promise<void> {
  await apply(engine, id, { type: 'delete' });
}

export function tellProgress(engine: Engine, job: Job, ratio: number): void {
  engine.bus.publishProgress({
    jobId: job.id,
    owner: job.owner,
    kind: job.kind,
    attempt: job.attempt,
    ratio,
    phase: 'drawing',
    ...(job.group === undefined ? {} : { group: job.group }),
  });
}

async function apply(
  engine: Engine,
  id: string,
  command: Parameters<Engine['store']['apply']>[1],
): Promise<void> {
  const outcome = await engine.store.apply(id, command, start);
  if (!outcome.ok) throw new Error(`${command.type} was refused: ${outcome.refusal}`);
}
