import { appendFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { InkwireError } from '../../client/sdk/error.js';
import { runBatch } from '../../src/cli/batch/batch.js';
import { Persistence } from '../../src/cli/batch/persistence.js';
import { type AppServer, alice, startAppServer } from '../helpers/app-server.js';
import { Caller } from '../helpers/caller.js';
import { aMoment, endless } from '../helpers/long-documents.js';
import { screenOf } from './screen.js';
import { type KeptShell, page, scratchFolder, shell, writeJson } from './shell-fixture.js';

describe('inkwire batch', () => {
  let server: AppServer;
  let caller: Caller;
  let root: string;
  let folder: string;
  let out: string;
  let batch = 0;
  beforeAll(async () => {
    root = await scratchFolder();
    server = await startAppServer();
    caller = new Caller(server.url, alice);
  });
  afterAll(() => server.close());
  beforeEach(async () => {
    batch += 1;
    folder = join(root, `in-${batch}`);
    out = join(root, `out-${batch}`);
    await mkdir(folder);
  });

  const run = async (
    args: readonly string[] = [],
    more: Parameters<typeof shell>[2] = {},
  ): Promise<KeptShell & { readonly code: number }> => {
    const it = shell([folder, '-o', out, ...args], { INKWIRE_URL: server.url, INKWIRE_KEY: alice }, more);
    return Object.assign(it, { code: await runBatch(it) });
  };
  const documents = async (amount: number): Promise<void> => {
    for (let at = 1; at <= amount; at += 1)
      await writeJson(join(folder, `d${at}.json`), page(`Document ${at}`));
  };
  const outcomes = (it: KeptShell): readonly (string | undefined)[] =>
    it.out.lines.slice(0, -1).map((line) => line.split('\t').slice(0, 2).join(' '));
  const jobs = async (group: string): Promise<readonly { readonly job_id: string }[]> =>
    (await caller.data<{ jobs: readonly { job_id: string }[] }>(`/api/v1/jobs?group=${group}&limit=200`))
      .jobs;

  it('makes one file of each document, of the same base name', async () => {
    await documents(12);
    await writeFile(join(folder, 'notes.txt'), 'not a document');
    const it = await run(['--name', 'twelve', '--concurrency', '5']);
    expect(it.code).toBe(0);
    expect((await readdir(out)).filter((name) => name.endsWith('.pdf'))).toHaveLength(12);
    expect(await readdir(out)).not.toContain('notes.pdf');
    expect((await readFile(join(out, 'd7.pdf'))).subarray(0, 5).toString()).toBe('%PDF-');
    expect(it.out.lines.at(-1)).toMatch(/^12 documents: 12 saved \(/);
    expect(await jobs('twelve')).toHaveLength(12);
  });

  it('a second run asks for nothing that lies there unchanged', async () => {
    await documents(3);
    await run(['--name', 'again']);
    const second = await run(['--name', 'again', '--concurrency', '1']);
    expect(second.code).toBe(0);
    expect(outcomes(second)).toEqual(['present d1.json', 'present d2.json', 'present d3.json']);
    expect(await jobs('again')).toHaveLength(3);
  });

  it('makes anew what was changed, removed or damaged, and nothing else', async () => {
    await documents(4);
    await run(['--name', 'changed']);
    await writeJson(join(folder, 'd1.json'), page('Another text'));
    await rm(join(out, 'd2.pdf'));
    await appendFile(join(out, 'd3.pdf'), 'x');
    const second = await run(['--name', 'changed', '--concurrency', '1']);
    expect(outcomes(second)).toEqual(['saved d1.json', 'saved d2.json', 'saved d3.json', 'present d4.json']);
    // Only the changed document is another job: the results of the others are fetched again.
    expect(await jobs('changed')).toHaveLength(5);
  });

  it('finds its jobs again without the list that it keeps, as after a crash', async () => {
    await documents(3);
    await run(['--name', 'lost']);
    await rm(join(out, '.inkwire-batch.jsonl'));
    await rm(join(out, 'd2.pdf'));
    const second = await run(['--name', 'lost', '--concurrency', '1']);
    expect(outcomes(second)).toEqual(['present d1.json', 'saved d2.json', 'present d3.json']);
    expect(await jobs('lost')).toHaveLength(3);
  });

  it('takes no harm from a list whose last line was cut off', async () => {
    await documents(2);
    await run(['--name', 'cut']);
    const list = join(out, '.inkwire-batch.jsonl');
    await writeFile(list, (await readFile(list, 'utf8')).slice(0, -20));
    expect((await run(['--name', 'cut'])).code).toBe(0);
    const lines = (await readFile(list, 'utf8')).trimEnd().split('\n');
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ output: expect.stringMatching(/^d[12]\.pdf$/) });
  });

  it('goes on after an interruption, and waits for what is under way', async () => {
    await writeJson(join(folder, 'long.json'), aMoment);
    await documents(2);
    const it = shell([folder, '-o', out, '--name', 'stopped', '--priority=-2'], {
      INKWIRE_URL: server.url,
      INKWIRE_KEY: alice,
    });
    const ended = runBatch(it);
    await it.out.shows(/^saved/m);
    it.interrupt();
    expect(await ended).toBe(130);
    expect(it.err.text).toContain(`inkwire batch ${folder} -o ${out} --name=stopped --priority=-2`);
    expect((await readdir(out)).filter((name) => name.endsWith('.part'))).toEqual([]);
    expect((await run(['--name', 'stopped', '--priority=-2'])).code).toBe(0);
    expect(await jobs('stopped')).toHaveLength(3);
  });

  it('ends when OUT cannot be written, and says how to go on', async () => {
    await documents(2);
    await mkdir(join(out, 'd1.pdf'), { recursive: true });
    const it = await run(['--name', 'blocked']);
    expect(it.code).toBe(1);
    expect(it.err.text).toContain(`${join(out, 'd1.pdf')} cannot be written: it is a folder.`);
    expect(it.err.text).toContain(`  inkwire batch ${folder} -o ${out} --name=blocked`);
  });

  it('tells of each document that failed and why, makes the others, and ends with 1', async () => {
    await documents(2);
    await writeFile(join(folder, 'broken.json'), '{');
    await writeJson(join(folder, 'wrong.json'), { operations: [{ type: 'nope' }] });
    const it = await run(['--concurrency', '1']);
    expect(it.code).toBe(1);
    expect(outcomes(it).filter((line) => !line?.startsWith(' '))).toEqual([
      'failed broken.json',
      'saved d1.json',
      'saved d2.json',
      'failed wrong.json',
    ]);
    expect(it.out.text).toContain('/operations/0/type');
    expect(it.out.lines.at(-1)).toMatch(/^4 documents: 2 saved, 2 failed/);
  });

  it('makes anew what was cancelled, once in each run', async () => {
    // It waits behind this one until it is cancelled.
    const { job_id: first } = await caller.submit(endless);
    await writeJson(join(folder, 'd1.json'), { ...page(), group: 'kept' });
    const it = shell([folder, '-o', out, '--name', 'c'], { INKWIRE_URL: server.url, INKWIRE_KEY: alice });
    const cursor = await caller.cursor();
    const ended = runBatch(it);
    const { events } = await caller.data<{ events: readonly { job: { job_id: string } }[] }>(
      `/api/v1/events?topic=group:kept&after=${cursor}&wait=25`,
      { headers: { accept: 'application/json' } },
    );
    await caller.remove(events[0]?.job.job_id ?? '');
    await caller.remove(first);
    expect(await ended).toBe(1);
    expect(it.out.text).toContain('was cancelled');
    const second = await run(['--name', 'c']);
    expect(outcomes(second)).toEqual(['saved d1.json']);
    const third = await run(['--name', 'c']);
    expect(outcomes(third)).toEqual(['present d1.json']);
    expect(await jobs('kept')).toHaveLength(2);
  });

  it('makes anew what was deleted on the server and is not there', async () => {
    await documents(1);
    await run(['--name', 'deleted']);
    const [job] = await jobs('deleted');
    await caller.remove(job?.job_id ?? '');
    await rm(join(out, 'd1.pdf'));
    const second = await run(['--name', 'deleted']);
    expect(second.code).toBe(0);
    expect(outcomes(second)).toEqual(['saved d1.json']);
  });

  it('--json gives a line for each document and one for the batch', async () => {
    await documents(1);
    await writeJson(join(folder, 'wrong.json'), {});
    const it = await run(['--json', '--name', 'told', '--concurrency', '1']);
    expect(it.out.values).toEqual([
      {
        type: 'document',
        outcome: 'saved',
        file: 'd1.json',
        output: 'd1.pdf',
        job: expect.objectContaining({ status: 'completed', group: 'told' }),
      },
      expect.objectContaining({
        outcome: 'failed',
        file: 'wrong.json',
        problem: expect.objectContaining({ slug: 'validation-failed', status: 422 }),
      }),
      { type: 'batch', name: 'told', documents: 2, saved: 1, present: 0, failed: 1 },
    ]);
  });

  it('draws bars on a terminal, and leaves the failures and the sum', async () => {
    await writeJson(join(folder, 'long.json'), aMoment);
    await documents(2);
    await writeFile(join(folder, 'broken.json'), '[]');
    const it = await run([], { terminal: true });
    expect(it.err.text).toMatch(/long\.json/);
    expect(screenOf(it.err.text, 100)).toEqual([
      expect.stringMatching(/^broken\.json: must hold a JSON object/),
    ]);
    expect(screenOf(it.out.text, 100)).toEqual([expect.stringMatching(/^4 documents: 3 saved, 1 failed/)]);
  });

  it('ends with 3 when nobody answers and with 4 when the key is refused, and writes nothing', async () => {
    await documents(1);
    const away = shell([folder, '-o', out], { INKWIRE_URL: 'http://127.0.0.1:9' });
    expect(await runBatch(away)).toBe(3);
    const refused = shell([folder, '-o', out], { INKWIRE_URL: server.url, INKWIRE_KEY: 'wrong' });
    expect(await runBatch(refused)).toBe(4);
    expect(await readdir(out)).toEqual([]);
  });

  it('ends with 2 for a folder without documents, or none, or without -o', async () => {
    expect((await run()).code).toBe(2);
    expect(await runBatch(shell(['/nowhere', '-o', out]))).toBe(2);
    expect(await runBatch(shell([folder]))).toBe(2);
    await documents(1);
    for (const wrong of [['--concurrency', '0'], ['--name', 'a b'], ['more']]) {
      expect((await run(wrong)).code).toBe(2);
    }
  });
});

