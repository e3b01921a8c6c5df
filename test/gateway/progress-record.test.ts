import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Fact } from '../../src/engine/engine.js';
import type { Job } from '../../src/jobs/job.js';
import { recordOf } from '../../src/jobs/record.js';
import type { FactType } from '../../src/protocol/fact.js';
import { start, submitted } from '../contracts/jobs-at-hand.js';
import { filter } from '../helpers/a-fact.js';
import { FakeSink } from '../helpers/fake-sink.js';
import { type GatewayRig, openGatewayRig, scheduler } from '../helpers/gateway-rig.js';
import { startedJob, tellProgress } from '../helpers/job-steps.js';

/** Facts that leave an attempt running: there is none yet, so a hint brings one that the store knows nothing of. */

let rig: GatewayRig;
let sink: FakeSink;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout', 'performance'] });
  rig = await openGatewayRig();
  sink = new FakeSink('ws');
  const subscriber = rig.gateway.connect(sink, { owner: 'alice', keyId: 'k', address: '127.0.0.1' });
  if (subscriber === undefined) throw new Error('There was no room');
  sink.subscriber = subscriber;
  await rig.gateway.subscribe(subscriber, 's1', filter({ snapshot: false }));
  await scheduler();
});
afterEach(async () => {
  expect(rig.errors).toEqual([]);
  await rig.close();
  vi.useRealTimers();
});

/** Takes the place of the fact of another job's submit. */
async function tellOf(job: Job, type: FactType): Promise<void> {
  const { id: jobId, owner, kind, rev } = job;
  rig.bus.pass = (hint) => {
    const fact: Fact = { seq: hint.last, at: start, type, owner, jobId, kind, rev, record: text };
    return { ...hint, facts: [fact] };
  };
  const text = JSON.stringify(recordOf(job));
  await submitted(rig.engine, { owner: 'bob' });
  rig.bus.pass = (hint) => hint;
}

test('P-3 P-4 progress that waits for its pace survives such a fact, and goes out with the newer record', async () => {
  const job = await startedJob(rig.engine);
  tellProgress(rig.engine, job, 0.2);
  await vi.advanceTimersByTimeAsync(25);
  await scheduler();
  tellProgress(rig.engine, job, 0.5);
  await tellOf({ ...job, rev: 3, pages: 7 }, 'job.produced' as FactType);
  await vi.advanceTimersByTimeAsync(200);
  await scheduler();
  expect(sink.of('progress').map(({ progress }) => progress)).toMatchObject([
    { job: { rev: 2, progress: 20 } },
    // With the older record a client would have to drop it (P-61).
    { job: { rev: 3, pages: 7, progress: 50 } },
  ]);
});

test('P-4 progress that waits for its pace goes with a fact that ends the attempt', async () => {
  const job = await startedJob(rig.engine);
  tellProgress(rig.engine, job, 0.2);
  await vi.advanceTimersByTimeAsync(25);
  await scheduler();
  tellProgress(rig.engine, job, 0.5);
  await tellOf({ ...job, rev: 3, status: 'pending' }, 'job.requeued');
  await vi.advanceTimersByTimeAsync(200);
  await scheduler();
  expect(sink.of('progress')).toHaveLength(1);
});
