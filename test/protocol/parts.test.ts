import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { claimOf } from '../../src/jobs/transition.js';
import { anArtifact, blobName, start } from '../contracts/jobs-at-hand.js';
import { complete, startedJob, tellProgress } from '../helpers/job-steps.js';
import { openPushServer, type PushServer } from '../helpers/push-server.js';
import { streamClients } from '../helpers/stream-client.js';

/** What a follower hears of a job that makes files before it ends. */
let server: PushServer;
beforeAll(async () => {
  server = await openPushServer();
});
afterAll(() => server.close());

describe.each(streamClients)('over $transport', (client) => {
  test('P-8 each batch of artifacts is one fact that says which they are; progress goes on', async () => {
    const { engine } = server.rig;
    const job = await startedJob(engine);
    const after = `${(await engine.store.log()).epoch}-0`;
    const produce = (from: number, to: number) => {
      const artifacts = Array.from({ length: to - from }, (_, index) => ({
        ...anArtifact(blobName(`${job.id}-${from + index}`, 'd')),
        name: `${from + index}.pdf`,
      }));
      return engine.store.apply(job.id, { type: 'produce', claim: claimOf(job), parts: artifacts }, start);
    };
    const topics = [`job:${job.id}`];
    const stream = client.open(server.url, { token: server.token, topics, after });
    await produce(0, 2);
    expect((await stream.facts(3)).map(({ type }) => type)).toEqual([
      'job.created',
      'job.started',
      'job.produced',
    ]);
    tellProgress(engine, job, 0.5);
    await produce(2, 120);
    await complete(engine, { ...job, rev: job.rev + 2 });
    const facts = await stream.facts(2);
    expect(facts.map(({ type }) => type)).toEqual(['job.produced', 'job.completed']);
    expect(facts[0]).toMatchObject({ job: { artifact_count: 120, produced: { from: 2, to: 120 }, rev: 4 } });
    expect(facts[1]).toMatchObject({ job: { artifact_count: 120, rev: 5 } });
    expect(facts[1]?.job).not.toHaveProperty('produced');
    stream.close();
  });
});
