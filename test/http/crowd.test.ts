import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AppServer, alice, startAppServer } from '../helpers/app-server.js';
import { Caller } from '../helpers/caller.js';

/** Jobs of one group, three of which fail; `npm run crowd` has 5,000. */
const count = Number(process.env.CROWD ?? 150);
const failing = 3;
const group = 'night';
/** Fails at once: there is no document behind its header. */
const broken = { kind: 'extract_text', pdf_data: btoa('%PDF-1.7 and nothing else') };
const letter = { operations: [{ type: 'add_text', text: 'A letter' }], title: 'Letter' };

interface Group {
  readonly jobs: number;
  readonly completed: number;
  readonly failed: number;
  readonly progress: number;
}

let server: AppServer;
let caller: Caller;
beforeAll(async () => {
  server = await startAppServer({ INKWIRE_RATE_LIMIT: '0' });
  caller = new Caller(server.url, alice);
});
afterAll(() => server.close());

test('a group has a ZIP with a name of its own for each file, and what failed is tried again alone', async () => {
  let next = 0;
  const failed: string[] = [];
  const work = Array.from({ length: 16 }, async () => {
    for (let number = next++; number < count; number = next++) {
      const fails = number % Math.floor(count / failing) === 7 && failed.length < failing;
      if (fails) failed.push('');
      const { job_id } = await caller.submit({
        ...(fails ? broken : letter),
        ...(fails && { operations: undefined }),
        group,
      });
      if (fails) failed[failed.indexOf('')] = job_id;
    }
  });
  await Promise.all(work);
  const state = () => caller.data<Group>(`/api/v1/groups/${group}`);
  await expect.poll(async () => (await state()).progress).toBe(100);
  expect(await state()).toMatchObject({ jobs: count, completed: count - failing, failed: failing });

  const zip = Buffer.from(await (await caller.ask(`/api/v1/groups/${group}/files.zip`)).arrayBuffer());
  const names = namesIn(zip);
  expect(names).toHaveLength(count - failing);
  expect(new Set(names).size).toBe(names.length);

  await caller.post(`/api/v1/bulk/retry?status=failed&group=${group}`, {});
  await expect.poll(async () => (await state()).failed).toBe(2 * failing);
  const { jobs } = await caller.data<{ jobs: readonly { retry_of?: string }[] }>(
    `/api/v1/jobs?group=${group}&limit=${failing}`,
  );
  expect(jobs.map(({ retry_of }) => retry_of).sort()).toEqual([...failed].sort());
  expect((await state()).jobs).toBe(count + failing);
});

/** Of the entries in its directory, which stands at its end. */
function namesIn(zip: Buffer): readonly string[] {
  const names: string[] = [];
  for (let at = zip.indexOf('PK\x01\x02'); at !== -1; at = zip.indexOf('PK\x01\x02', at + 46))
    names.push(zip.toString('utf8', at + 46, at + 46 + zip.readUInt16LE(at + 28)));
  return names;
}
