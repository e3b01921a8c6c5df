import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { logFields } from '../../src/log-fields.js';
import { type AppServer, alice, bob, startAppServer } from '../helpers/app-server.js';
import { Caller } from '../helpers/caller.js';
import { type Figure, figuresOf, lint } from '../helpers/exposition.js';

/** What an operator reads of a server: the figures, and the log of the same run. */

const operations = readFileSync(new URL('../../docs/OPERATIONS.md', import.meta.url), 'utf8');
const lines: string[] = [];
let server: AppServer;
let text: string;
let figures: readonly Figure[];
let jobId: string;

beforeAll(async () => {
  server = await startAppServer({}, undefined, { write: (line) => void lines.push(line) });
  const caller = new Caller(server.url, alice);
  const headers = { 'x-request-id': 'submit-of-this-test' };
  const body = { operations: [{ type: 'add_text', text: 'x' }], title: 'not in the log' };
  jobId = (await caller.post<{ job_id: string }>('/api/v1/jobs', body, { ...headers, prefer: 'wait=60' }))
    .job_id;
  await caller.data('/api/v1/jobs?search=not');
  await caller.ask(`/api/v1/jobs/${jobId}/result`);
  await new Caller(server.url, bob).ask(`/api/v1/jobs/${jobId}`);
  await new Caller(server.url, 'nobody').ask('/api/v1/jobs');
  const stream = await caller.ask(`/api/v1/jobs/${jobId}/events`);
  await stream.text();
  await caller.data('/api/v1/events?topic=jobs&wait=0', { headers: { accept: 'application/json' } });
  text = await (await caller.ask('/metrics')).text();
  figures = figuresOf(text);
});
afterAll(() => server?.close());

describe('figures', () => {
  test('obey the linter of Prometheus', () => {
    expect(figures.length).toBeGreaterThan(40);
    expect(figures.flatMap(lint)).toEqual([]);
    expect(new Set(figures.map(({ name }) => name)).size).toBe(figures.length);
  });

  test.each([
    ['# TYPE a_total gauge\n# HELP a_total x\na_total 1', 'only counters'],
    ['# TYPE a counter\n# HELP a x\na 1', '_total'],
    ['# TYPE a gauge\na{quantile="0.5"} 1', 'quantile'],
    ['# TYPE a gauge\n# HELP a x\na{isCamel="0.5"} 1', 'snake_case'],
    ['# TYPE a_ms gauge\n# HELP a_ms x\na_ms 1', 'abbreviated'],
    ['# TYPE a_milliseconds gauge\n# HELP a_milliseconds x\na_milliseconds 1', 'base'],
    ['# TYPE a gauge\na 1', 'help'],
  ])('and the linter finds what breaks a rule: %j', (broken, rule) => {
    expect(figuresOf(broken).flatMap(lint).join()).toContain(rule);
  });

  const isAbsent = process.env.CI !== 'true' && spawnSync('promtool', ['--version']).status !== 0;
  test.skipIf(isAbsent)('and promtool itself has nothing to say', () => {
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text });
    expect(`${stdout}${stderr}`).toBe('');
    expect(status).toBe(0);
  });

  test('are the ones of docs/OPERATIONS.md, with their types, labels and sentences', () => {
    const [, table = ''] = /<!-- figures -->\n([\s\S]*?)\n<!-- \/figures -->/.exec(operations) ?? [];
    const documented = table
      .split('\n')
      .slice(2)
      .map((row) => row.split('|').map((cell) => cell.trim()))
      .map(([, name = '', type = '', labels = '', help = '']) => ({
        name: name.replaceAll('`', ''),
        type,
        labels: labels
          .replaceAll('`', '')
          .split(', ')
          .filter((label) => label !== ''),
        help,
      }));
    const own = figures.filter(({ name }) => name.startsWith('inkwire_'));
    expect(documented.map(({ name }) => name)).toEqual(own.map(({ name }) => name).sort());
    for (const figure of own) {
      const row = documented.find(({ name }) => name === figure.name);
      expect(row).toMatchObject({ type: figure.type, help: figure.help });
      // What has not happened yet has no samples.
      if (figure.labels.length > 0) expect(row?.labels.toSorted()).toEqual(figure.labels.toSorted());
    }
  });

  test('sum up: each render thread is in one state', () => {
    const threads = [...text.matchAll(/^inkwire_render_threads\{state="(\w+)"\} (\d+)$/gm)];
    expect(threads.map(([, state]) => state)).toEqual(['starting', 'idle', 'busy']);
    expect(threads.reduce((sum, [, , count]) => sum + Number(count), 0)).toBe(1);
    expect(text).toMatch(/^inkwire_disk_bytes\{part="free"\} [1-9]\d+$/m);
    expect(text).toContain(`inkwire_build_info{version="0",node="${process.versions.node}"} 1`);
  });
});

describe('the log', () => {
  const ofPino = ['level', 'time', 'pid', 'hostname', 'msg'];
  const read = () => lines.flatMap((line) => line.trim().split('\n')).map((line) => JSON.parse(line) as Line);
  type Line = Readonly<Record<string, unknown>>;

  test('has one word for each thing, those of docs/OPERATIONS.md', () => {
    const known = [...ofPino, ...Object.keys(logFields)];
    const unknown = read().flatMap((line) => Object.keys(line).filter((name) => !known.includes(name)));
    expect(unknown).toEqual([]);
    const [, table] = /<!-- log -->\n([\s\S]*?)\n<!-- \/log -->/.exec(operations) ?? [];
    const rows = Object.entries(logFields).map(([name, help]) => `| \`${name}\` | ${help} |`);
    expect(table).toBe(['| field | what it is |', '| --- | --- |', ...rows].join('\n'));
  });

  test('finds all of a job by its id, and by the id of its request', () => {
    const ofJob = read().filter((line) => line.job_id === jobId);
    expect(ofJob.map(({ msg, path }) => path ?? msg)).toEqual(
      expect.arrayContaining(['/api/v1/jobs', 'attempt ended', `/api/v1/jobs/${jobId}/result`]),
    );
    expect(ofJob.find(({ msg }) => msg === 'attempt ended')).toMatchObject({
      owner: 'alice',
      kind: 'document',
      request_id: 'submit-of-this-test',
      attempt: 1,
      end: 'complete',
      pages: 1,
      duration_ms: expect.any(Number),
      size_bytes: expect.any(Number),
    });
    expect(ofJob.filter(({ request_id }) => request_id === 'submit-of-this-test')).toHaveLength(2);
    expect(ofJob.find(({ status }) => status === 404)).toMatchObject({ owner: 'bob', method: 'GET' });
  });

  test('holds no titles, queries and keys', () => {
    expect(lines.join('')).not.toMatch(/not in the log|search=|alice-token|nobody/);
  });
});
