import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FactCheck } from '../../src/cli/verify/fact-check.js';
import { runVerify } from '../../src/cli/verify/verify.js';
import type { StreamEvent } from '../../src/protocol/event.js';
import { type RunningServer, startServer } from '../helpers/server.js';
import { scratchFolder, shell } from './shell-fixture.js';

const one = 'job_000000000000000000000001';
const fact = (seq: number, type: StreamEvent['type'], rev: number, id = one): StreamEvent =>
  ({ id: `abcdef-${seq.toString(36)}`, type, at: '', job: { job_id: id, rev } }) as StreamEvent;

describe('inkwire verify', () => {
  it.each([
    ['nothing', [fact(1, 'job.created', 1), fact(2, 'job.completed', 2)], {}],
    ['a gap', [fact(1, 'job.created', 1), fact(3, 'job.completed', 3)], { gaps: 1 }],
    [
      'a repeat',
      [fact(1, 'job.created', 1), fact(1, 'job.created', 1), fact(2, 'job.completed', 2)],
      { repeats: 1 },
    ],
    ['disorder', [fact(2, 'job.completed', 2), fact(1, 'job.created', 1)], { gaps: 2, reorders: 1 }],
    ['a lost end', [fact(1, 'job.created', 1), fact(2, 'job.started', 2)], { lostEnds: 1 }],
  ])('finds %s', (_what, events, found) => {
    const check = new FactCheck();
    for (const event of events) check.take(event);
    expect(check.faults([one])).toEqual({ gaps: 0, repeats: 0, reorders: 0, lostEnds: 0, ...found });
  });

  describe('against a server', () => {
    let server: RunningServer;
    beforeAll(async () => {
      server = await startServer({ env: { INKWIRE_KEYS: 'ann=secret', INKWIRE_WORKERS: '1' } });
    });
    afterAll(async () => {
      expect(await server.stop()).toBe(0);
    });

    const keyed = { INKWIRE_KEY: 'secret' };

    it('proves that all transports tell everything once, in order, through cut connections', async () => {
      const kept = shell([server.url, '--jobs', '15', '--cut-after', '3'], keyed);
      const code = await runVerify(kept);
      expect(
        kept.out.lines.map((line) => line.replace(/\d+ facts/, 'the facts').replace(/\d+ cuts/, 'many cuts')),
      ).toEqual(
        ['websocket', 'sse', 'long-poll'].map(
          (name) =>
            `${name}: the facts of 15 jobs, many cuts; 0 gaps, 0 repeats, 0 out of order, 0 ends lost`,
        ),
      );
      expect(code).toBe(0);
    });

    it('takes its server and key as the other commands do, and tells every transport as JSON', async () => {
      const folder = await scratchFolder();
      await writeFile(join(folder, 'key'), 'secret\n');
      const args = ['--json', '--jobs', '2', '--key-file', join(folder, 'key')];
      const kept = shell(args, { INKWIRE_URL: server.url });
      expect(await runVerify(kept)).toBe(0);
      expect(kept.out.values).toMatchObject(
        ['websocket', 'sse', 'long-poll'].map((transport) => ({
          type: 'transport',
          transport,
          jobs: 2,
          gaps: 0,
          lost_ends: 0,
        })),
      );
    });

    it('a key is never an argument', async () => {
      const kept = shell([server.url, '--key', 'secret']);
      expect(await runVerify(kept)).toBe(2);
      expect(kept.err.text).toContain('did you mean --key-file?');
    });

    it('a refused key ends it with 4, a server that is away with 3', async () => {
      const refused = shell([server.url], { INKWIRE_KEY: 'wrong' });
      expect(await runVerify(refused)).toBe(4);
      expect(refused.err.text).toContain('INKWIRE_KEY');
      const away = shell(['http://127.0.0.1:1'], keyed);
      expect(await runVerify(away)).toBe(3);
      expect(away.err.text).toContain('Nothing answers at http://127.0.0.1:1');
    });

    it('a signal ends it with 130, whatever it waits for', async () => {
      const kept = shell([server.url, '--jobs', '100000'], keyed);
      const ended = runVerify(kept);
      kept.interrupt();
      expect(await ended).toBe(130);
      expect(kept.out.text).toBe('');
    });

    it('says how it is used when it is not understood', async () => {
      for (const args of [
        ['not a url'],
        [server.url, '--jobs', '-1'],
        [server.url, '--nonsense'],
        ['a', 'b'],
      ]) {
        const kept = shell(args, keyed);
        expect(await runVerify(kept)).toBe(2);
        expect(kept.err.text).toContain('See "inkwire verify --help".');
      }
      const helped = shell(['--help']);
      expect(await runVerify(helped)).toBe(0);
      expect(helped.out.text).toContain('inkwire verify [URL]');
    });
  });
});
