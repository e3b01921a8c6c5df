import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FactCheck } from '../../src/cli/verify/fact-check.js';
import { runVerify } from '../../src/cli/verify/verify.js';
import type { StreamEvent } from '../../src/protocol/event.js';
import { type RunningServer, startServer } from '../helpers/server.js';

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

    it('proves that all transports tell everything once, in order, through cut connections', async () => {
      const lines: string[] = [];
      const args = [server.url, '--key', 'secret', '--jobs', '15', '--cut-after', '3'];
      const code = await runVerify({
        args,
        print: (line) => lines.push(line),
        say: (line) => lines.push(line),
      });
      expect(
        lines.map((line) => line.replace(/\d+ facts/, 'the facts').replace(/\d+ cuts/, 'many cuts')),
      ).toEqual(
        ['websocket', 'sse', 'long-poll'].map(
          (name) =>
            `${name}: the facts of 15 jobs, many cuts; 0 gaps, 0 repeats, 0 out of order, 0 ends lost`,
        ),
      );
      expect(code).toBe(0);
    });

    it('says how it is used when it is not understood', async () => {
      const said: string[] = [];
      const command = { print: () => undefined, say: (line: string) => said.push(line) };
      for (const args of [[], ['not a url'], [server.url, '--jobs', '-1'], [server.url, '--nonsense']]) {
        expect(await runVerify({ ...command, args })).toBe(2);
      }
      expect(said[0]).toContain('inkwire verify URL');
    });
  });
});
