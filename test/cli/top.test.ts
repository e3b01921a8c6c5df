import { describe, expect, test } from 'vitest';
import { styleOf } from '../../src/cli/terminal.js';
import { linesOf, runTop } from '../../src/cli/top.js';
import type { OverviewAnswer } from '../../src/protocol/overview.js';
import { startAppServer } from '../helpers/app-server.js';
import { shell } from './shell-fixture.js';

const style = styleOf({}, { terminal: false });
const at = '2026-11-29T10:00:00.000Z';
const answer: OverviewAnswer = {
  at,
  since: at,
  queue: { paused: true, since: at, reason: 'new\x1b disk' },
  threads: [
    {
      state: 'busy',
      owner: 'ann',
      kind: 'document',
      job_id: 'job_1',
      title: 'Long\x1b list',
      progress: 50,
      for_ms: 2_000,
      pages_done: 1,
      pages_total: 2,
    },
    { state: 'busy' },
    { state: 'idle' },
  ],
  waiting: { by_owner: [{ owner: 'ann', jobs: 7 }], jobs: 9, running: 2, oldest_seconds: 90 },
  pages_per_second: 3.5,
  minute: { completed: 0, failed: 0, cancelled: 0, pages: 0 },
  hour: { completed: 10, failed: 1, cancelled: 0, pages: 20 },
  spans: [],
  causes: [{ error_code: 'timed_out', failed: 1 }],
  failures: [
    { owner: 'ann', job_id: 'job_2', kind: 'document', title: 'Letter', error: 'It took longer', at },
  ],
  disk: { free_bytes: 5e9, total_bytes: 1e10 },
};

describe('inkwire top', () => {
  test('shows threads, what waits and what failed, and no character that a terminal would obey', () => {
    const lines = linesOf(answer, {
      url: 'http://server',
      style,
      columns: 100,
      now: Date.parse(at) + 60_000,
    });
    const text = lines.join('\n');
    expect(text).toContain('every owner');
    expect(text).toMatch(/^Paused 1 min ago \(new.* disk\): jobs are taken, and none is started\.$/m);
    expect(text).toContain(
      'threads 2/3   waiting 9, oldest 1 min 30 s   3.5 pages/s   disk 5 GB free of 10 GB',
    );
    expect(text).toContain('last hour: 1 failed, 10 completed, 20 pages');
    expect(text).toMatch(/1 {3}\[#######-------\].*job_1.*Long.* list {2}ann 1\/2 pages/);
    expect(text).toContain('busy for another owner');
    expect(text).toMatch(/^7 +ann$/m);
    expect(text).toMatch(/1 +timed_out/);
    expect(text).toMatch(/job_2 {2}Letter {2}It took longer/);
    expect(text).not.toContain('\x1b');
  });

  test('fits every width', () => {
    for (const columns of [20, 60, 100])
      for (const line of linesOf(answer, { url: 'http://server', style, columns, now: 0 }))
        expect(line.length).toBeLessThanOrEqual(columns);
  });

  test('prints what a server says, once where there is no terminal', async () => {
    const server = await startAppServer({ INKWIRE_KEYS: '' });
    const words = shell(['--url', server.url]);
    expect(await runTop(words)).toBe(0);
    expect(words.out.text).toContain('threads 0/1   waiting 0');
    const json = shell(['--json', '--url', server.url]);
    expect(await runTop(json)).toBe(0);
    expect(json.out.values).toMatchObject([{ threads: [{}], waiting: { by_owner: [] } }]);
    const foreign = shell(['--owner', 'ann', '--url', server.url]);
    expect(await runTop(foreign)).toBe(4);
    const watched = shell(['--url', server.url], {}, { terminal: true });
    const end = runTop(watched);
    await watched.out.shows(/threads/);
    watched.interrupt();
    expect(await end).toBe(130);
    await server.close();
  });
});
