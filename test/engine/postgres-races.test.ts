import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import { claimOf } from '../../src/jobs/transition.js';
import { openOptions } from '../contracts/engine.suite.js';
import { aJob, aSubmission, hour, start, submitted } from '../contracts/jobs-at-hand.js';
import { anEntry } from '../contracts/once.suite.js';
import { usePostgres, withoutPostgres } from '../helpers/postgres-server.js';
import { aService } from './postgres-fixture.js';

/** `npm run crash:races` makes groups of three hundred jobs, and has an owner with a thousand; the suite has few. */
const groupJobs = Number(process.env.GROUP_JOBS ?? 6);
const manyJobs = Number(process.env.OWNER_JOBS ?? 40);

/** What happens once, asked for at several nodes in the same moment, as often as it takes to find a gap. */
describe.skipIf(withoutPostgres)('at several nodes in the same moment', () => {
  const server = usePostgres();
  const nodes: Engine[] = [];
  let remove: () => Promise<void>;
  beforeAll(async () => {
    const service = await aService(server());
    remove = service.remove;
    while (nodes.length < 3) nodes.push(await service.open(openOptions));
  });
  afterAll(async () => {
    for (const node of nodes) await node.close();
    await remove();
  });

  /** So many times, some of them side by side, so that commits hold several. */
  async function times(
    count: number,
    act: (n: number) => Promise<void>,
    besideEachOther = 20,
  ): Promise<void> {
    for (let from = 0; from < count; from += besideEachOther)
      await Promise.all(
        Array.from({ length: Math.min(besideEachOther, count - from) }, (_, at) => act(from + at)),
      );
  }

  it('a ticket is taken once, 1,000 times', async () => {
    const taken: number[] = [];
    await times(1_000, async (n) => {
      const key = `ticket-${n}`;
      await nodes[n % 3]?.once.put(anEntry(key), start);
      const place = { collection: 'tickets', key };
      const answers = await Promise.all(nodes.slice(0, 2).map(({ once }) => once.take(place, start)));
      taken.push(answers.filter((value) => value !== undefined).length);
    });
    expect(taken).toEqual(Array.from({ length: 1_000 }, () => 1));
  });

  it('a submit under one key makes one job, 1,000 times', async () => {
    const outcomes: string[] = [];
    const ids = new Set<string>();
    await times(1_000, async (n) => {
      const idempotency = { key: `key-${n}`, fingerprint: 'f', expiresAt: start + hour };
      const answers = await Promise.all(
        nodes.map(({ store }) => store.submit(aSubmission(aJob({ owner: 'keys' }), { idempotency }))),
      );
      outcomes.push(
        answers
          .map(({ type }) => type)
          .sort()
          .join(' '),
      );
      const made = new Set(answers.map((answer) => ('job' in answer ? answer.job.id : answer.type)));
      for (const id of made) ids.add(id);
    });
    expect(new Set(outcomes)).toEqual(new Set(['created replayed replayed']));
    expect(ids.size).toBe(1_000);
    const { facts } = await readAll('keys');
    expect(facts.map(({ jobId }) => jobId).sort()).toEqual([...ids].sort());
  });

  it(
    `a group of ${groupJobs} that three workers end is told to be complete once, after its last fact, 200 times`,
    async () => {
      const groups = 200;
      const atOnce = Math.max(3, groupJobs / 6);
      await times(
        groups,
        async (n) => {
          const owner = `groups-${n}`;
          await Promise.all(
            Array.from({ length: groupJobs }, (_, at) =>
              submitted(nodeOf(at), { owner, group: 'all', readyAt: start }),
            ),
          );
          // What a claim gives is of any owner: each worker ends what it got, until this group is over.
          while (!(await isOver(owner))) {
            await Promise.all(
              nodes.map(async ({ store }, at) => {
                const worker = `worker-${at}`;
                const claimed = await store.claim({
                  worker,
                  limit: atOnce,
                  now: start,
                  leaseUntil: start + hour,
                });
                await Promise.all(
                  claimed.map(async ({ job }) => {
                    const claim = claimOf(job);
                    await store.apply(job.id, { type: 'start', claim }, start);
                    const result = { artifacts: [] };
                    const outcome = await store.apply(job.id, { type: 'complete', claim, result }, start);
                    if (!outcome.ok) throw new Error(outcome.refusal);
                  }),
                );
              }),
            );
          }
        },
        Math.ceil(120 / groupJobs),
      );
      for (let n = 0; n < groups; n += 1) {
        const { facts } = await readAll(`groups-${n}`);
        const types = facts.map(({ type }) => type);
        expect(types.filter((type) => type === 'group.completed')).toHaveLength(1);
        expect(types.at(-1)).toBe('group.completed');
        expect(types.filter((type) => type === 'job.completed')).toHaveLength(groupJobs);
      }
    },
    240_000 + groupJobs * 3_000,
  );

  it('owners take turns, and none has more running than it may, as the log tells', async () => {
    const cap = 2;
    const service = await aService(server());
    const fairness = { ...openOptions.fairness, maxRunningPerOwner: cap };
    const own: Engine[] = [];
    while (own.length < 3) own.push(await service.open({ ...openOptions, fairness }));
    try {
      const waiting = { many: manyJobs, few: 8, some: 8 };
      await Promise.all(
        Object.entries(waiting).flatMap(([owner, count]) =>
          Array.from({ length: count }, (_, n) => submitted(own[n % 3] ?? nodeOf(0), { owner })),
        ),
      );
      const work = async ({ store }: Engine, worker: string): Promise<void> => {
        while ((await store.depth()).pending > 0) {
          const claimed = await store.claim({ worker, limit: 1, now: start, leaseUntil: start + hour });
          for (const { job } of claimed) {
            const claim = claimOf(job);
            await store.apply(job.id, { type: 'start', claim }, start);
            await store.apply(job.id, { type: 'complete', claim, result: { artifacts: [] } }, start);
          }
        }
      };
      await Promise.all(own.map((node, n) => work(node, `worker-${n}`)));
      const { facts } = await nodeOf(0, own).store.everyFact(0, 10_000);
      const running = new Map<string, number>();
      const starts: string[] = [];
      for (const { type, owner } of facts) {
        const change = type === 'job.started' ? 1 : type === 'job.completed' ? -1 : 0;
        if (change === 1) starts.push(owner);
        running.set(owner, (running.get(owner) ?? 0) + change);
        expect(running.get(owner)).toBeLessThanOrEqual(cap);
      }
      expect(starts).toHaveLength(manyJobs + 16);
      // By then each of the three has had eight turns; three are under way at once.
      for (const owner of ['few', 'some']) expect(starts.lastIndexOf(owner)).toBeLessThan(24 + 3);
    } finally {
      for (const node of own) await node.close();
      await service.remove();
    }
  });

  function nodeOf(at: number, among = nodes): Engine {
    const node = among[at % among.length];
    if (node === undefined) throw new Error('There are nodes only while a test runs');
    return node;
  }

  function readAll(owner: string) {
    return nodeOf(0).store.facts({ owner, after: 0, limit: 10_000 });
  }

  async function isOver(owner: string): Promise<boolean> {
    const group = await nodeOf(0).store.group(owner, 'all');
    return group !== undefined && group.pending + group.running === 0;
  }
});
