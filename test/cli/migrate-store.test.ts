import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runMigrateStore } from '../../src/cli/backup/migrate-store.js';
import { place } from '../../src/cli/backup/take.js';
import type { Engine } from '../../src/engine/engine.js';
import { openMemoryEngine } from '../../src/engine/memory/memory-engine.js';
import { openPostgresEngine } from '../../src/engine/postgres/postgres-engine.js';
import { openSharedBlobs } from '../../src/storage.js';
import { differenceOf } from '../contracts/differential.js';
import { aJob, anArtifact, aSubmission, start, started } from '../contracts/jobs-at-hand.js';
import { aKey } from '../contracts/keys.suite.js';
import { stored } from '../contracts/library.suite.js';
import { anEntry } from '../contracts/once.suite.js';
import { aSmallBlob, bytesOf, completeWith } from '../contracts/small-blobs.suite.js';
import { openIn } from '../engine/scratch.js';
import { usePostgres, withoutPostgres } from '../helpers/postgres-server.js';
import { useS3 } from '../helpers/s3-server.js';
import { scratchFolder, shell } from './shell-fixture.js';

const options = { fairness: { maxRunningPerOwner: 5, weights: {} } };
const owners = ['ann', 'bob', 'cem', 'constructor', 'alice'];

/** All that readers can see of a store. */
async function seen({ store, keys, library }: Engine): Promise<unknown> {
  const { epoch, last, trimmedTo } = await store.log();
  const lists = await Promise.all(owners.map((owner) => store.list({ owner, limit: 10_000 })));
  const groups = await Promise.all(owners.map((owner) => store.groups({ owner, limit: 100 })));
  const jobs = lists.flatMap((page) => page.jobs);
  const parts = await Promise.all(
    jobs.map(({ owner, id }) => store.artifacts({ owner, jobId: id, from: 0, limit: 100 })),
  );
  const inputs = await Promise.all(jobs.map(({ owner, id }) => store.input(owner, id)));
  const { facts } = await store.everyFact(trimmedTo, 100_000);
  const heads = await library.list({ collection: 'designs', limit: 100 });
  const depth = await store.depth();
  return {
    epoch,
    last,
    trimmedTo,
    jobs,
    groups,
    parts,
    inputs,
    facts,
    heads,
    depth,
    keys: await keys.list(),
  };
}

describe.skipIf(withoutPostgres).each(['a folder', 'a bucket'])('inkwire migrate-store to %s', (to) => {
  const server = usePostgres();
  const store = useS3();

  it('takes over everything that a server has, and its cursors', async () => {
    const folder = await scratchFolder();
    const directory = join(folder, 'data');
    const blobsDir = to === 'a folder' ? join(folder, 'blobs') : store().address;
    const { url } = server();
    const embedded = await openIn(directory, options);
    const reference = await openMemoryEngine(options);
    expect(await differenceOf({ reference, driver: embedded }, 7, 600)).toBeUndefined();
    await reference.close();
    const large = await embedded.blobs.put(Buffer.from('a large one'), 'scope');
    const small = aSmallBlob('s', 'a small one');
    for (let n = 0; n < 3; n += 1) {
      const job = aJob({ priority: 9 });
      await embedded.store.submit(
        aSubmission(job, { limits: { maxPending: 9_999, maxPendingPerOwner: 9_999 } }),
      );
    }
    const claims = (await started(embedded, 50, start)).filter(({ owner }) => owner === 'alice');
    const [first, second] = claims;
    if (first === undefined || second === undefined) throw new Error('Three were submitted');
    await completeWith(embedded, first, small);
    const result = { artifacts: [anArtifact(large)] };
    await embedded.store.apply(second.id, { type: 'complete', claim: 1, result }, start);
    await embedded.keys.put(aKey('aaaaaaaa'));
    await stored(embedded);
    const waiting = anEntry('a-key');
    await embedded.once.put(waiting, start);
    const before = await seen(embedded);
    await embedded.close();

    const it = shell(['--from', directory, '--to', url, '--blobs', blobsDir]);
    expect(await runMigrateStore(it)).toBe(0);
    const node = await openPostgresEngine({
      ...options,
      url,
      openBlobs: (readSmall) =>
        openSharedBlobs({ blobsDir, dataDir: join(folder, 'node'), blobCacheMb: 1 }, readSmall),
    });
    expect(await seen(node)).toEqual(before);
    expect((await bytesOf(node, large)).toString()).toBe('a large one');
    expect((await bytesOf(node, small.name)).toString()).toBe('a small one');
    expect(await node.once.take(waiting, start)).toBe(waiting.value);
    // Its counts are right: what ran goes back to the queue, and each owner is served up to the limit.
    await node.store.reclaimAbsent(start + 1e9);
    const pending = async (owner: string): Promise<number> =>
      (await node.store.list({ owner, status: 'pending', limit: 10_000 })).jobs.length;
    const counts = await Promise.all(owners.map(pending));
    expect((await node.store.depth()).pending).toBe(counts.reduce((sum, count) => sum + count, 0));
    const request = { worker: 'w', limit: 10_000, now: start + 1e12, leaseUntil: start + 2e12 };
    expect(await node.store.claim(request)).toHaveLength(
      counts.reduce((sum, count) => sum + Math.min(count, options.fairness.maxRunningPerOwner), 0),
    );
    await node.close();

    const again = shell(['--from', directory, '--to', url, '--blobs', blobsDir]);
    expect(await runMigrateStore(again)).toBe(1);
    expect(again.err.text).toContain('has data already');
  });
});

it('takes a file once more of which an earlier run, that was killed, has copied a part', async () => {
  const folder = await scratchFolder();
  const [source, target] = [join(folder, 'source'), join(folder, 'target')];
  await writeFile(source, 'a whole file');
  await writeFile(target, 'a who');
  expect(await place(source, target)).toBe('copied');
  expect(await readFile(target, 'utf8')).toBe('a whole file');
  const { mtimeMs } = await stat(target);
  expect(await place(source, target)).toBe('there');
  expect((await stat(target)).mtimeMs).toBe(mtimeMs);
});
