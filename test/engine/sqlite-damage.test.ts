import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openOptions } from '../contracts/engine.suite.js';
import { aJob, aSubmission } from '../contracts/jobs-at-hand.js';
import { openIn, useScratchData } from './scratch.js';

const pageBytes = 4096;
const data = useScratchData(openOptions);

test('D21 a store that has met a broken page is not ready any more, and says so by its code', async () => {
  const before = await openIn(data.directory, openOptions);
  const jobs = Array.from({ length: 400 }, () => aJob({ title: 'x'.repeat(500) }));
  await Promise.all(jobs.map((job) => before.store.submit(aSubmission(job))));
  await before.store.ping();
  await before.close();
  // The pages of one job, which a start does not read.
  const path = join(data.directory, 'inkwire.db');
  const database = await readFile(path);
  const broken = jobs[200]?.id ?? '';
  let pages = 0;
  for (let at = 0; at < database.length; at += pageBytes) {
    const page = database.subarray(at, at + pageBytes);
    if (!page.includes(broken) || !page.includes('x'.repeat(400))) continue;
    page.fill(0xa5);
    pages += 1;
  }
  expect(pages).toBeGreaterThan(0);
  await writeFile(path, database);
  const after = await openIn(data.directory, openOptions);
  try {
    await after.store.ping();
    await expect(after.store.get('alice', broken)).rejects.toMatchObject({ code: 'SQLITE_CORRUPT' });
    await expect(after.store.ping()).rejects.toMatchObject({
      code: expect.stringMatching(/^SQLITE_CORRUPT/),
    });
  } finally {
    await after.close();
  }
});