describe('the patience of a batch', () => {
  const lost = new InkwireError('network-error', 'gone');
  const full = new InkwireError('queue-full', 'full', { status: 503, retryable: true, retryAfterMs: 60_000 });

  const persistence = () => {
    let now = 0;
    const told: (string | undefined)[] = [];
    const patient = new Persistence({
      now: () => now,
      random: () => 0.5,
      sleep: async (ms) => {
        now += ms;
      },
      signal: new AbortController().signal,
      tell: (trouble) => told.push(trouble?.slug),
    });
    return { patient, told, now: () => now };
  };

  it('tries again when the server is away, and tells of it once', async () => {
    const { patient, told } = persistence();
    let left = 3;
    const done = await patient.run(async () => {
      left -= 1;
      if (left > 0) throw lost;
      return 'done';
    });
    expect([done, told]).toEqual(['done', ['network-error', undefined]]);
  });

  it('ends after ten minutes without an answer', async () => {
    const { patient, now } = persistence();
    await expect(patient.run(() => Promise.reject(lost))).rejects.toBe(lost);
    expect(now()).toBeGreaterThan(600_000);
    expect(now()).toBeLessThan(620_000);
  });

  it('has no end while the queue is full', async () => {
    const { patient } = persistence();
    let left = 100;
    await patient.run(async () => {
      left -= 1;
      if (left > 0) throw full;
    });
    expect(left).toBe(0);
  });

  it('hands on what time does not mend', async () => {
    const { patient } = persistence();
    const refusal = new InkwireError('validation-failed', 'no', { status: 422 });
    await expect(patient.run(() => Promise.reject(refusal))).rejects.toBe(refusal);
  });
});
