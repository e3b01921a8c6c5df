import { execFileSync } from 'node:child_process';
import { lstat, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { makeKey } from '../../src/access/keys.js';
import { runJobs } from '../../src/cli/jobs.js';
import { runSubmit } from '../../src/cli/submit.js';
import { runWatch } from '../../src/cli/watch.js';
import { openSqliteKeys } from '../../src/engine/sqlite/keys.js';
import { type AppServer, alice, bob, startAppServer } from '../helpers/app-server.js';
import { Caller } from '../helpers/caller.js';
import { aMoment, endless } from '../helpers/long-documents.js';
import { screenOf } from './screen.js';
import { type KeptShell, page, scratchFolder, shell, writeJson } from './shell-fixture.js';

const jobId = /^job_[0-9a-f]{24}$/;
const unknown = 'job_000000000000000000000000';

/** A standard input that nobody writes to. */
async function* silence(): AsyncGenerator<Uint8Array> {
  await new Promise(() => undefined);
  yield new Uint8Array();
}

describe('commands for jobs', () => {
  let server: AppServer;
  let caller: Caller;
  let folder: string;
  let one: string;
  let long: string;
  beforeAll(async () => {
    folder = await scratchFolder();
    one = await writeJson(join(folder, 'one.json'), page());
    long = await writeJson(join(folder, 'long.json'), aMoment);
    server = await startAppServer();
    caller = new Caller(server.url, alice);
  });
  afterAll(() => server.close());

  const as = (args: readonly string[], more: Parameters<typeof shell>[2] = {}): KeptShell =>
    shell(args, { INKWIRE_URL: server.url, INKWIRE_KEY: alice }, more);

  describe('submit', () => {
    it('prints the id of the job and nothing else', async () => {
      const it = as([one]);
      expect(await runSubmit(it)).toBe(0);
      expect(it.out.lines).toEqual([expect.stringMatching(jobId)]);
      expect(it.err.text).toBe('');
    });

    it('watches to the end in lines where there is no terminal, and saves the result', async () => {
      const path = join(folder, 'one.pdf');
      const it = as([one, '-o', path]);
      expect(await runSubmit(it)).toBe(0);
      expect(it.out.lines).toEqual([expect.stringMatching(jobId)]);
      expect(it.err.text).toMatch(/ {2}completed {2}1 page, /);
      expect((await readFile(path)).subarray(0, 5).toString()).toBe('%PDF-');
      expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([]);
    });

    it('draws a bar on a terminal that is gone at the end', async () => {
      const it = as([long, '--watch'], { terminal: true });
      expect(await runSubmit(it)).toBe(0);
      expect(it.err.text).toContain('█');
      expect(screenOf(it.err.text, 100)).toEqual([expect.stringMatching(/^completed {2}\d+ pages, /)]);
    });

    it('writes into a pipe that is there, and puts no file in its place', async () => {
      const path = join(folder, 'pipe');
      execFileSync('mkfifo', [path]);
      const [code, bytes] = await Promise.all([runSubmit(as([one, '-o', path])), readFile(path)]);
      expect(code).toBe(0);
      expect(bytes.subarray(0, 5).toString()).toBe('%PDF-');
      expect((await lstat(path)).isFIFO()).toBe(true);
    });

    it('writes the file behind a link, which stays', async () => {
      const [file, link] = [join(folder, 'behind.pdf'), join(folder, 'link.pdf')];
      await writeFile(file, 'old');
      await symlink(file, link);
      expect(await runSubmit(as([one, '-o', link]))).toBe(0);
      expect((await readFile(file)).subarray(0, 5).toString()).toBe('%PDF-');
      expect((await lstat(link)).isSymbolicLink()).toBe(true);
    });

    it('goes from standard input to standard output', async () => {
      const it = as(['-', '-o', '-'], { input: JSON.stringify(page()) });
      expect(await runSubmit(it)).toBe(0);
      expect(it.out.bytes.subarray(0, 5).toString()).toBe('%PDF-');
      expect(it.err.lines[0]).toMatch(jobId);
    });

    it('--json gives the record, then the events in order, then the file', async () => {
      const it = as([one, '--json', '-o', `${folder}/`]);
      expect(await runSubmit(it)).toBe(0);
      const [record, ...events] = it.out.values;
      expect(record).toMatchObject({ status: 'pending', events_cursor: expect.any(String) });
      const types = events.map(({ type }) => type).filter((type) => type !== 'job.progress');
      expect(types).toEqual(['job.started', 'job.completed', 'saved']);
      expect(events.at(-1)).toMatchObject({ path: join(folder, 'document.pdf') });
      expect(it.err.text).toBe('');
    });

    it('puts group, priority and key of the command line into the job', async () => {
      const args = [one, '--json', '--group', 'g1', '--priority', '-3', '--idempotency-key', 'k1'];
      const first = as(args);
      const second = as(args);
      expect([await runSubmit(first), await runSubmit(second)]).toEqual([0, 0]);
      expect(first.out.values[0]).toMatchObject({ group: 'g1', priority: -3 });
      expect(second.out.values[0]?.job_id).toBe(first.out.values[0]?.job_id);
    });

    it('shows every defect of a document with its place, and ends with 4', async () => {
      const bad = await writeJson(join(folder, 'bad.json'), {
        operations: [{ type: 'add_text' }],
        priority: 99,
      });
      const it = as([bad]);
      expect(await runSubmit(it)).toBe(4);
      expect(it.out.text).toBe('');
      expect(it.err.text).toContain('/operations/0/text  is required');
      expect(it.err.text).toContain('/priority  must be');
    });

    it('--json gives a refusal as a line, too', async () => {
      const it = as(['-', '--json'], { input: '{"operations":[{}]}' });
      expect(await runSubmit(it)).toBe(4);
      expect(it.out.values).toMatchObject([
        { type: 'problem', slug: 'validation-failed', errors: [{ pointer: '/operations/0/type' }] },
      ]);
    });

    it('ends with 1 when the job fails', async () => {
      const broken = await writeJson(join(folder, 'broken.json'), {
        kind: 'extract_text',
        pdf_data: btoa('%PDF-1.7 and nothing'),
      });
      const it = as([broken, '-o', join(folder, 'none.pdf')]);
      expect(await runSubmit(it)).toBe(1);
      expect(it.err.text).toContain('invalid_input');
      expect(await readdir(folder)).not.toContain('none.pdf');
    });

    it('a signal ends it while it waits for the standard input', async () => {
      const it = { ...as(['-']), input: silence() };
      const ended = runSubmit(it);
      it.interrupt();
      expect(await ended).toBe(130);
      expect(it.out.text).toBe('');
    });

    it('leaves the job running when it is interrupted, and says how to go on watching', async () => {
      const longer = await writeJson(join(folder, 'longer.json'), endless);
      const it = as([longer, '--watch']);
      const ended = runSubmit(it);
      await it.err.shows(/running/);
      it.interrupt();
      expect(await ended).toBe(130);
      const [id = ''] = it.out.lines;
      expect(it.err.text).toContain(`inkwire watch ${id}`);
      expect((await caller.data<{ status: string }>(`/api/v1/jobs/${id}`)).status).toBe('running');
      await caller.remove(id);
    });

    it.each([
      ['no file', []],
      ['two files', ['a.json', 'b.json']],
      ['an unknown option', ['a.json', '--groop', 'x']],
      ['a priority out of bounds', ['a.json', '--priority', '11']],
      ['a group that is none', ['a.json', '--group', 'a b']],
      ['a file that is not there', ['/nowhere/a.json']],
      ['an output whose folder is not there', ['a.json', '-o', '/nowhere/out/a.pdf']],
      ['an address that is none', ['-', '--url', 'ftp://x']],
      ['a key in the address', ['-', '--url', 'http://:key@localhost']],
      ['a key file that is not there', ['-', '--key-file', '/nowhere/key']],
    ])('ends with 2 for %s, and asks nobody', async (_what, args) => {
      const it = shell(args, { INKWIRE_URL: 'http://127.0.0.1:9' }, { input: JSON.stringify(page()) });
      expect(await runSubmit(it)).toBe(2);
      expect(it.out.text).toBe('');
      expect(it.err.lines.length).toBeLessThanOrEqual(2);
    });

    it('says what is wrong with a file that is no JSON object', async () => {
      for (const [text, said] of [
        ['', /is empty/],
        ['{"operations": [', /is not valid JSON: /],
        ['[]', /must hold a JSON object/],
      ] as const) {
        const path = join(folder, 'wrong.json');
        await writeFile(path, text);
        const it = as([path]);
        expect(await runSubmit(it)).toBe(2);
        expect(it.err.text).toMatch(said);
      }
    });

    it('reads a file that begins with a byte order mark', async () => {
      const path = join(folder, 'marked.json');
      await writeFile(path, `\ufeff${JSON.stringify(page())}`);
      expect(await runSubmit(as([path]))).toBe(0);
    });

    it('ends with 4 without a key, with a wrong one, and takes one from a file', async () => {
      const none = shell([one], { INKWIRE_URL: server.url });
      expect(await runSubmit(none)).toBe(4);
      expect(none.err.text).toContain('INKWIRE_KEY');
      const wrong = shell([one], { INKWIRE_URL: server.url, INKWIRE_KEY: 'wrong' });
      expect(await runSubmit(wrong)).toBe(4);
      expect(wrong.err.text).toContain('not known');
      const keyFile = join(folder, 'key');
      await writeFile(keyFile, `${alice}\n`);
      expect(await runSubmit(shell([one, '--key-file', keyFile, '--url', `${server.url}/`]))).toBe(0);
    });

    it('ends with 3 when nobody answers, and says where it asked', async () => {
      const it = shell([one], { INKWIRE_URL: 'http://127.0.0.1:9' });
      expect(await runSubmit(it)).toBe(3);
      expect(it.err.text).toMatch(/Nothing answers at http:\/\/127\.0\.0\.1:9/);
      expect(it.err.text).toContain('inkwire serve');
    });

    it('tells how it is used on --help', async () => {
      const it = shell(['--help']);
      expect(await runSubmit(it)).toBe(0);
      expect(it.out.text).toContain('Usage:');
    });
  });

  describe('watch', () => {
    it('tells of a job that has ended at once, and saves its result', async () => {
      const { job_id: id } = await caller.submitted();
      const path = join(folder, 'watched.pdf');
      const it = as([id, '-o', path]);
      expect(await runWatch(it)).toBe(0);
      expect(it.out.lines).toEqual([expect.stringMatching(/ {2}completed {2}1 page, /)]);
      expect((await readFile(path)).length).toBeGreaterThan(500);
    });

    it('ends with 4 for a job of somebody else and for a group that is not there', async () => {
      const { job_id: foreign } = await new Caller(server.url, bob).submitted({ group: 'of-bob' });
      for (const name of [unknown, foreign, 'of-bob']) {
        const it = as([name]);
        expect(await runWatch(it)).toBe(4);
        expect(it.out.text).toBe('');
      }
    });

    it('shows all jobs of a group until the last has ended', async () => {
      for (let at = 0; at < 3; at += 1) await caller.submit({ group: 'three' });
      const it = as(['three']);
      expect(await runWatch(it)).toBe(0);
      expect(it.out.lines.at(-1)).toBe('3 jobs: 3 completed');
    });

    it('--json gives what the stream of a group gives, to its end', async () => {
      for (let at = 0; at < 3; at += 1) await caller.submit({ group: 'streamed' });
      const it = as(['streamed', '--json']);
      expect(await runWatch(it)).toBe(0);
      expect(it.out.values[0]).toMatchObject({ type: 'snapshot' });
    });

    it('draws a group on a terminal: how far all of it is, and what came of it', async () => {
      await caller.submit({ ...aMoment, group: 'drawn' });
      await caller.submit({ group: 'drawn' });
      const it = as(['drawn'], { terminal: true });
      expect(await runWatch(it)).toBe(0);
      expect(it.out.text).toContain('running');
      expect(screenOf(it.out.text, 100)).toEqual([
        expect.stringMatching(/^drawn {2}█{40} {2}100 %$/),
        '2 jobs: 2 completed',
      ]);
    });

    it('ends with 1 when a job of the group did not complete', async () => {
      const { job_id: id } = await caller.submit({ ...endless, group: 'cancelled' });
      await caller.remove(id);
      const it = as(['cancelled']);
      expect(await runWatch(it)).toBe(1);
      expect(it.out.lines.at(-1)).toBe('1 job: 1 cancelled');
    });

    it('leaves a group running when it is interrupted', async () => {
      const { job_id: id } = await caller.submit({ ...endless, group: 'left' });
      const it = as(['left']);
      const ended = runWatch(it);
      await it.out.shows(/1 job: 1 (pending|running)/);
      it.interrupt();
      expect(await ended).toBe(130);
      expect(it.err.text).toContain('inkwire watch left');
      await caller.remove(id);
    });
  });

  describe('jobs', () => {
    it('lists in lines with tabs, newest first, and filtered', async () => {
      const ids = [await caller.submitted({ group: 'listed' }), await caller.submitted({ group: 'listed' })];
      const it = as(['list', '--group', 'listed', '--status', 'completed']);
      expect(await runJobs(it)).toBe(0);
      const rows = it.out.lines.map((line) => line.split('\t'));
      expect(rows.map(([id]) => id)).toEqual(ids.map(({ job_id: id }) => id).reverse());
      expect(rows[0]?.slice(1, 4)).toEqual(['completed', 'document', 'listed']);
    });

    it('lists a table on a terminal and says when there are more', async () => {
      const it = as(['list', '--limit', '1'], { terminal: true });
      expect(await runJobs(it)).toBe(0);
      expect(screenOf(it.out.text, 100)[0]).toMatch(/^JOB +STATUS +KIND +GROUP +CREATED/);
      expect(it.err.text).toContain('--limit 2');
    });

    it('lists the jobs of every owner to a key with the scope admin, and says so to others', async () => {
      const { job_id: id } = await new Caller(server.url, bob).submitted();
      const refused = as(['list', '--owner', '*']);
      expect(await runJobs(refused)).toBe(4);
      expect(refused.err.text).toContain('Only a key with the scope admin reads what other owners have.');
      const keys = await openSqliteKeys(server.dataDir);
      const { key, token } = makeKey({ owner: 'ops', scopes: ['admin'], now: 0 }, (size) =>
        crypto.getRandomValues(new Uint8Array(size)),
      );
      await keys.put(key);
      await keys.close();
      const admin = new Caller(server.url, token);
      await vi.waitFor(async () => admin.data('/api/v1/jobs'), { timeout: 60_000 });
      const asAdmin = (args: readonly string[], terminal = false) =>
        shell(args, { INKWIRE_URL: server.url, INKWIRE_KEY: token }, { terminal });
      const all = asAdmin(['list', '--owner', '*']);
      expect(await runJobs(all)).toBe(0);
      const rows = all.out.lines.map((line) => line.split('\t'));
      expect([rows[0]?.[0], rows[0]?.[7]]).toEqual([id, 'bob']);
      expect(rows.map((row) => row[7])).toContain('alice');
      const shown = asAdmin(['list', '--owner', '*', '--limit', '1'], true);
      expect(await runJobs(shown)).toBe(0);
      expect(screenOf(shown.out.text, 120)[0]).toMatch(/^JOB +STATUS +OWNER/);
      const one = asAdmin(['get', id, '--owner', 'bob']);
      expect(await runJobs(one)).toBe(0);
      expect(await runJobs(asAdmin(['retry', id, '--owner', 'bob']))).toBe(4);
    });

    it('finds jobs by what was said of them, and shows it', async () => {
      const members = {
        title: 'Über\u{1f44d} alles',
        reference: 'R 1',
        tags: ['cli', 'x'],
        metadata: { k: 'v' },
      };
      const { job_id: id } = await caller.submitted({ ...members, file_name: 'a.pdf' });
      await caller.submitted({ ...members, title: 'Another', reference: 'R 2', tags: ['cli'] });
      for (const filter of [
        ['--search', 'UBER all'],
        ['--tag', 'cli', '--tag', 'x'],
        ['--reference', 'R 1'],
      ]) {
        const it = as(['list', ...filter]);
        expect(await runJobs(it)).toBe(0);
        const rows = it.out.lines.map((line) => line.split('\t'));
        expect(rows.map(([first, ...rest]) => [first, rest.at(-1)])).toEqual([[id, members.title]]);
      }
      const shown = as(['list', '--tag', 'cli'], { terminal: true });
      expect(await runJobs(shown)).toBe(0);
      const [head, first] = screenOf(shown.out.text, 120);
      expect(head).toMatch(/^JOB +STATUS +TITLE +KIND +GROUP +CREATED/);
      expect(first).toMatch(/ completed +Another /);
      const got = as(['get', id]);
      expect(await runJobs(got)).toBe(0);
      expect(got.out.text).toMatch(
        /title +Über.*\nreference +R 1\ntags +cli, x\nmetadata +k=v\nfile name +a\.pdf\n/,
      );
    });

    it('lists what was created since a time', async () => {
      const { job_id: id } = await caller.submitted({ group: 'since' });
      const listed = async (since: string): Promise<readonly string[]> => {
        const it = as(['list', '--group', 'since', '--since', since]);
        expect(await runJobs(it)).toBe(0);
        return it.out.lines.map((line) => line.split('\t')[0] ?? '');
      };
      expect(await listed('1h')).toEqual([id]);
      expect(await listed('2020-01-01')).toEqual([id]);
      expect(await listed('2999-01-01T00:00:00Z')).toEqual([]);
      for (const wrong of ['soon', '1w', '2026-13-40']) {
        const it = as(['list', '--since', wrong]);
        expect(await runJobs(it)).toBe(2);
        expect(it.err.text).toContain('--since must be like 30m');
      }
    });

    it('lists more than a page holds', async () => {
      await Promise.all(Array.from({ length: 205 }, () => caller.submit({ group: 'many' })));
      const it = as(['list', '--group', 'many', '--limit', '203', '--json']);
      expect(await runJobs(it)).toBe(0);
      const ids = it.out.values.map(({ job_id: id }) => id);
      expect(new Set(ids).size).toBe(203);
    });

    it('gets, retries, cancels and deletes', async () => {
      const { job_id: id } = await caller.submitted({ group: 'acted' });
      const got = as(['get', id]);
      expect(await runJobs(got)).toBe(0);
      expect(got.out.text).toMatch(/status +completed {2}1 page/);
      const history = as(['history', id, '--json']);
      expect(await runJobs(history)).toBe(0);
      expect(history.out.values.map(({ type }) => type)).toEqual([
        'job.created',
        'job.started',
        'job.completed',
      ]);
      const request = as(['request', id]);
      expect(await runJobs(request)).toBe(0);
      expect(request.out.values[0]).toMatchObject({ operations: [{ type: 'add_text', text: 'x' }] });
      const retried = as(['retry', id]);
      expect(await runJobs(retried)).toBe(0);
      expect(retried.out.lines).toEqual([expect.stringMatching(jobId)]);
      expect(retried.out.lines[0]).not.toBe(id);
      const cancelled = as(['cancel', id]);
      expect(await runJobs(cancelled)).toBe(0);
      expect(cancelled.out.lines).toEqual([`${id}  completed`]);
      const deleted = as(['delete', id, '--json']);
      expect(await runJobs(deleted)).toBe(0);
      expect(deleted.out.values).toEqual([{ job_id: id, deleted: true }]);
      expect(await runJobs(as(['get', id]))).toBe(4);
    });

    it('cancels a job that runs', async () => {
      const { job_id: id } = await caller.submit(endless);
      const it = as(['cancel', id]);
      expect(await runJobs(it)).toBe(0);
      expect(it.out.lines).toEqual([`${id}  cancelled`]);
    });

    it('does the others when one is refused, and ends with 4', async () => {
      const { job_id: id } = await caller.submitted();
      const it = as(['delete', unknown, id]);
      expect(await runJobs(it)).toBe(4);
      expect(it.out.lines).toEqual([`${id}  deleted`]);
      expect(it.err.text).toContain(`${unknown}: `);
    });

    it.each([
      ['no verb', []],
      ['an unknown verb', ['toString']],
      ['an unknown status', ['list', '--status', 'done']],
      ['no job', ['cancel']],
      ['what is no job id', ['get', '../keys']],
      ['an option of another verb', ['get', unknown, '--limit', '3']],
    ])('ends with 2 for %s', async (_what, args) => {
      expect(await runJobs(as(args))).toBe(2);
    });
  });
});
